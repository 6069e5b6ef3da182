"""The embedded default engine: a document's words against each rule's words.

Text becomes terms (`terms`), rules become weighted terms and an index (`rules`), a document becomes term counts
(`features`), both become one score a rule (`scoring`), the scores become probabilities (`probabilities`), and what
was found becomes quotes (`evidence`). `engine` puts these together.
"""

from __future__ import annotations

from classify_core.local.lexical.engine import LexicalEngine
from classify_core.local.lexical.reading import MAX_CHARACTERS_READ

__all__ = ["MAX_CHARACTERS_READ", "LexicalEngine"]
