"""Signed addresses of files: made for whoever has the key, and served to whoever has the address."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import PureWindowsPath
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse

from classify_core.server.dependencies import ServiceDependency
from classify_core.server.problems import ProblemError, not_found
from classify_core.server.schemas.files import PresignedUrl
from classify_core.server.service import Service
from classify_core.server.signed_addresses import DOWNLOADS, AddressSigner
from classify_core.server.store import files
from classify_core.server.store.files import StoredFile
from classify_core.server.store.projects import Project

DEFAULT_SECONDS: Final = 3600

ExpiresAtSeconds = Annotated[
    int | None,
    Query(
        ge=1,
        le=int(files.LIFETIME.total_seconds()),
        description=f"How long the address works; {DEFAULT_SECONDS} where left out, and never longer than the file.",
    ),
]

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
}

router = APIRouter()


@router.get(f"{DOWNLOADS}{{project_id}}/{{file_id}}", include_in_schema=False)
async def download_file(
    service: ServiceDependency, project_id: str, file_id: str, expires: str = "", signature: str = ""
) -> FileResponse:
    """Answers a file's bytes, as a download whatever they are."""
    signer = await signer_of(service)
    if not signer.accepts(project_id, file_id, expires, signature):
        raise ProblemError(403, "The address is not valid, or its time is over; ask for a new one")
    file = await service.database.run(files.get, project_id, file_id)
    path = service.file_folder.path_of(project_id, file.id)
    try:
        status = await asyncio.to_thread(path.stat)
    except OSError:
        raise not_found("File", file_id) from None
    return FileResponse(
        path,
        stat_result=status,
        media_type="application/octet-stream",
        filename=_download_name(file),
        headers=_HEADERS,
    )


async def signer_of(service: Service) -> AddressSigner:
    """What makes and checks this server's addresses, the same after a restart."""
    return AddressSigner(await service.database.run(files.signing_key))


async def address_of(
    request: Request, service: Service, project: Project, file_id: str, seconds: int | None
) -> PresignedUrl:
    """An address of the bytes of a project's file.

    Raises:
        ProblemError: there is no such file (404).
    """
    file = await service.database.run(files.get, project.id, file_id)
    return presigned(request, await signer_of(service), file, seconds)


def presigned(request: Request, signer: AddressSigner, file: StoredFile, seconds: int | None = None) -> PresignedUrl:
    """An address of a file's bytes, on the host that the request was sent to."""
    wanted = datetime.now(UTC) + timedelta(seconds=DEFAULT_SECONDS if seconds is None else seconds)
    expires_at = min(wanted, datetime.fromisoformat(file.expires_at)).replace(microsecond=0)
    path = signer.path(file.project_id, file.id, expires_at)
    return PresignedUrl(url=str(request.base_url).rstrip("/") + path, expires_at=expires_at)


def _download_name(file: StoredFile) -> str:
    """The last part of the name, by the rules of any system, so that it stays in the folder of whoever saves it."""
    name = PureWindowsPath(file.name).name
    return name if name.strip(".") else file.id
