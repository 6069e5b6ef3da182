"""BM25: each rule is a query to the documents, and a document is of the rule whose score in it is the greatest.

Each word of a rule counts once, and many English stop words are left out: of the usual settings those that served this
method best on our labelled documents. With the rules as what is searched it got fewer right.
"""

from __future__ import annotations

from collections.abc import Sequence

# Typed as Any, since it is not in the environment that is checked.
import bm25s  # type: ignore[import-not-found]  # see above

from benchmarks.accuracy.task import Answer, Pass, Task, best_of


def prepare(task: Task) -> Pass:
    """Has nothing to prepare: all documents are indexed at once. A confidence is a share of the greatest score."""
    texts, rules = task.document_texts, task.rule_texts

    def run() -> list[Answer]:
        index = bm25s.BM25()
        index.index(_words(texts), show_progress=False)
        by_rule = [index.get_scores(list(dict.fromkeys(words))) for words in _words(rules)]
        most = max(float(scores.max()) for scores in by_rule)
        return [best_of(scores, most=most) for scores in zip(*by_rule, strict=True)]

    return run


def _words(texts: Sequence[str]) -> list[list[str]]:
    words: list[list[str]] = bm25s.tokenize(list(texts), stopwords="en_plus", return_ids=False, show_progress=False)
    return words
