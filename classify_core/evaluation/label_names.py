"""Labels as people write them, and the rules' types that they stand for."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from classify_core.errors import InvalidOptionError
from classify_core.metadata import UNCATEGORIZED

NO_TYPE: Final = frozenset({"null", UNCATEGORIZED})
"""Names for documents of no type, where no rule is called so."""

_NEAR_SHOWN: Final = 3
_UNKNOWN_SHOWN: Final = 10


class LabelNames:
    """Finds the type that a written label means: case ignored, an underscore as good as a space.

    Args:
        types: the rules' types.
    """

    def __init__(self, types: Iterable[str]) -> None:
        self._types = tuple(types)
        self._by_key: dict[str, list[str]] = defaultdict(list)
        for name in self._types:
            self._by_key[_key(name)].append(name)

    def is_known(self, written: str) -> bool:
        """Whether the label means one type, or none of them."""
        return written in self._types or len(self._by_key.get(_key(written), ())) == 1 or _means_none(written)

    def type_of(self, written: str) -> str | None:
        """The type; None for documents of no type. Only for a known label."""
        if written in self._types:
            return written
        meant = self._by_key.get(_key(written), [])
        return meant[0] if meant else None

    def refuse_unknown(self, written: Sequence[tuple[str, str]]) -> None:
        """Refuses labels that no rule produces; all of them at once.

        Args:
            written: labels, each with the place where it stands.

        Raises:
            InvalidOptionError: there are such; the message names the nearest types.
        """
        unknown = {label: place for label, place in reversed(written) if not self.is_known(label)}
        if not unknown:
            return
        told = [f"{label!r} ({place}; {self._near(label)})" for label, place in sorted(unknown.items())]
        more = f" and {len(told) - _UNKNOWN_SHOWN} more" if len(told) > _UNKNOWN_SHOWN else ""
        raise InvalidOptionError(
            f"no rule produces these labels: {', '.join(told[:_UNKNOWN_SHOWN])}{more}; "
            "correct them, add rules, or write null for documents of no type"
        )

    def _near(self, label: str) -> str:
        by_key = {key: names[0] for key, names in self._by_key.items()}
        near = difflib.get_close_matches(_key(label), by_key, n=_NEAR_SHOWN, cutoff=0.5)
        names = [by_key[key] for key in near] or self._types[:_NEAR_SHOWN]
        return f"{'near are' if near else 'there are'} {', '.join(map(repr, names))}"


def _key(name: str) -> str:
    # Some file systems hand back a folder's accents apart from their letters.
    composed = unicodedata.normalize("NFC", name)
    return re.sub(r"[\s_]+", " ", composed).strip().casefold()


def _means_none(written: str) -> bool:
    return _key(written) in NO_TYPE
