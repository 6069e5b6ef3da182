"""What common kinds of documents are called and look like, in eight languages: the engine's built-in knowledge.

The knowledge itself is in the `.toml` files beside this one, a table for each kind:

- `names`: by language (ISO 639-1), as written there;
- `described`: words by which a rule's description tells of the kind;
- `lines`: whole short lines and field labels that stand in such documents;
- `phrases`, `words`: what such documents say, and hardly any other kind (a phrase) or much less often (a word);
- `signs`: how much each sign of layout (`classify_core.local.lexical.layout`) speaks for the kind, or against it;
- `formats`: the file endings, where a format is as good as the kind.

It was written from general knowledge of such documents, not from a collection of them. A kind is never an answer: only
the user's rules are, and a rule calls kinds up by its meaning.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from classify_core.errors import InvalidOptionError

LANGUAGES: Final = ("en", "de", "fr", "es", "it", "nl", "pt", "zh")
"""In which each kind has names at least."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A common kind of document; what its parts mean is said above.

    Attributes:
        name: its name here, in English with underscores.
        signs: the weight of each sign of layout, -1.0 to 1.0.
    """

    name: str
    names: tuple[str, ...]
    described: tuple[str, ...]
    lines: tuple[str, ...]
    phrases: tuple[str, ...]
    words: tuple[str, ...]
    signs: tuple[tuple[str, float], ...]
    formats: tuple[str, ...] = ()


@cache
def all_kinds() -> tuple[Kind, ...]:
    """Every kind, by name."""
    tables: dict[str, dict[str, Any]] = {}
    for file in files(__name__).iterdir():
        if file.name.endswith(".toml"):
            tables |= tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(_kind(name, table) for name, table in sorted(tables.items()))


def kinds_but(without: Collection[str]) -> tuple[Kind, ...]:
    """Every kind except those.

    Raises:
        InvalidOptionError: there is no kind of such a name.
    """
    known = {kind.name for kind in all_kinds()}
    unknown = next((name for name in without if name not in known), None)
    if unknown is not None:
        raise InvalidOptionError(f"there is no built-in kind {unknown!r}; kinds are named as in all_kinds()")
    return tuple(kind for kind in all_kinds() if kind.name not in without)


def _kind(name: str, table: dict[str, Any]) -> Kind:
    return Kind(
        name=name,
        names=tuple(dict.fromkeys(called for names in table["names"].values() for called in names)),
        described=tuple(table["described"]),
        lines=tuple(table["lines"]),
        phrases=tuple(table["phrases"]),
        words=tuple(table["words"]),
        signs=tuple(sorted(table["signs"].items())),
        formats=tuple(table.get("formats", ())),
    )
