"""Objects and lists as they are written on a command line: YAML or JSON, field by field, or in a file.

Each function takes the flag's name for its errors, so that a person knows which one to correct.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from classify_core.errors import AuthenticationError, InvalidOptionError, UsageError
from classify_core.rule_text import parsed

FREE_KEYS: Final = frozenset({"webhook_headers"})
"""Fields whose value is a mapping with keys of the user's own, which are left as they are."""


@contextmanager
def naming(flag: str) -> Iterator[None]:
    """Lets an error about a value, raised inside, begin with the name of the value's flag."""
    try:
        yield
    except (AuthenticationError, UsageError) as error:
        raise type(error)(f"{flag}: {error.message}") from None


def text_of(flag: str, value: str) -> str:
    r"""The text of a value: `@file` stands for a file's content, `\@` for a leading `@`.

    Raises:
        InvalidOptionError: the file cannot be read.
    """
    if value.startswith("\\@"):
        return value[1:]
    if not value.startswith("@"):
        return value
    path = Path(value[1:])
    try:
        return path.read_text(encoding="utf-8-sig").rstrip()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "it is not UTF-8 text"
        raise InvalidOptionError(f"{flag}: cannot read the file {str(path)!r}: {reason}") from None


def data_of(flag: str, value: str, *, is_secret: bool = False) -> Any:
    """The YAML or JSON of a value, with its keys spelt as the API spells them.

    Args:
        flag: the flag's name.
        value: the text, or `@file`.
        is_secret: errors do not quote the text.

    Raises:
        UsageError: it is neither YAML nor JSON, or names a key twice.
    """
    text = text_of(flag, value)
    try:
        with naming(flag):
            return _spelt(parsed(text, named_json=False))
    except RecursionError:  # an alias that holds itself
        raise InvalidOptionError(f"{flag}: is nested too deeply") from None
    except UsageError:
        if is_secret:
            raise InvalidOptionError(
                f"{flag}: is neither YAML nor JSON; put values that hold special characters in quotes"
            ) from None
        raise


def object_of(flag: str, value: str | None) -> dict[str, Any]:
    """An object; an empty one where there is no value.

    Raises:
        UsageError: it is no object.
    """
    if value is None:
        return {}
    data = data_of(flag, value)
    if not isinstance(data, dict):
        raise InvalidOptionError(f"{flag}: is no object; write one such as \"{{key: 'value'}}\"")
    return data


def objects_of(flag: str, values: Sequence[str], *, is_secret: bool = False) -> list[dict[str, Any]]:
    """The objects of a flag that may be repeated; each value is an object or a list of objects.

    Raises:
        UsageError: one is neither.
    """
    objects: list[dict[str, Any]] = []
    for value in values:
        data = data_of(flag, value, is_secret=is_secret)
        objects += data if isinstance(data, list) else [data]
    if not all(isinstance(item, dict) for item in objects):
        raise InvalidOptionError(f"{flag}: is no object; write one such as \"{{key: 'value'}}\", or a list of them")
    return objects


def listed(flag: str, value: str) -> list[Any]:
    """A list: `[a, b]` as YAML or JSON, or `a,b`.

    Raises:
        UsageError: it begins like YAML, but is none.
    """
    text = text_of(flag, value)
    if not text.startswith("["):
        return [item.strip() for item in text.split(",")]
    data = data_of(flag, text)
    return data if isinstance(data, list) else [data]


def paired(flag: str, fields: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Objects of fields that were given one by one: the first of each make the first object, and so on.

    Args:
        flag: the objects' flag; a field's own is this, a dot, and its name in hyphens.
        fields: the values of each field, in order; a field without values is left out.

    Raises:
        InvalidOptionError: one was given more often than another, so that nobody knows which belong together.
    """
    given = {name: values for name, values in fields.items() if values}
    if len({len(values) for values in given.values()}) > 1:
        counts = ", ".join(f"{field_flag(flag, name)} {len(values)}" for name, values in given.items())
        raise InvalidOptionError(f"{flag}: each field must be given equally often, but they were given: {counts}")
    return [dict(zip(given, values, strict=True)) for values in zip(*given.values(), strict=True)]


def field_flag(flag: str, name: str) -> str:
    """The flag of an object's field."""
    return f"{flag}.{name.replace('_', '-')}"


def given(**fields: Any) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def moment_of(flag: str, value: str | None) -> datetime | None:
    """A moment in ISO 8601; one without a time zone is in UTC.

    Raises:
        InvalidOptionError: it is none.
    """
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise InvalidOptionError(f"{flag} is {value!r}; write a moment such as 2026-11-22T14:30:00Z") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def identifier(flag: str, option: str | None, argument: str | None) -> str:
    """The one ID, which may be given by its flag or without.

    Raises:
        InvalidOptionError: there is none, there are two, or it is blank.
    """
    given_ids = [value for value in (option, argument) if value is not None]
    if len(given_ids) != 1 or not given_ids[0].strip():
        raise InvalidOptionError(f"give the ID once, as {flag} ID or without the flag")
    return given_ids[0]


def _spelt(value: Any) -> Any:
    """The value with hyphens in its keys replaced by underscores.

    Raises:
        InvalidOptionError: a key stands there in both spellings.
    """
    if isinstance(value, list):
        return [_spelt(item) for item in value]
    if not isinstance(value, dict):
        return value
    spelt: dict[Any, Any] = {}
    for key, inner in value.items():
        name = key.replace("-", "_") if isinstance(key, str) else key
        if name in spelt:
            raise InvalidOptionError(f"the key {name!r} stands twice in one object; only one of the two could count")
        spelt[name] = inner if name in FREE_KEYS else _spelt(inner)
    return spelt
