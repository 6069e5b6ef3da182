"""HTML and SVG elements: every text becomes harmless here, so that nowhere else has to think of it."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable
from typing import Final, TypeAlias

_VOID: Final = frozenset({"circle", "line", "meta", "path", "rect"})
_KEPT_CONTROLS: Final = frozenset("\n\t")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = "str | Iterable[Child]"


def tag(name: str, /, *children: Child, **attributes: str | float | None) -> Markup:
    """An element.

    Args:
        name: such as `"p"`.
        children: what stands inside; a plain text is escaped.
        attributes: an underscore at the end is dropped (`class_`), others become hyphens; None leaves one out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_text(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID and not children:
        return Markup(f"<{name}{written}{'' if name == 'meta' else '/'}>")
    return Markup(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Markup:
    """Several pieces, one after the other; a plain text is escaped."""
    return Markup("".join(_child(child) for child in children))


def _child(child: Child) -> str:
    if isinstance(child, Markup):
        return str(child)
    if isinstance(child, str):
        return _text(child)
    return "".join(_child(each) for each in child)


def _text(text: str) -> str:
    """The text escaped, without characters that a page cannot hold or that would turn its writing direction."""
    kept = "".join(character if _is_harmless(character) else "\N{REPLACEMENT CHARACTER}" for character in text)
    return html.escape(kept)


def _is_harmless(character: str) -> bool:
    if character in _KEPT_CONTROLS:
        return True
    is_direction = unicodedata.bidirectional(character) in {
        "LRE",
        "RLE",
        "LRO",
        "RLO",
        "PDF",
        "LRI",
        "RLI",
        "FSI",
        "PDI",
    }
    return not is_direction and unicodedata.category(character) not in {"Cc", "Cs"}


def _number(value: str | float) -> str:
    return (
        value
        if isinstance(value, str)
        else f"{value:g}"
        if isinstance(value, int)
        else f"{value:.2f}".rstrip("0").rstrip(".")
    )
