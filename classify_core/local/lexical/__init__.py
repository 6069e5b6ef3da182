"""The embedded default engine: a document's words and layout against each rule's words and the kinds they mean.

Rules become weighted terms (`rules`, `terms`) and call up built-in kinds of documents by their meaning (`calling`,
`vocabulary`). A document is read in zones (`reading`). How far it uses a rule's own words or shows them by its layout
(`features`, `shown`, `scoring`), and shows the cues and the layout of kinds (`cue_index`, `cues`, `layout`), becomes
one score a rule and one for "no rule fits" (`fitting`); these become probabilities (`probabilities`), and what was
found becomes quotes (`evidence`, `folding`). `engine` puts these together.
"""

from __future__ import annotations

from classify_core.local.lexical.engine import LexicalEngine
from classify_core.local.lexical.reading import MAX_CHARACTERS_READ

__all__ = ["MAX_CHARACTERS_READ", "LexicalEngine"]
