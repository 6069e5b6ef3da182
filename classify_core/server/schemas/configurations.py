"""Requests and answers of `/api/v1/beta/configurations`: rule sets that are saved under a name."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from classify_core.models import MAX_NAME_LENGTH
from classify_core.server.schemas.common import PaginatedResponse, Reply, Request, Text
from classify_core.server.schemas.jobs_v2 import ClassifyV2Configuration
from classify_core.server.store.configurations import StoredConfiguration

ProductType = Literal["split_v1", "extract_v2", "classify_v2", "parse_v2", "spreadsheet_v1", "unknown"]

PRODUCT: Final = "classify_v2"
"""The one product whose configurations are kept here."""

Name = Annotated[Text, Field(min_length=1, max_length=MAX_NAME_LENGTH)]


class ClassifyV2Parameters(ClassifyV2Configuration):
    """What is saved: the rules, and how documents are read."""

    product_type: Literal["classify_v2"] = Field(description="The product that they are for.")


class ConfigurationCreateRequest(Request):
    """A rule set and its name."""

    name: Name = Field(description="One that is taken gets a new version.")
    parameters: ClassifyV2Parameters = Field(description="The rule set.")


class ConfigurationUpdateRequest(Request):
    """What changes; null leaves a part as it is."""

    name: Name | None = Field(default=None, description="The new name.")
    parameters: ClassifyV2Parameters | None = Field(default=None, description="The new rule set.")


class ConfigurationResponse(Reply):
    """A saved rule set."""

    id: str = Field(description="Its ID.", examples=["cfg-11111111-2222-3333-4444-555555555555"])
    name: str = Field(description="Its name.")
    product_type: ProductType = Field(description="The product that it is for.")
    version: str = Field(description="The moment of its last change; each change makes another one.")
    parameters: ClassifyV2Parameters = Field(description="The rule set.")
    created_at: datetime | None = Field(default=None, description="When it was first saved.")
    updated_at: datetime | None = Field(default=None, description="When it last changed.")

    @classmethod
    def of(cls, configuration: StoredConfiguration) -> Self:
        """The answer that describes a configuration."""
        return cls.model_validate(asdict(configuration) | {"product_type": PRODUCT})


class ConfigurationQueryResponse(PaginatedResponse[ConfigurationResponse]):
    """One page of configurations."""
