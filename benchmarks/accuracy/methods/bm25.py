"""BM25: each rule is a query to the documents, and a document is of the rule whose score in it is the greatest.

The other way round, with the rules as what is searched, it got fewer of our labelled documents right.
"""

from __future__ import annotations

# Typed as Any, since it is not in the environment that is checked.
import bm25s  # type: ignore[import-not-found]  # see above

from benchmarks.accuracy.task import Answer, Pass, Task, best_of


def prepare(task: Task) -> Pass:
    """Has nothing to prepare: all documents are indexed at once. A confidence is a share of the greatest score."""
    texts, rules = task.document_texts, task.rule_texts

    def run() -> list[Answer]:
        index = bm25s.BM25()
        index.index(bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)
        queries = bm25s.tokenize(rules, stopwords="en", show_progress=False, return_ids=False)
        by_rule = [index.get_scores(query) for query in queries]
        most = max(float(scores.max()) for scores in by_rule)
        return [best_of(scores, most=most) for scores in zip(*by_rule, strict=True)]

    return run
