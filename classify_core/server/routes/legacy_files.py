"""`/api/v1/files`: the older file routes, which the client of the v1 jobs uses before it creates one."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, UploadFile
from fastapi import File as FormFile

from classify_core.server.dependencies import ProjectDependency, ServiceDependency, refusals
from classify_core.server.routes.downloads import ExpiresAtSeconds, address_of
from classify_core.server.routes.uploads import STORAGE_REFUSAL, UploadRoute, keep_upload
from classify_core.server.schemas.files import File, PresignedUrl
from classify_core.server.store import files

_FILES: Final = "/api/v1/files"
_FILE: Final = f"{_FILES}/{{file_id}}"

router = APIRouter(tags=["Files"])


@router.get(_FILE, deprecated=True, responses=refusals(404))
async def get_legacy_file(service: ServiceDependency, project: ProjectDependency, file_id: str) -> File:
    """Describes a file."""
    return File.of(await service.database.run(files.get, project.id, file_id))


@router.get(f"{_FILE}/content", deprecated=True, responses=refusals(404))
async def read_legacy_file_content(
    request: Request,
    service: ServiceDependency,
    project: ProjectDependency,
    file_id: str,
    *,
    expires_at_seconds: ExpiresAtSeconds = None,
) -> PresignedUrl:
    """Gives an address of a file's content that works without a key."""
    return await address_of(request, service, project, file_id, expires_at_seconds)


_uploads = APIRouter(route_class=UploadRoute)


@_uploads.post(_FILES, deprecated=True, responses=STORAGE_REFUSAL)
async def upload_legacy_file(
    service: ServiceDependency,
    project: ProjectDependency,
    *,
    upload_file: Annotated[UploadFile, FormFile(description="The document, with its name.")],
    external_file_id: Annotated[str | None, Query(description="The client's own ID.")] = None,
    storage_type: Annotated[str | None, Query(description="Ignored: every file is kept for 48 hours.")] = None,
) -> File:
    """Uploads a file, which is kept for 48 hours."""
    del storage_type
    return File.of(await keep_upload(service, project, upload_file, external_file_id=external_file_id))


router.include_router(_uploads)
