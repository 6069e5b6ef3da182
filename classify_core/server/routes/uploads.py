"""What the upload routes share: bounds for multipart bodies, and the way of a file from a request to the disk."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Callable, Coroutine
from typing import Any, Final
from uuid import uuid4

from fastapi import Request, Response, UploadFile
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from classify_core.models import MAX_FILE_NAME_LENGTH
from classify_core.server.problems import ProblemError
from classify_core.server.schemas.common import Problem
from classify_core.server.service import Service
from classify_core.server.store import files, parse_jobs
from classify_core.server.store.files import StoredFile
from classify_core.server.store.projects import Project

MAX_FIELDS: Final = 16
MAX_FIELD_BYTES: Final = 64 * 1024

STORAGE_REFUSAL: Final[dict[int | str, dict[str, Any]]] = {
    507: {"model": Problem, "description": "The server cannot store the file."}
}


class UploadRoute(APIRoute):
    """A route whose form holds one file and a few short fields; no more than those is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, given a form that has been read within bounds."""
        handle = super().get_route_handler()

        async def handle_bounded(request: Request) -> Response:
            await _read_form(request)
            return await handle(request)

        return handle_bounded


async def _read_form(request: Request) -> None:
    """Reads the form; the request keeps it for the framework, which also closes it."""
    try:
        await request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)
    except OSError as error:
        raise _cannot_store() from error
    except ClientDisconnect as error:
        raise ProblemError(400, "The upload was cut off") from error
    except ValueError as error:  # it is damaged, or not text in the charset that it names
        raise ProblemError(400, "The form cannot be read") from error


async def keep_upload(
    service: Service,
    project: Project,
    upload: UploadFile,
    *,
    purpose: str | None = None,
    external_file_id: str | None = None,
) -> StoredFile:
    """Keeps an uploaded file: its bytes first, then what is known of it, so that a known file has its bytes.

    Raises:
        ProblemError: it has no usable name or no content (400), is too large (413) or cannot be stored (507).
    """
    name = _checked_name(upload.filename)
    _check_size(upload.size or 0, service.options.max_file_bytes)
    file_id = str(uuid4())
    try:
        size, digest = await service.file_folder.keep(project.id, file_id, upload.file)
        file = await service.database.run(
            files.add,
            project.id,
            file_id,
            name=name,
            size=size,
            digest=digest,
            purpose=purpose,
            external_file_id=external_file_id,
        )
    except (OSError, sqlite3.OperationalError) as error:
        await service.file_folder.remove(project.id, file_id)
        raise _cannot_store() from error
    await _remove_expired(service)
    return file


async def _remove_expired(service: Service) -> None:
    """Makes room where it is used up, so that a server need not be started again for it."""
    await service.database.run(parse_jobs.remove_expired)
    for project_id, file_id in await service.database.run(files.take_expired):
        await service.file_folder.remove(project_id, file_id)


def _checked_name(name: str | None) -> str:
    if name is None or not name.strip():
        raise ProblemError(400, "The file has no name; send one with it")
    if len(name) > MAX_FILE_NAME_LENGTH:
        raise ProblemError(400, f"The file name has {len(name)} characters; allowed are {MAX_FILE_NAME_LENGTH}")
    # Cc are control characters, Cs are halves of characters, which cannot be answered as UTF-8.
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise ProblemError(400, "The file name holds control characters; send it without them")
    return name


def _check_size(size: int, largest: int) -> None:
    if size == 0:
        raise ProblemError(400, "The file is empty (0 bytes)")
    if size > largest:
        raise ProblemError(413, f"The file has {size} bytes; allowed are {largest}")


def _cannot_store() -> ProblemError:
    return ProblemError(507, "The server cannot store the file; its disk may be full")
