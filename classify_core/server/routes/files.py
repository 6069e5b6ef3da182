"""`/api/v1/beta/files`: uploads, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, Request, UploadFile

from classify_core.server.dependencies import ProjectDependency, ServiceDependency, refusals
from classify_core.server.routes.downloads import ExpiresAtSeconds, address_of, presigned, signer_of
from classify_core.server.routes.paging import PageSize, PageToken
from classify_core.server.routes.uploads import STORAGE_REFUSAL, UploadRoute, keep_upload
from classify_core.server.schemas.common import Text
from classify_core.server.schemas.files import (
    FileFilter,
    FileQueryRequest,
    FileQueryResponseV2,
    FileV2,
    PresignedUrl,
    Purpose,
)
from classify_core.server.service import Service
from classify_core.server.store import files
from classify_core.server.store.files import StoredFile
from classify_core.server.store.paging import StoredPage, page_request

Expand = Annotated[list[str] | None, Query(description="`download_url` adds an address of the content.")]

_FILES: Final = "/api/v1/beta/files"
_FILE: Final = f"{_FILES}/{{file_id}}"

router = APIRouter(tags=["Beta", "Files"])


@router.get(_FILES)
async def list_files(
    request: Request,
    service: ServiceDependency,
    project: ProjectDependency,
    *,
    page_size: PageSize = None,
    page_token: PageToken = None,
    file_ids: Annotated[list[str] | None, Query(description="Only these; with the prefix `dfl-` or without.")] = None,
    file_name: Annotated[str | None, Query(description="Only those of exactly this name.")] = None,
    external_file_id: Annotated[str | None, Query(description="Only those with this ID of the client's.")] = None,
    order_by: Annotated[
        str | None,
        Query(
            description="Fields, separated by commas: `name`, `id`, `created_at`, `last_modified_at`, `expires_at`, "
            "each ascending, or with `desc` after it. `created_at` alone, and nothing, list the newest first."
        ),
    ] = None,
    expand: Expand = None,
) -> FileQueryResponseV2:
    """Lists files."""
    wanted = files.FileFilter(
        project.id,
        file_ids=None if file_ids is None else tuple(file_ids),
        name=file_name,
        external_file_id=external_file_id,
    )
    page = page_request(page_size, page_token)
    found = await service.database.run(files.find, wanted, page, order_by=order_by)
    return await _answer_page(request, service, found, expand)


@router.get(_FILE, responses=refusals(404))
async def get_file(
    request: Request, service: ServiceDependency, project: ProjectDependency, file_id: str, *, expand: Expand = None
) -> FileV2:
    """Describes a file."""
    file = await service.database.run(files.get, project.id, file_id)
    [described] = await _answers(request, service, [file], expand)
    return described


@router.delete(_FILE, status_code=204, response_model=None, responses=refusals(404))
async def delete_file(service: ServiceDependency, project: ProjectDependency, file_id: str) -> None:
    """Deletes a file and its content."""
    file = await service.database.run(files.delete, project.id, file_id)
    await service.file_folder.remove(project.id, file.id)


@router.get(f"{_FILE}/content", responses=refusals(404))
async def read_file_content(
    request: Request,
    service: ServiceDependency,
    project: ProjectDependency,
    file_id: str,
    *,
    expires_at_seconds: ExpiresAtSeconds = None,
) -> PresignedUrl:
    """Gives an address of a file's content that works without a key."""
    return await address_of(request, service, project, file_id, expires_at_seconds)


@router.post(f"{_FILES}/query", deprecated=True)
async def query_files(
    request: Request, service: ServiceDependency, project: ProjectDependency, query: FileQueryRequest
) -> FileQueryResponseV2:
    """Lists files, as the listing does."""
    page = page_request(query.page_size, query.page_token)
    wanted = _wanted(query.filter or FileFilter(), project.id)
    found = await service.database.run(files.find, wanted, page, order_by=query.order_by)
    return await _answer_page(request, service, found)


_uploads = APIRouter(route_class=UploadRoute)


@_uploads.post(_FILES, status_code=201, responses=STORAGE_REFUSAL)
async def upload_file(
    service: ServiceDependency,
    project: ProjectDependency,
    *,
    file: Annotated[UploadFile, File(description="The document, with its name.")],
    purpose: Annotated[Purpose, Form(description="What it is for; all are kept alike here.")],
    external_file_id: Annotated[Text | None, Form(description="The client's own ID.")] = None,
) -> FileV2:
    """Uploads a file, which is kept for 48 hours."""
    kept = await keep_upload(service, project, file, purpose=purpose, external_file_id=external_file_id)
    return FileV2.of(kept)


router.include_router(_uploads)


def _wanted(wanted: FileFilter, project_id: str) -> files.FileFilter:
    """The filter as the store knows it; what no file here can satisfy asks for none."""
    file_ids = wanted.file_ids
    if wanted.data_source_id is not None or wanted.project_id not in {None, UUID(project_id)}:
        file_ids = ()
    return files.FileFilter(project_id, file_ids, wanted.file_name, wanted.external_file_id)


async def _answer_page(
    request: Request, service: Service, found: StoredPage[StoredFile], expand: list[str] | None = None
) -> FileQueryResponseV2:
    items = await _answers(request, service, found.items, expand)
    return FileQueryResponseV2(items=tuple(items), next_page_token=found.next_page_token, total_size=found.total_size)


async def _answers(
    request: Request, service: Service, found: Sequence[StoredFile], expand: list[str] | None
) -> list[FileV2]:
    if "download_url" not in (expand or ()):
        return [FileV2.of(file) for file in found]
    signer = await signer_of(service)
    return [FileV2.of(file, presigned(request, signer, file)) for file in found]
