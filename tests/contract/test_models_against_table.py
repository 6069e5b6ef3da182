"""Holds our models and our client to the contract's table."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from classify_core import models, models_v1
from classify_core.api import AsyncClassifyClient, ClassifyClient
from classify_core.errors import InvalidOptionError, NotFoundError
from classify_core.models import Page, ParsingConfiguration, Rule, Sent, WebhookConfiguration
from classify_core.models_v1 import V1ParsingConfiguration
from tests.contract.table import ENUMS, MODELS, ROUTES, TABLE, Fact, fields_of, read_schema, stated
from tests.service import ClassifyService

SENT: dict[str, type[BaseModel]] = {
    "Rule": models.Rule,
    "ParsingConfiguration": models.ParsingConfiguration,
    "Configuration": models.ClassifyConfiguration,
    "Parameters": models.ClassifyParameters,
    "Webhook": models.WebhookConfiguration,
    "V1Webhook": models.WebhookConfiguration,
    "JobCreate": models.ClassifyJobCreate,
    "ConfigurationCreate": models.ConfigurationCreate,
    "ConfigurationUpdate": models.ConfigurationUpdate,
    "V1ParsingConfiguration": models_v1.V1ParsingConfiguration,
    "V1JobCreate": models_v1.V1JobCreate,
}
RECEIVED: dict[str, type[BaseModel]] = {
    "Rule": models.AnsweredRule,
    "ParsingConfiguration": models.AnsweredParsingConfiguration,
    "Configuration": models.AnsweredConfiguration,
    "Parameters": models.AnsweredParameters,
    "Result": models.ClassifyResult,
    "Usage": models.JobUsage,
    "Job": models.ClassifyJob,
    "JobPage": Page[models.ClassifyJob],
    "DeletedJob": models.DeletedJob,
    "Address": models.PresignedUrl,
    "File": models.File,
    "FilePage": Page[models.File],
    "SavedConfiguration": models.SavedConfiguration,
    "ConfigurationPage": Page[models.SavedConfiguration],
    "V1ParsingConfiguration": models_v1.AnsweredV1ParsingConfiguration,
    "V1Job": models_v1.V1Job,
    "V1JobPage": Page[models_v1.V1Job],
    "V1FileResult": models_v1.FileClassification,
    "V1ResultPage": Page[models_v1.FileClassification],
}
FORMS = {"Upload"}  # not a model of ours but the arguments of files.upload

NAMES = {model.__name__: name for name, model in (SENT | RECEIVED).items() if name != "V1Webhook"}
NAMES |= {model.__name__: name for name, model in SENT.items() if name != "V1Webhook"}
SENT_FIELDS = [(name, field) for name in SENT for field in fields_of(name)]
RECEIVED_FIELDS = [(name, field) for name in RECEIVED for field in fields_of(name)]


def ours(model: type[BaseModel], field: str) -> Fact:
    schema = model.model_json_schema(by_alias=False, mode="validation")
    required = model.model_fields[field].is_required()
    return read_schema(schema["properties"][field], schema.get("$defs", {}), NAMES, required=required)


def holds(wide: Fact, narrow: Fact) -> bool:
    """Whether each value of the narrow kind is one of the wide kind; IDs and addresses are strings to us."""
    if wide.shape != narrow.shape:
        return False
    if {"V1Webhook", "Webhook"} == {wide.kind, narrow.kind} or wide.kind == "any":
        return True
    if isinstance(wide.kind, tuple):
        return isinstance(narrow.kind, tuple) and set(narrow.kind) <= set(wide.kind)
    plain = "string" if isinstance(narrow.kind, tuple) or narrow.kind in {"uuid", "uri"} else narrow.kind
    return plain == ("string" if wide.kind in {"uuid", "uri"} else wide.kind)


def test_every_model_of_the_table_is_one_of_ours() -> None:
    assert set(MODELS) == set(SENT) | set(RECEIVED) | FORMS


@pytest.mark.parametrize("name", SENT)
def test_what_we_send_has_exactly_the_tables_fields(name: str) -> None:
    assert set(SENT[name].model_fields) == set(fields_of(name))
    assert issubclass(SENT[name], Sent)


@pytest.mark.parametrize("name", RECEIVED)
def test_what_we_receive_has_exactly_the_tables_fields_and_keeps_others(name: str) -> None:
    assert set(RECEIVED[name].model_fields) == set(fields_of(name))
    assert RECEIVED[name].model_config["extra"] == "allow"


@pytest.mark.parametrize(("name", "field"), SENT_FIELDS)
def test_what_we_send_is_of_the_tables_type(name: str, field: str) -> None:
    entry, fact = fields_of(name)[field], ours(SENT[name], field)
    table = stated(entry)

    if entry.get("open"):
        assert (fact.kind, fact.shape) == ("string", table.shape)
    else:
        assert holds(table, fact)
    assert not table.required or fact.required or fact.default is not None
    assert table.required or not fact.required
    if table.default is not None:
        assert fact.default == table.default or _dumped_default(name, field) == table.default


def _dumped_default(name: str, field: str) -> Any:
    default = SENT[name].model_fields[field].default
    return default.model_dump(exclude_none=True) if isinstance(default, BaseModel) else default


@pytest.mark.parametrize(("name", "field"), RECEIVED_FIELDS)
def test_what_we_receive_is_of_the_tables_type(name: str, field: str) -> None:
    table, fact = stated(fields_of(name)[field]), ours(RECEIVED[name], field)

    assert holds(fact, table)
    assert fact.nullable or not table.nullable
    assert table.required or not fact.required
    assert fact.least is None or fact.least == table.least
    assert fact.most is None or fact.most == table.most


WHOLE: dict[str, dict[str, Any]] = {
    "Rule": {"type": "memo", "description": "a note to colleagues"},
    "ParsingConfiguration": {},
    "Configuration": {"rules": [{"type": "memo", "description": "a note to colleagues"}]},
    "JobCreate": {"file_input": "dfl-1", "configuration_id": "cfg-1"},
    "ConfigurationUpdate": {},
    "V1ParsingConfiguration": {},
}
WHOLE["Parameters"] = {**WHOLE["Configuration"], "product_type": "classify_v2"}
WHOLE["ConfigurationCreate"] = {"name": "mail", "parameters": WHOLE["Parameters"]}
WHOLE["V1JobCreate"] = {"file_ids": ["dfl-1"], "rules": [WHOLE["Rule"]]}
LIMITED = [
    (name, field, side) for name, field in SENT_FIELDS for side in ("min", "max") if side in fields_of(name)[field]
]


def sample(name: str, field: str, size: int) -> Any:
    """A value of that size: so many characters, items, or the number itself."""
    table = stated(fields_of(name)[field])
    if table.shape == "list":
        if table.kind == "Rule":
            return [{"type": f"t{n}", "description": "a note to colleagues"} for n in range(size)]
        return [0 if table.kind == "integer" else f"dfl-{n}" for n in range(size)]
    return size if table.kind == "integer" else "x" * size


@pytest.mark.parametrize(("name", "field", "side"), LIMITED)
def test_a_limit_of_the_table_is_kept_before_anything_is_sent(name: str, field: str, side: str) -> None:
    limit = fields_of(name)[field][side]
    beyond = limit - 1 if side == "min" else limit + 1

    SENT[name].model_validate({**WHOLE[name], field: sample(name, field, limit)})
    with pytest.raises(ValidationError, match=field):
        SENT[name].model_validate({**WHOLE[name], field: sample(name, field, beyond)})


@pytest.mark.parametrize(
    ("name", "kind"),
    [("JobStatus", models.JobStatus), ("V1JobStatus", models_v1.V1JobStatus), ("V1Mode", models_v1.V1Mode)],
)
def test_our_enums_have_exactly_the_tables_values(name: str, kind: Any) -> None:
    assert set(kind) == set(ENUMS[name]["values"]) | set(ENUMS[name].get("newer", []))


ARGUMENTS: dict[str, Any] = {
    "rules": [Rule(type="memo", description="a note to colleagues")],
    "parsing_configuration": ParsingConfiguration(max_pages=1),
    "transaction_id": "t-1",
    "webhook_configurations": [WebhookConfiguration(webhook_url="https://example.com")],
    "webhook_configuration_ids": ["whk-1"],
    "status": "FAILED",
    "job_ids": ["a"],
    "created_at_on_or_after": datetime(2026, 1, 1, tzinfo=UTC),
    "created_at_on_or_before": datetime(2026, 1, 1, tzinfo=UTC),
    "page_size": 5,
    "page_token": "after-0",
    "expand": ["usage"],
    "file_ids": ["a"],
    "file_name": "a.txt",
    "external_file_id": "mine",
    "order_by": "name",
    "product_type": ["classify_v2"],
    "name": "mail",
    "latest_only": True,
    "purpose": "classify",
    "mode": "MULTIMODAL",
}


def given(service: ClassifyService, method: str, route: str, client: Any) -> tuple[list[Any], dict[str, Any]]:
    """A value for each parameter of a method that can stand together with the others."""
    function = find(client, method)
    arguments = {**ARGUMENTS}
    file_id = service.add_file("a.txt", b"a memo")
    if method == "v1.jobs.create":
        arguments["parsing_configuration"] = V1ParsingConfiguration()
    if method == "jobs.list":
        arguments["configuration_id"] = "cfg-1"
    first = {"jobs.create": file_id, "v1.jobs.create": [file_id], "files.upload": b"a memo"}
    first |= {"configurations.create": "mail"}
    positional = [first[method]] if method in first else ["id-1"] if "{" in route else []
    names = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    return positional, {name: arguments[name] for name in names if name in arguments}


def find(client: Any, method: str) -> Any:
    for part in method.split("."):
        client = getattr(client, part)
    return client


def send(service: ClassifyService, method: str, route: str, face: str) -> None:
    """Calls a method with all it takes; what comes back does not matter here."""
    options: dict[str, Any] = {"api_key": service.api_key, "base_url": service.base_url, "max_retries": 0}
    options |= {"organization_id": "o-1", "project_id": "p-1"}
    if face == "sync":
        with ClassifyClient(**options) as client:
            positional, keywords = given(service, method, route, client)
            answer = find(client, method)(*positional, **keywords)
            assert not hasattr(answer, "pages") or list(answer.pages())
        return

    async def use() -> None:
        async with AsyncClassifyClient(**options) as client:
            positional, keywords = given(service, method, route, client)
            answer = find(client, method)(*positional, **keywords)
            if hasattr(answer, "pages"):
                [page async for page in answer.pages()]
            else:
                await answer

    asyncio.run(use())


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize("route", ROUTES)
def test_every_route_is_called_with_every_parameter(service: ClassifyService, route: str, face: str) -> None:
    entry = ROUTES[route]
    with suppress(NotFoundError):  # nothing has the ID that is asked for; here only the request matters
        send(service, entry["method"], route, face)

    sent = service.requests[-1]
    assert sent.route == route.partition("{")[0] + ("id-1" + route.partition("}")[2] if "{" in route else "")
    assert set(sent.query) == set(TABLE["everywhere"]) | set(entry.get("query", {}))
    if "form" in entry:
        assert set(sent.form) == set(fields_of(entry["form"]))
    if "body" in entry:
        fields = {name for name, field in fields_of(entry["body"]).items() if not field.get("deprecated")}
        alternatives = {"configuration_id"}  # in place of `configuration`; its own test is in tests/api
        assert set(sent.json) == fields - alternatives


def test_every_method_of_the_client_has_its_route_in_the_table() -> None:
    client = ClassifyClient(api_key="llx-0123456789", base_url="us")
    resources = {"jobs": client.jobs, "files": client.files, "configurations": client.configurations}
    resources["v1.jobs"] = client.v1.jobs
    methods = {
        f"{resource}.{name}"
        for resource, methods in resources.items()
        for name in dir(methods)
        if not name.startswith("_") and callable(getattr(methods, name))
    }
    assert methods - {"jobs.wait", "v1.jobs.wait"} == {entry["method"] for entry in ROUTES.values()}


LIMITED_PARAMETERS = [
    (entry["method"], name, field["min"], field["max"])
    for entry in ROUTES.values()
    for name, field in entry.get("query", {}).items()
    if "max" in field
]


@pytest.mark.parametrize(("method", "name", "least", "most"), LIMITED_PARAMETERS)
def test_a_parameters_limits_are_kept_before_anything_is_sent(method: str, name: str, least: Any, most: Any) -> None:
    listing = find(ClassifyClient(api_key="llx-0123456789", base_url="us"), method)
    listing(**{name: least})
    listing(**{name: most})
    for beyond in (least - 1, most + 1):
        with pytest.raises(InvalidOptionError, match=name):
            listing(**{name: beyond})


def test_a_files_name_is_limited_as_the_table_says() -> None:
    upload = find(ClassifyClient(api_key="llx-0123456789", base_url="us"), "files.upload")
    with pytest.raises(InvalidOptionError, match="3000"):
        upload(b"x", name="n" * (fields_of("File")["name"]["max"] + 1))


@pytest.mark.parametrize("route", ROUTES)
def test_a_method_returns_what_its_route_answers(route: str) -> None:
    client = ClassifyClient(api_key="llx-0123456789", base_url="us")
    entry = ROUTES[route]
    returned = str(inspect.signature(find(client, entry["method"])).return_annotation)
    if "answer" not in entry:
        assert returned == "None"
        return
    expected = RECEIVED[entry["answer"]].__name__
    assert returned == expected.replace("Page[", "Listing[")
