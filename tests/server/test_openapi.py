"""Holds the server's own OpenAPI document to the contract's table, and with CONTRACT=openapi.json to that document."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.contract.table import ENUMS, MODELS, ROUTES, TABLE, Fact, fields_of, read_schema, stated
from tests.server.openapi_document import document

# The models that only the notes know have no published names.
OWN_NAMES = {"DeletedJob": ["ClassifyV2JobDeleteResponse"], "Usage": ["ClassifyV2JobUsage"]}
SCHEMAS_OF = {name: model.get("openapi", OWN_NAMES.get(name)) for name, model in MODELS.items()}
PAIRS = [(name, schema) for name, schemas in SCHEMAS_OF.items() for schema in schemas]
NAMES = {schema: name for name, schema in PAIRS}
FIELDS = [(name, schema, field) for name, schema in PAIRS for field in fields_of(name)]
ANSWERED = {
    *("Result", "Usage", "Job", "JobPage", "DeletedJob", "Address", "File", "FilePage", "SavedConfiguration"),
    *("ConfigurationPage", "V1Job", "V1JobPage", "V1FileResult", "V1ResultPage"),
}
# The published type is wider than what its description allows.
DESCRIBED = {("Upload", "purpose")}
# The table says nothing of these: older routes of the same files, and what a server has for itself.
BESIDES = {
    "POST /api/v1/files",
    "GET /api/v1/files/{file_id}",
    "GET /api/v1/files/{file_id}/content",
    "GET /healthz",
}


def schemas() -> dict[str, Any]:
    return document()["components"]["schemas"]


def operations(of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in of["paths"].items()
        for method, operation in methods.items()
        if method in {"get", "post", "put", "delete", "patch"}
    }


def parameters(operation: dict[str, Any], definitions: dict[str, Any], place: str) -> dict[str, Fact]:
    return {
        parameter["name"]: read_schema(
            parameter["schema"], definitions, NAMES, required=parameter.get("required", False)
        )
        for parameter in operation.get("parameters", [])
        if parameter["in"] == place
    }


def fields(schema: str, definitions: dict[str, Any]) -> dict[str, Fact]:
    body = definitions[schema]
    return {
        name: read_schema(field, definitions, NAMES, required=name in body.get("required", []))
        for name, field in body["properties"].items()
    }


def takes(ours: Fact, theirs: Fact) -> bool:
    """Whether our part of a request is theirs; only an ID may be spelled in more ways."""
    is_wider = ours.kind == "string" and theirs.kind == "uuid"
    return ours == theirs or (is_wider and replace(ours, kind="uuid") == theirs)


def tells(ours: Fact, theirs: Fact) -> bool:
    """Whether our part of an answer is theirs; it may be promised where theirs is not."""
    return ours == theirs or (ours.required and replace(ours, required=False) == theirs)


def test_the_server_has_exactly_the_contracts_routes_and_its_own() -> None:
    assert set(operations(document())) == set(ROUTES) | set(TABLE["not_offered"]) | BESIDES


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_takes_the_tables_parameters(route: str) -> None:
    operation = operations(document())[route]
    ours = parameters(operation, schemas(), "query")
    table = {name: stated(entry) for name, entry in (ROUTES[route].get("query", {}) | TABLE["everywhere"]).items()}

    assert set(ours) == set(table)
    if "page_size" in table and table["page_size"].least is None:
        # A page of no items and one of millions are refused, whether the document says so or not.
        ours["page_size"] = replace(ours["page_size"], least=None, most=None)
    assert {name: (ours[name], table[name]) for name in table if not takes(ours[name], table[name])} == {}
    assert set(parameters(operation, schemas(), "path")) == {
        part[1:-1] for part in route.split("/") if part.startswith("{")
    }
    assert set(parameters(operation, schemas(), "cookie")) == {"session"}


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_takes_and_answers_the_tables_bodies(route: str) -> None:
    operation, entry = operations(document())[route], ROUTES[route]
    taken = operation.get("requestBody", {}).get("content", {})
    answered = operation["responses"][str(entry["status"])].get("content", {})

    assert _only_model(taken) == entry.get("form", entry.get("body"))
    assert set(taken) <= {"multipart/form-data" if "form" in entry else "application/json"}
    assert _only_model(answered) == entry.get("answer")


def _only_model(content: dict[str, Any]) -> str | None:
    models = [NAMES[media["schema"]["$ref"].rpartition("/")[2]] for media in content.values()]
    return models[0] if models else None


@pytest.mark.parametrize(("name", "schema"), PAIRS)
def test_a_model_has_the_tables_fields(name: str, schema: str) -> None:
    assert set(schemas()[schema]["properties"]) == set(fields_of(name))


@pytest.mark.parametrize(("name", "schema", "field"), FIELDS)
def test_a_field_is_what_the_table_says(name: str, schema: str, field: str) -> None:
    ours, table = fields(schema, schemas())[field], stated(fields_of(name)[field])
    if (name, field) in DESCRIBED:
        ours = replace(ours, kind=table.kind)
    if {ours.kind, table.kind} == {"Webhook", "V1Webhook"}:
        ours = replace(ours, kind=table.kind)
    assert tells(ours, table) if name in ANSWERED else takes(ours, table), (ours, table)


@pytest.mark.parametrize(("name", "schema"), PAIRS)
def test_the_tables_deprecated_fields_are_marked(name: str, schema: str) -> None:
    marked = {field for field, body in schemas()[schema]["properties"].items() if body.get("deprecated")}
    assert marked == {field for field, entry in fields_of(name).items() if entry.get("deprecated")}


@pytest.mark.parametrize("name", [name for name, enum in ENUMS.items() if "openapi" in enum])
def test_a_named_enum_has_the_tables_values(name: str) -> None:
    assert schemas()[ENUMS[name]["openapi"]]["enum"] == ENUMS[name]["values"] + ENUMS[name].get("newer", [])


def test_a_rules_type_shows_which_characters_it_may_have() -> None:
    assert "pattern" in schemas()["ClassifyV2Rule"]["properties"]["type"]
    assert "pattern" in schemas()["ClassifierRule"]["properties"]["type"]


def test_only_a_v1_webhook_refuses_unknown_fields() -> None:
    closed = {name for name, schema in schemas().items() if schema.get("additionalProperties") is False}
    assert closed == {"LlamaParseWebhookConfiguration"}


def keyed() -> Iterator[tuple[str, dict[str, Any]]]:
    return ((route, operation) for route, operation in operations(document()).items() if route != "GET /healthz")


def test_every_route_but_health_asks_for_a_key() -> None:
    assert document()["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert {route: operation.get("security") for route, operation in keyed()} == {
        route: [{"HTTPBearer": []}] for route, _ in keyed()
    }
    assert "security" not in operations(document())["GET /healthz"]


def test_every_route_but_health_refuses_another_project() -> None:
    assert [
        route for route, operation in keyed() if "project_id" not in parameters(operation, schemas(), "query")
    ] == []


def test_every_route_documents_the_errors_that_any_may_answer() -> None:
    missing = {
        route: {"400", "401", "403", "413", "422", "429"} - set(operation["responses"]) for route, operation in keyed()
    }
    assert {route: statuses for route, statuses in missing.items() if statuses} == {}


def test_routes_document_missing_things_and_wrong_states() -> None:
    named = {route: operation["responses"] for route, operation in keyed() if "{" in route}
    assert [route for route, responses in named.items() if "404" not in responses] == []
    assert "409" in named["POST /api/v2/classify/{job_id}/cancel"]
    assert "409" in named["DELETE /api/v2/classify/{job_id}"]


def test_every_operation_parameter_and_field_is_described() -> None:
    bare = [route for route, operation in operations(document()).items() if not operation.get("description")]
    bare += [
        f"{route} {parameter['name']}"
        for route, operation in operations(document()).items()
        for parameter in operation.get("parameters", [])
        if parameter["in"] != "path" and not parameter.get("description")
    ]
    bare += [
        f"{name}.{field}"
        for name, schema in schemas().items()
        for field, body in schema.get("properties", {}).items()
        if not body.get("description") and name != "Health"
    ]
    assert bare == []


CONTRACT = os.environ.get("CONTRACT")
PUBLISHED: dict[str, Any] = (
    json.loads(Path(CONTRACT).read_text(encoding="utf-8")) if CONTRACT else {"paths": {}, "components": {"schemas": {}}}
)
PUBLISHED_SCHEMAS: dict[str, Any] = PUBLISHED["components"]["schemas"]
# Our errors carry no input and no context, and their details are sentences as well.
OWN_SCHEMAS = {"HTTPValidationError", "ValidationError"}
# What is newer than the published document, by the table.
NEWER = {(schema, field) for name, schema in PAIRS for field, entry in fields_of(name).items() if entry.get("newer")}
needs_contract = pytest.mark.skipif(not CONTRACT, reason="CONTRACT names no OpenAPI document to compare with")


@needs_contract
def test_the_server_has_every_published_route_under_its_published_name() -> None:
    published = {route: operation["operationId"] for route, operation in operations(PUBLISHED).items()}
    ours = {route: operation["operationId"] for route, operation in operations(document()).items()}
    assert {route: ours.get(route) for route in published} == published


@needs_contract
@pytest.mark.parametrize("route", operations(PUBLISHED))
def test_a_route_takes_every_published_parameter(route: str) -> None:
    ours, theirs = operations(document())[route], operations(PUBLISHED)[route]
    for place in ("query", "path", "cookie"):
        known, published = (
            parameters(ours, schemas(), place),
            parameters(theirs, PUBLISHED_SCHEMAS, place),
        )
        assert set(published) <= set(known)
        assert {
            name: (known[name], fact) for name, fact in published.items() if not _takes_newer(known[name], fact)
        } == {}


def _takes_newer(ours: Fact, theirs: Fact) -> bool:
    if isinstance(ours.kind, tuple) and isinstance(theirs.kind, tuple) and set(theirs.kind) <= set(ours.kind):
        ours = replace(ours, kind=theirs.kind)
    return takes(ours, theirs) or (
        # A published number of seconds has no bounds; a file's life bounds it here.
        theirs.kind == "integer" and replace(ours, least=theirs.least, most=theirs.most) == theirs
    )


@needs_contract
@pytest.mark.parametrize("schema", sorted(set(PUBLISHED_SCHEMAS) - OWN_SCHEMAS))
def test_a_published_schema_has_every_published_field_and_value(schema: str) -> None:
    published, ours = PUBLISHED_SCHEMAS[schema], schemas()[schema]
    assert set(published.get("enum", [])) <= set(ours.get("enum", []))
    assert set(published.get("properties", {})) == {
        field for field in ours.get("properties", {}) if (schema, field) not in NEWER
    }
    assert set(published.get("required", [])) <= set(ours.get("required", []))
