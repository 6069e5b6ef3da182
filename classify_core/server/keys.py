"""API keys as they are given to a server, and the one that it makes for itself."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from classify_core.errors import InvalidOptionError

KEY_PREFIX: Final = "llx-"
FILE_NAME: Final = "api-key"


def keys_from(values: Sequence[str]) -> tuple[SecretStr, ...]:
    """Reads the keys that a command line names.

    Args:
        values: keys, or files with one key a line: a value is a file's path where it begins with `@`, or does not begin
            with `llx-` and is the path of an existing file. Lines that begin with `#` are comments.

    Raises:
        InvalidOptionError: a file cannot be read or holds no key, or a key cannot be one.
    """
    return checked_keys([SecretStr(key) for value in values for key in _keys_of(value)])


def checked_keys(keys: Iterable[SecretStr]) -> tuple[SecretStr, ...]:
    """Returns keys as they were given.

    Raises:
        InvalidOptionError: one is empty, not of printable ASCII without spaces, or given twice. No key is quoted.
    """
    checked = tuple(keys)
    for position, key in enumerate(checked, start=1):
        plain = key.get_secret_value()
        if not plain or not all("!" <= character <= "~" for character in plain):
            raise InvalidOptionError(f"API key {position} is empty or not of printable ASCII characters without spaces")
        if key in checked[: position - 1]:
            raise InvalidOptionError(f"API key {position} is given twice; each key has a project of its own")
    return checked


class KeptKey:
    """The key of a server that was given none: made once, and kept in the data folder for its owner alone."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def read_or_make(self) -> SecretStr:
        """Returns the key.

        Raises:
            InvalidOptionError: the file cannot be read or written, or holds no key.
        """
        try:
            if self.path.exists():
                return self._read()
            return self._make()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise InvalidOptionError(
                f"cannot keep the API key in {self.path}: {reason}; give one with --api-key"
            ) from error

    def _read(self) -> SecretStr:
        try:
            [key] = keys_from([f"@{self.path}"])
        except ValueError as error:
            raise InvalidOptionError(
                f"{self.path} does not hold one key, as the server wrote it; delete it, or give keys with --api-key"
            ) from error
        return key

    def _make(self) -> SecretStr:
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        unfinished = self.path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{key}\n")
        unfinished.replace(self.path)
        return SecretStr(key)


def _keys_of(value: str) -> list[str]:
    if value.startswith("@"):
        return _read_keys(Path(value[1:]))
    if not value.startswith(KEY_PREFIX) and _is_file(value):
        return _read_keys(Path(value))
    return [value]


def _is_file(value: str) -> bool:
    try:
        return bool(value) and Path(value).is_file()
    except (OSError, ValueError):  # a key may be too long for a path, or hold a NUL character
        return False


def _read_keys(path: Path) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InvalidOptionError(f"cannot read API keys from {str(path)!r}: {reason}") from None
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise InvalidOptionError(f"{str(path)!r} holds no API key; write one a line")
    return keys
