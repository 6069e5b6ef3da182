"""The calls of `client.files`; their docstrings are those of its methods."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path, PurePath

from classify_core.api.arguments import checked_page_size, moment, values
from classify_core.api.call import Call, Recovery, Settled, fill, read, read_nothing
from classify_core.api.upload import Upload
from classify_core.errors import InvalidOptionError
from classify_core.models import MAX_FILE_NAME_LENGTH, File, Page

FILES = "/api/v1/beta/files"
FILE = "/api/v1/beta/files/{file_id}"
LARGEST_PAGE = 1000
RECOVERY_PAGE = 20
"""A document may have been uploaded under several endings."""
SHORTEST_LIFE = 60.0
"""A file with fewer seconds to live may be gone when its job reads it."""


def upload_file(
    source: Path | bytes,
    *,
    name: str | None = None,
    external_file_id: str | None = None,
    purpose: str = "classify",
    expires_at: datetime | None = None,
) -> Call[File]:
    """Uploads a document; the service keeps it for 48 hours.

    An attempt whose answer got lost is repeated; at worst that leaves a second copy, which costs nothing and expires.
    Bytes whose `external_file_id` is their own SHA-256, in hexadecimal, are looked for first and not sent twice.

    Args:
        source: a file, or a document's bytes.
        name: the name to give it; a file's own where it is None, needed with bytes.
        external_file_id: an ID of your own to find it by; nothing is sent unless you give one.
        purpose: how the service keeps it.
        expires_at: when it is to expire, if sooner, with a time zone. No published version of the service promises to
            follow it: the answer's own `expires_at` tells.

    Raises:
        UnreadableDocumentError: the document is missing, a directory, empty or over 512 MB; nothing was sent.
        InvalidOptionError: an argument cannot work; nothing was sent.
        DocumentTooLargeError: the service refused its size.
        ClassifyError: any other failure, each with its own class.
    """
    chosen = _name_of(source, name)
    fields = [("purpose", purpose)]
    if external_file_id is not None:
        fields.append(("external_file_id", external_file_id))
    expiry = moment("expires_at", expires_at)
    if expiry is not None:
        fields.append(("expires_at", expiry))
    upload = Upload(source, chosen, tuple(fields))
    recovery = None if external_file_id is None else _recovery(source, chosen, external_file_id, purpose)
    return Call("POST", FILES, FILES, read(File), upload=upload, recovery=recovery, source_name=chosen)


def is_same_upload(file: File, *, name: str, external_file_id: str, purpose: str, now: datetime) -> bool:
    """Whether a file can be used in place of an upload whose `external_file_id` is its content's digest.

    Names may differ but for the ending, by which the service knows the format.
    """
    return (
        file.external_file_id == external_file_id
        and _ending(file.name) == _ending(name)
        and file.purpose in {None, purpose}
        and (file.expires_at is None or seconds_to_live(file.expires_at, now) > SHORTEST_LIFE)
    )


def seconds_to_live(expires_at: datetime, now: datetime) -> float:
    """The seconds until a file expires; a time that names no zone is taken as UTC."""
    aware = expires_at if expires_at.tzinfo is not None else expires_at.replace(tzinfo=UTC)
    return (aware - now).total_seconds()


def _ending(name: str) -> str:
    return PurePath(name).suffix.lower()


def _recovery(source: Path | bytes, name: str, external_file_id: str, purpose: str) -> Recovery[File]:
    """Finds an upload whose answer got lost, by its digest: under any other ID there may be an older document."""

    def ask() -> Call[Page[File]] | None:
        # Computed only now, since answers are seldom lost.
        is_digest = isinstance(source, bytes) and sha256(source).hexdigest() == external_file_id
        return list_files(external_file_id=external_file_id, page_size=RECOVERY_PAGE) if is_digest else None

    def found(page: Page[File], now: datetime) -> File | None:
        fitting = (
            file
            for file in page.items
            if is_same_upload(file, name=name, external_file_id=external_file_id, purpose=purpose, now=now)
        )
        return next(fitting, None)

    return Recovery(ask, found)


def _name_of(source: Path | bytes, name: str | None) -> str:
    if not isinstance(source, (Path, bytes)):
        raise InvalidOptionError(f"the document is a {type(source).__name__}; give a Path, or bytes with name=")
    if name is None and isinstance(source, bytes):
        raise InvalidOptionError("bytes need a name; pass name='invoice.pdf', whose ending tells the format")
    chosen = source.name if name is None and isinstance(source, Path) else name
    if not chosen or len(chosen) > MAX_FILE_NAME_LENGTH:
        raise InvalidOptionError(f"name has {len(chosen or '')} characters; allowed are 1 to {MAX_FILE_NAME_LENGTH}")
    return chosen


def get_file(file_id: str, *, expand: Sequence[str] = ()) -> Call[File]:
    """Returns what the service knows of a file.

    Args:
        file_id: the file (`dfl-...`).
        expand: what else to tell; `["download_url"]` adds an address for its content.

    Raises:
        NotFoundError: there is no such file in the key's project, or it has expired.
        ClassifyError: any other failure, each with its own class.
    """
    params = {"expand": values("expand", expand) if expand else None}
    return Call("GET", FILE, fill(FILE, file_id=file_id), read(File), params=params)


def list_files(
    *,
    file_ids: Sequence[str] | None = None,
    file_name: str | None = None,
    external_file_id: str | None = None,
    order_by: str | None = None,
    expand: Sequence[str] = (),
    page_size: int | None = None,
    page_token: str | None = None,
) -> Call[Page[File]]:
    """Lists files: iterate it for files, or its `pages()` for pages; each page is one request.

    Args:
        file_ids: only these.
        file_name: only those of exactly this name.
        external_file_id: only those uploaded with this ID of your own.
        order_by: fields to sort by, such as `"name, last_modified_at desc"`.
        expand: what else to tell; `["download_url"]` adds addresses for their contents.
        page_size: files a page, 1 to 1,000; None leaves it to the service.
        page_token: begins at this page.

    Raises:
        InvalidOptionError: an argument cannot work; raised at once.
        ClassifyError: a request failed; raised while iterating.
    """
    params = {
        "file_ids": values("file_ids", file_ids),
        "file_name": file_name,
        "external_file_id": external_file_id,
        "order_by": order_by,
        "expand": values("expand", expand) if expand else None,
        "page_size": checked_page_size(page_size, LARGEST_PAGE),
        "page_token": page_token,
    }
    return Call("GET", FILES, FILES, read(Page[File]), params=params)


def delete_file(file_id: str) -> Call[None]:
    """Deletes a file.

    Raises:
        NotFoundError: there is no such file in the key's project.
        ClassifyError: any other failure, each with its own class.
    """
    return Call("DELETE", FILE, fill(FILE, file_id=file_id), read_nothing, settled=Settled(404, None))
