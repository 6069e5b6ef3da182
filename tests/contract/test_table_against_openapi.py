"""Holds the table to an OpenAPI document of the service, in both directions: `CONTRACT=openapi.json make test`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.contract.table import ENUMS, MODELS, ROUTES, TABLE, Fact, fields_of, read_schema, stated

FILE = os.environ.get("CONTRACT")
OURS = ("/api/v2/classify", "/api/v1/classifier/", "/api/v1/beta/files", "/api/v1/beta/configurations")

if not FILE:
    pytest.skip("CONTRACT names no OpenAPI document to compare with", allow_module_level=True)

DOCUMENT: dict[str, Any] = json.loads(Path(FILE).read_text(encoding="utf-8"))
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
NAMES = {schema: name for name, model in MODELS.items() for schema in model.get("openapi", [])}
PUBLISHED = [(name, schema) for name, model in MODELS.items() for schema in model.get("openapi", [])]


def published_routes() -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, operations in DOCUMENT["paths"].items()
        if path.startswith(OURS)
        for method, operation in operations.items()
        if method in {"get", "post", "put", "delete", "patch"}
    }


def older(entries: dict[str, Any]) -> dict[str, Any]:
    return {name: entry for name, entry in entries.items() if not entry.get("newer")}


def published_fields(schema: str) -> dict[str, Fact]:
    body = SCHEMAS[schema]
    required = body.get("required", [])
    return {
        name: read_schema(field, SCHEMAS, NAMES, required=name in required)
        for name, field in body.get("properties", {}).items()
    }


def referred(node: Any) -> set[str]:
    """The schemas that something refers to, directly or through others."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            name = str(current.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(SCHEMAS[name])
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)
    return found


def test_the_same_routes_are_published_and_known() -> None:
    known = set(older(ROUTES)) | set(TABLE["not_offered"])
    newer = set(ROUTES) - set(older(ROUTES))
    assert set(published_routes()) - newer == known


@pytest.mark.parametrize("route", older(ROUTES))
def test_a_route_takes_the_same_parameters(route: str) -> None:
    parameters = published_routes()[route].get("parameters", [])
    query = {
        p["name"]: read_schema(p["schema"], SCHEMAS, NAMES, required=p.get("required", False))
        for p in parameters
        if p["in"] == "query"
    }
    entry = ROUTES[route].get("query", {})
    newer = set(entry) - set(older(entry))
    known = older(entry) | TABLE["everywhere"]

    assert {name: fact for name, fact in query.items() if name not in newer} == {
        name: stated(field, newer=False) for name, field in known.items()
    }
    assert {p["name"] for p in parameters if p["in"] == "path"} == {
        part[1:-1] for part in route.split("/") if part.startswith("{")
    }
    assert {p["name"] for p in parameters if p["in"] not in {"query", "path"}} <= {"session"}


@pytest.mark.parametrize("route", older(ROUTES))
def test_a_route_takes_and_answers_the_same_bodies(route: str) -> None:
    operation, entry = published_routes()[route], ROUTES[route]
    content = operation.get("requestBody", {}).get("content", {})
    answered = operation["responses"][str(entry["status"])].get("content", {})

    assert _only_model(content) == entry.get("form", entry.get("body"))
    assert set(content) <= {"multipart/form-data" if "form" in entry else "application/json"}
    assert _only_model(answered) == entry.get("answer")


def _only_model(content: dict[str, Any]) -> str | None:
    schemas = [NAMES[media["schema"]["$ref"].rpartition("/")[2]] for media in content.values()]
    return schemas[0] if schemas else None


@pytest.mark.parametrize(("name", "schema"), PUBLISHED)
def test_a_model_has_the_same_fields(name: str, schema: str) -> None:
    fields = fields_of(name)
    newer = set(fields) - set(older(fields))
    published = {field: fact for field, fact in published_fields(schema).items() if field not in newer}

    assert published == {field: stated(entry, newer=False) for field, entry in older(fields).items()}


@pytest.mark.parametrize(("name", "schema"), PUBLISHED)
def test_the_same_fields_are_deprecated(name: str, schema: str) -> None:
    published = {field for field, body in SCHEMAS[schema]["properties"].items() if body.get("deprecated")}
    assert published == {field for field, entry in fields_of(name).items() if entry.get("deprecated")}


@pytest.mark.parametrize("name", [name for name, enum in ENUMS.items() if "openapi" in enum])
def test_a_named_enum_has_the_same_values(name: str) -> None:
    published = set(SCHEMAS[ENUMS[name]["openapi"]]["enum"])
    assert published - set(ENUMS[name].get("newer", [])) == set(ENUMS[name]["values"])


def test_every_schema_that_our_routes_speak_of_is_known() -> None:
    spoken = referred(list(published_routes().values()))
    enums = {enum["openapi"] for enum in ENUMS.values() if "openapi" in enum}
    assert spoken == set(NAMES) | enums | set(TABLE["not_modelled"])
