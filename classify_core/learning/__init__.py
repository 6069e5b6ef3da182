"""What a classifier learns of documents: from each other, from examples and corrections, and how sure it may be."""

from classify_core.learning.examples import Examples, ExamplesLike, Labelled, by_type, examples_of
from classify_core.learning.methods import LearningMethods

__all__ = ["Examples", "ExamplesLike", "Labelled", "LearningMethods", "by_type", "examples_of"]
