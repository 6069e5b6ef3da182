"""An engine that compares meanings by an embedding model, whichever framework calls it.

Rules and the kinds of documents there are besides (`kinds`) become vectors once (`rules`), a document becomes passages
(`passages`) and these become one vector (`vectors`). How much nearer a rule is to it than documents' kinds are in
general becomes a probability (`probabilities`). `engine` puts these together; an adapter adds the call alone.
"""

from __future__ import annotations

from classify_core.local.embedded.engine import DEFAULT_MAX_CHARACTERS, EmbeddedEngine

__all__ = ["DEFAULT_MAX_CHARACTERS", "EmbeddedEngine"]
