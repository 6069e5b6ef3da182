"""What a job was asked, in the words of the engine, whichever API it came by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from classify_core.models import ClassifyConfiguration
from classify_core.server.store.records import StoredJob


def configuration_of(job: StoredJob) -> ClassifyConfiguration:
    """The rules of a job and the pages it reads."""
    asked = json.loads(job.configuration)
    parsing = asked.get("parsing_configuration")
    if parsing is not None and job.api == "v1":
        parsing = _with_pages_from_one(parsing)
    return ClassifyConfiguration.model_validate({"rules": asked["rules"], "parsing_configuration": parsing})


def _with_pages_from_one(parsing: Mapping[str, Any]) -> dict[str, Any]:
    """A v1 job counts its target pages from 0 and lists them."""
    pages = parsing.get("target_pages")
    return {**parsing, "target_pages": None if pages is None else ",".join(str(page + 1) for page in pages)}
