"""Requests and answers of the file routes, the beta ones and the older ones."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field

from classify_core.models import MAX_FILE_NAME_LENGTH
from classify_core.server.schemas.common import PaginatedResponse, Reply, Request, Text
from classify_core.server.store.files import StoredFile, prefixed

Purpose = Literal["user_data", "parse", "extract", "split", "classify", "sheet", "agent_app"]


class PresignedUrl(Reply):
    """An address that works without a key."""

    url: str = Field(
        min_length=1, json_schema_extra={"format": "uri"}, repr=False, description="The address; who has it can read."
    )
    expires_at: datetime = Field(description="Until when it works.")
    form_fields: dict[str, str] | None = Field(default=None, description="Of an address for uploads; null here.")


class FileV2(Reply):
    """An uploaded file."""

    id: str = Field(description="The file's ID.", examples=["dfl-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"])
    name: str = Field(
        min_length=1, max_length=MAX_FILE_NAME_LENGTH, description="As it was uploaded.", examples=["invoice.pdf"]
    )
    project_id: UUID = Field(description="The project it belongs to.")
    external_file_id: str | None = Field(default=None, description="The client's own ID.", examples=["ext-12345"])
    file_type: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_FILE_NAME_LENGTH,
        description="The ending of its name, without the dot.",
        examples=["pdf"],
    )
    purpose: str | None = Field(default=None, description="What it was uploaded for.", examples=["classify"])
    expires_at: datetime | None = Field(default=None, description="When it is removed.")
    last_modified_at: datetime | None = Field(default=None, description="When it was uploaded.")
    download_url: PresignedUrl | None = Field(default=None, description="Only with `expand=download_url`.")

    @classmethod
    def of(cls, file: StoredFile, download_url: PresignedUrl | None = None) -> Self:
        """The answer that describes a file."""
        return cls.model_validate(
            _described(file) | {"id": prefixed(file.id), "download_url": download_url},
        )


class FileQueryResponseV2(PaginatedResponse[FileV2]):
    """One page of files."""


class FileFilter(Request):
    """Which files are listed; null is no condition."""

    file_ids: tuple[Text, ...] | None = Field(default=None, description="Only these.")
    file_name: Text | None = Field(default=None, description="Only those of exactly this name.")
    external_file_id: Text | None = Field(default=None, description="Only those with this ID of the client's.")
    project_id: UUID | None = Field(default=None, description="The key's project; there are no files of another.")
    data_source_id: UUID | None = Field(default=None, description="No file of this server comes from a data source.")
    only_manually_uploaded: bool | None = Field(default=None, description="All files of this server are.")


class FileQueryRequest(Request):
    """Which page of which files."""

    filter: FileFilter | None = Field(default=None, description="Which files; null is all.")
    order_by: Text | None = Field(default=None, description="As for the listing.")
    page_size: int | None = Field(default=None, ge=1, description="Items a page; more than 1000 count as 1000.")
    page_token: Text | None = Field(default=None, description="The `next_page_token` of the page before.")


class File(Reply):
    """An uploaded file, as the older routes tell it."""

    id: UUID = Field(description="The file's ID, without a prefix.")
    name: str = Field(min_length=1, max_length=MAX_FILE_NAME_LENGTH, description="As it was uploaded.")
    project_id: UUID = Field(description="The project it belongs to.")
    external_file_id: str | None = Field(default=None, description="The client's own ID.")
    file_size: int | None = Field(default=None, ge=0, description="In bytes.")
    file_type: str | None = Field(default=None, description="The ending of its name, without the dot.")
    purpose: str | None = Field(default=None, description="What it was uploaded for.")
    created_at: datetime | None = Field(default=None, description="When it was uploaded.")
    updated_at: datetime | None = Field(default=None, description="When it was uploaded.")
    last_modified_at: datetime | None = Field(default=None, description="When it was uploaded.")
    expires_at: datetime | None = Field(default=None, description="When it is removed.")
    data_source_id: UUID | None = Field(default=None, description="Null: it was uploaded by hand.")
    permission_info: dict[str, Any] | None = Field(default=None, description="Null: there are no permissions here.")
    resource_info: dict[str, Any] | None = Field(default=None, description="Null: it was uploaded by hand.")

    @classmethod
    def of(cls, file: StoredFile) -> Self:
        """The answer that describes a file."""
        return cls.model_validate(_described(file) | {"file_size": file.size, "updated_at": file.created_at})


def _described(file: StoredFile) -> dict[str, Any]:
    return asdict(file) | {"last_modified_at": file.created_at}
