"""The secrets that this process was given, kept out of whatever it tells.

A service may repeat in an error what it was sent, so what is written is searched for them.
"""

from __future__ import annotations

from typing import Final

MASK: Final = "**********"

_known: Final[set[str]] = set()


def conceal(secret: str) -> str:
    """Notes a secret, and returns it."""
    if secret.strip():
        _known.add(secret)
    return secret


def concealed(text: str) -> str:
    """The text without the secrets."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
