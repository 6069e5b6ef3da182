"""What schemathesis makes of the server's own OpenAPI document finds no fault: no 5xx and nothing undocumented.

Not run on the lowest versions, where schemathesis is not installed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

from classify_core.testing.server import ClassifyServer
from tests.server.jobs_api import CONFIGURATIONS, RULES, V2, create, create_v1, upload
from tests.server.openapi_document import document

EXAMPLES = 6
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
KEYED = [label for label in OPERATIONS if label != "GET /healthz"]
# A request that takes nothing cannot be wrong.
DRAWN = [(label, GenerationMode.POSITIVE) for label in OPERATIONS] + [
    (label, GenerationMode.NEGATIVE) for label in KEYED
]
# What a drawn body cannot hit by chance: an existing file, and one of the alternatives alone.
ALTERNATIVES = ("file_id", "parse_job_id", "configuration_id", "webhook_configuration_ids", "transaction_id")

bounded = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def client(classify_server: ClassifyServer, client: httpx.Client, jobs_hang: None) -> httpx.Client:
    # Open jobs can be cancelled, and nothing is posted to the addresses that are drawn.
    classify_server.faults.webhook()
    return client


def saved(client: httpx.Client) -> str:
    parameters = {"product_type": "classify_v2", "rules": RULES}
    return str(client.post(CONFIGURATIONS, json={"name": "mail", "parameters": parameters}).json()["id"])


def deletable(client: httpx.Client) -> str:
    job_id = str(create(client)["id"])
    client.post(f"{V2}/{job_id}/cancel").raise_for_status()
    return job_id


# How a thing is made that a parameter of a path can name.
EXISTING: dict[str, Callable[[httpx.Client], str]] = {
    "job_id": lambda client: str(create(client)["id"]),
    "classify_job_id": lambda client: str(create_v1(client, [upload(client)])["id"]),
    "file_id": lambda client: upload(client).removeprefix("dfl-"),
    "config_id": saved,
}


def make_real(case: Any, client: httpx.Client) -> None:
    """Lets a drawn request name what exists."""
    for name in case.path_parameters or {}:
        make = deletable if (case.method, name) == ("DELETE", "job_id") else EXISTING[name]
        case.path_parameters[name] = make(client)
    if case.operation.label == f"POST {V2}":
        case.body = {name: value for name, value in case.body.items() if name not in ALTERNATIVES}
        case.body |= {"file_input": upload(client), "configuration": case.body.get("configuration") or {"rules": RULES}}
    if case.operation.label == "POST /api/v1/classifier/jobs":
        case.body["file_ids"] = [upload(client)]
    # Most that is drawn is another project, a token of no page or an expansion that is none.
    for name in ("project_id", "page_token", "order_by"):
        (case.query or {}).pop(name, None)


def call(case: Any, client: httpx.Client, checks: list[Any] = CHECKS) -> int:
    answer = case.call_and_validate(
        base_url=str(client.base_url), headers={"Authorization": client.headers["Authorization"]}, checks=checks
    )
    return int(answer.status_code)


@pytest.mark.parametrize(("label", "mode"), DRAWN)
def test_nothing_that_is_drawn_breaks_a_promise(client: httpx.Client, label: str, mode: GenerationMode) -> None:
    @bounded
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    def draw(case: Any) -> None:
        call(case, client)

    draw()


@pytest.mark.parametrize("label", OPERATIONS)
def test_what_exists_is_answered_as_documented(client: httpx.Client, label: str) -> None:
    seen = set()

    @bounded
    @given(case=OPERATIONS[label].as_strategy(generation_mode=GenerationMode.POSITIVE))
    def draw(case: Any) -> None:
        make_real(case, client)
        seen.add(call(case, client))

    draw()
    assert {status for status in seen if status < 300}, seen


@pytest.mark.parametrize("label", KEYED)
def test_no_route_is_open_without_a_key(client: httpx.Client, label: str) -> None:
    @settings(bounded, max_examples=2)
    @given(case=OPERATIONS[label].as_strategy(generation_mode=GenerationMode.POSITIVE))
    def draw(case: Any) -> None:
        make_real(case, client)
        call(case, client, [ignored_auth])

    draw()
