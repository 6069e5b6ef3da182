"""Which requests are meant: `"POST /api/v2/classify"`, `"/api/v2/classify/{job_id}"`, `"GET /api/*"`, `"*"`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from classify_core.errors import InvalidOptionError

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_WILDCARD: Final = re.compile(r"(\{\w+\}|\*)")


@dataclass(frozen=True)
class RoutePattern:
    """A method, or None for each, and the expression that a path has to match as a whole."""

    method: str | None
    path: re.Pattern[str]

    @classmethod
    def parse(cls, text: str) -> RoutePattern:
        """Reads a pattern: `{name}` stands for one part of a path, `*` for anything.

        Raises:
            InvalidOptionError: it is no such pattern.
        """
        method, _, path = text.rpartition(" ")
        is_path = path == "*" or path.startswith("/")
        if not is_path or method not in _METHODS | {"", "*"}:
            raise InvalidOptionError(
                f'{text!r} is no route; write it as "POST /api/v2/classify", "/api/v2/classify/{{job_id}}" or "*"'
            )
        return cls(
            None if method in {"", "*"} else method, re.compile("".join(map(_expression, _WILDCARD.split(path))))
        )

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is meant; `path` is without its query."""
        return self.method in {None, method} and self.path.fullmatch(path) is not None


def _expression(part: str) -> str:
    if part == "*":
        return ".*"
    return "[^/]+" if _WILDCARD.fullmatch(part) else re.escape(part)
