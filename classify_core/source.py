"""What is to be classified, and its content once read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from classify_core.background import in_thread
from classify_core.download import DownloadLimits, download
from classify_core.errors import InvalidOptionError, UnreadableDocumentError
from classify_core.files import MAX_FILE_BYTES, check_readable, named_faults

HASHED_AT_ONCE_BYTES: Final = 1024 * 1024
"""Hashing more than this (about a millisecond) would hold the event loop."""

SourceKind = Literal["text", "path", "bytes", "file_id", "parse_job", "url"]


@dataclass(frozen=True, slots=True)
class Content:
    """A document's bytes, read once.

    Attributes:
        data: the bytes; a text is encoded as UTF-8.
        name: the document's name, as far as it has one.
        format: the lower-case file ending without the dot; `"txt"` for a text, empty where unknown.
    """

    data: bytes = field(repr=False)
    name: str | None = None
    format: str = ""
    _digest: str | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, in hexadecimal; computed once."""
        if self._digest is None:
            object.__setattr__(self, "_digest", hashlib.sha256(self.data).hexdigest())
        return str(self._digest)


@dataclass(frozen=True, slots=True)
class Source:
    """One document to classify. Made by the class methods; a bare `str` is a text and a `Path` a file.

    A `Source` never shows its text: its repr tells kind, name and size.

    >>> Source.text("Invoice no. 7", name="mail body")
    Source(text 'mail body', 13 characters)
    """

    kind: SourceKind
    value: Any = field(repr=False)
    name: str | None = None
    limits: DownloadLimits | None = None

    @classmethod
    def text(cls, text: str, *, name: str | None = None) -> Source:
        """A document given as its text."""
        return cls("text", _checked(text, str, "Source.text"), name)

    @classmethod
    def path(cls, path: str | PurePath, *, name: str | None = None) -> Source:
        """A file on this machine; it is read when it is classified."""
        checked = Path(_checked(path, (str, PurePath), "Source.path"))
        return cls("path", checked, checked.name if name is None else name)

    @classmethod
    def bytes(cls, data: bytes | bytearray | memoryview, *, name: str | None = None) -> Source:
        """A file's bytes; the ending of `name` tells its format, else the content is looked at."""
        return cls("bytes", bytes(_checked(data, (bytes, bytearray, memoryview), "Source.bytes")), name)

    @classmethod
    def file_id(cls, file_id: str, *, name: str | None = None) -> Source:
        """A file that the hosted service already has (`dfl-...`)."""
        return cls("file_id", _identifier(file_id, "Source.file_id"), file_id if name is None else name)

    @classmethod
    def parse_job(cls, parse_job_id: str, *, name: str | None = None) -> Source:
        """A document that the hosted service already parsed (`pjb-...`); its pages are not billed again."""
        return cls("parse_job", _identifier(parse_job_id, "Source.parse_job"), parse_job_id if name is None else name)

    @classmethod
    def url(
        cls,
        url: str,
        *,
        name: str | None = None,
        max_bytes: int = MAX_FILE_BYTES,
        timeout: float = 60.0,
        allow_private: bool = False,
    ) -> Source:
        """A document on the web, downloaded by us.

        Args:
            url: an http or https address.
            name: the document's name; by default the last part of the address's path.
            max_bytes: a larger document is refused while it is downloaded.
            timeout: seconds for the whole download.
            allow_private: also download from private, loopback and link-local addresses. Off by default, since a
                foreign document may name an address that only your network can reach.

        Raises:
            InvalidOptionError: `max_bytes` or `timeout` cannot work.
        """
        limits = DownloadLimits(max_bytes=max_bytes, timeout=timeout, allow_private=allow_private)
        address = _checked(url, str, "Source.url")
        return cls("url", address, name_in(address) if name is None else name, limits)

    @classmethod
    def of(cls, value: SourceLike) -> Source:
        """Makes a source of what callers hand over: a `Source` as it is, `str` a text, `Path` a file, bytes.

        Raises:
            InvalidOptionError: it is something else.
        """
        if isinstance(value, Source):
            return value
        if isinstance(value, str):
            return cls.text(value)
        if isinstance(value, PurePath):
            return cls.path(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return cls.bytes(value)
        raise InvalidOptionError(
            f"cannot classify a {type(value).__name__}; give a str (the text), a Path (a file), bytes or a Source"
        )

    @property
    def is_remote(self) -> bool:
        """Whether only the hosted service has the content."""
        return self.kind in {"file_id", "parse_job"}

    @property
    def format(self) -> str:
        """The lower-case ending of the name without the dot; `"txt"` for a text, empty where there is none."""
        return "txt" if self.kind == "text" else format_of(self.name)

    @property
    def reference(self) -> dict[str, Any]:
        """What a log or a tracer may know of it: kind, name, and size and digest where the content is in memory."""
        known: dict[str, Any] = {"kind": self.kind, "name": self.name}
        if self.kind in {"text", "bytes"}:
            content = _content_in_memory(self)
            known |= {"size": len(content.data), "digest": content.digest}
        return known

    def __repr__(self) -> str:
        name = "" if self.name is None else f" {self.name!r}"
        size = {"text": ", {} characters", "bytes": ", {} bytes"}.get(self.kind, "")
        return f"Source({self.kind}{name}{size.format(len(self.value)) if size else ''})"


SourceLike: TypeAlias = Source | str | PurePath | bytes | bytearray | memoryview
"""What every method that classifies takes: a `str` is a text, a `Path` a file."""


def sources_of(values: Iterable[SourceLike]) -> Iterable[SourceLike]:
    """The sources of a call: a list is checked as a whole before anything begins, other iterables as they come.

    Raises:
        InvalidOptionError: a single document was given where several are expected, or a list holds what is none.
    """
    if isinstance(values, (str, bytes, bytearray, memoryview, PurePath, Source)):
        raise InvalidOptionError(f"a single {type(values).__name__} was given; classify() takes one, this takes a list")
    return [Source.of(value) for value in values] if isinstance(values, Sequence) else values


def name_in(place: str) -> str | None:
    """The last part of a path, or of an address; else its host.

    The rest of an address may hold credentials or a signature, and where a file lies is nobody else's business.
    """
    if "://" not in place:
        return PurePath(place).name or None
    try:
        parts = urlsplit(place)
        return PurePath(unquote(parts.path)).name or parts.hostname
    except ValueError:  # no address after all
        return None


def format_of(name: str | None) -> str:
    """The lower-case ending of a file name without the dot; empty where there is none."""
    return "" if name is None else PurePath(name).suffix.lower().lstrip(".")


def content_key(source: Source, content: Content | None) -> str:
    """What makes two sources the same document: equal bytes in the same format, or the same remote identifier."""
    if content is None:
        return json.dumps([source.kind, source.value])
    return f"{content.digest}.{content.format}"


async def read(source: Source) -> Content | None:
    """Reads a source's content, files off the event loop; None where only the hosted service has it.

    Raises:
        UnreadableDocumentError: it is missing, a directory, not readable, empty or too large, or could not be
            downloaded within its limits.
    """
    if source.is_remote:
        return None
    if source.kind == "url":
        downloaded = await download(source.value, source.limits or DownloadLimits(), name=source.name)
        return _not_empty(Content(downloaded.data, source.name, downloaded.format or source.format))
    if source.kind == "path":
        return _not_empty(await in_thread(_content_of_file, source))
    content = _not_empty(_content_in_memory(source))
    if len(content.data) > HASHED_AT_ONCE_BYTES:
        await in_thread(getattr, content, "digest")
    return content


def _content_in_memory(source: Source) -> Content:
    data = source.value.encode("utf-8", "surrogatepass") if source.kind == "text" else source.value
    return Content(data, source.name, source.format)


def _content_of_file(source: Source) -> Content:
    path: Path = source.value
    check_readable(path, name=source.name)
    with named_faults(path, name=source.name):
        data = path.read_bytes()
    content = Content(data, source.name, format_of(source.name) or format_of(path.name))
    _ = content.digest  # computed here, in a thread of its own
    return content


def _not_empty(content: Content) -> Content:
    if not content.data:
        raise UnreadableDocumentError("it is empty (0 bytes); there is nothing to classify", source_name=content.name)
    if content.data.isspace():
        raise UnreadableDocumentError(
            "it holds only white space; there is nothing to classify", source_name=content.name
        )
    return content


def _checked(value: Any, types: type | tuple[type, ...], where: str) -> Any:
    if not isinstance(value, types):
        raise InvalidOptionError(f"{where}(...) was given a {type(value).__name__}")
    return value


def _identifier(value: str, where: str) -> str:
    if not _checked(value, str, where).strip():
        raise InvalidOptionError(f"{where}(...) was given an empty identifier")
    return value
