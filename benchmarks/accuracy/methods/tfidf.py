"""TF-IDF: the rule whose text has the greatest cosine with the document's; word frequencies are of rules and documents.

Words and pairs of words, English stop words left out, frequencies damped: of the usual settings those that served this
method best on our labelled documents.
"""

from __future__ import annotations

from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.accuracy.task import Answer, Pass, Task, best_of


def prepare(task: Task) -> Pass:
    """Counts the words of all rules and documents. A confidence is the best cosine."""
    rules, texts = task.rule_texts, task.document_texts
    vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english", ngram_range=(1, 2)).fit([*rules, *texts])
    known = vectorizer.transform(rules).T

    def answer(text: str) -> Answer:
        return best_of((vectorizer.transform([text]) @ known).toarray()[0])

    return lambda: [answer(text) for text in texts]
