from __future__ import annotations

from tests.langchain.postgres import postgres

__all__ = ["postgres"]
