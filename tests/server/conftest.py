from __future__ import annotations

# pytest finds these itself where the project is installed as it stands; in an older installation they come from here.
from classify_core.testing.plugin import _classify_server_of_session, classify_server

__all__ = ["_classify_server_of_session", "classify_server"]
