"""The embedded backend: text out of files, an engine that scores it, and the decision."""

from classify_core.local.backend import LocalBackend
from classify_core.local.ensemble import EnsembleEngine
from classify_core.local.lexical import LexicalEngine

__all__ = ["EnsembleEngine", "LexicalEngine", "LocalBackend"]
