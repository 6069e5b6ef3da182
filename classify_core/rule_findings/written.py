"""The rules of a file as they are written, whatever limits they break."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from classify_core.errors import InvalidRulesError
from classify_core.rule_text import parsed
from classify_core.rules import _listed, _text_of


def written_rules(path: str | Path) -> list[Any]:
    """Reads a file as `load_rules` does, and leaves the rules as they are.

    Raises:
        InvalidRulesError: the file cannot be read, names a key twice, or holds no list of rules.
    """
    where = Path(path)
    text = _text_of(where)
    try:
        return _listed(parsed(text, named_json=where.suffix.lower() == ".json"))
    except InvalidRulesError as error:
        raise InvalidRulesError(f"{where}: {error.message}") from error
