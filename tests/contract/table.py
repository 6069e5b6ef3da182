"""Reads the contract's table, and JSON schemas into the same facts, so that the two can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TABLE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("table.yaml").read_text(encoding="utf-8"))
ROUTES: dict[str, dict[str, Any]] = TABLE["routes"]
ENUMS: dict[str, dict[str, Any]] = TABLE["enums"]
MODELS: dict[str, dict[str, Any]] = TABLE["models"]

_FORMATS = {"date-time": "datetime", "uuid": "uuid", "uri": "uri", "binary": "binary"}
_LIMITS = {
    "min": ("minLength", "minItems", "minimum"),
    "max": ("maxLength", "maxItems", "maximum"),
}


@dataclass(frozen=True)
class Fact:
    """One field or parameter.

    `kind` is a plain type, a model's name, or a tuple of an enum's values; `shape` says whether one, a list or a map.
    """

    kind: str | tuple[str, ...]
    shape: str = "one"
    nullable: bool = False
    required: bool = False
    least: float | None = None
    most: float | None = None
    default: Any = None


def fields_of(model: str) -> dict[str, dict[str, Any]]:
    """A model's fields as the table has them."""
    return {name: entry for name, entry in MODELS[model].items() if name != "openapi"}


def stated(entry: dict[str, Any], *, newer: bool = True) -> Fact:
    """An entry of the table as a fact; `newer=False` leaves out the enum values that are newer than the slice."""
    shape = next((shape for shape in ("list", "map") if shape in entry), "one")
    kind = entry[shape if shape != "one" else "type"]
    return Fact(
        kind=enum_values(kind, newer=newer) if kind in ENUMS else kind,
        shape=shape,
        nullable=entry.get("nullable", False),
        required=entry.get("required", False),
        least=entry.get("min"),
        most=entry.get("max"),
        default=entry.get("default"),
    )


def enum_values(name: str, *, newer: bool = True) -> tuple[str, ...]:
    """An enum's values, sorted."""
    return tuple(sorted(ENUMS[name]["values"] + (ENUMS[name].get("newer", []) if newer else [])))


def read_schema(
    schema: dict[str, Any], definitions: dict[str, Any], names: dict[str, str], *, required: bool = False
) -> Fact:
    """A JSON schema as a fact; `names` gives the table's names of the models that it refers to."""
    choices = [choice for choice in schema.get("anyOf", [schema]) if choice.get("type") != "null"]
    inner = {**schema, **choices[0]}
    shape, item = "one", inner
    if inner.get("type") == "array":
        shape, item = "list", inner["items"]
    elif inner.get("type") == "object" and "properties" not in inner:
        values = inner.get("additionalProperties")
        shape, item = "map", values if isinstance(values, dict) else {}
    return Fact(
        kind=_kind(item, definitions, names),
        shape=shape,
        nullable=len(choices) < len(schema.get("anyOf", [schema])),
        required=required,
        least=_limit(inner, "min"),
        most=_limit(inner, "max"),
        default=schema.get("default"),
    )


def _kind(schema: dict[str, Any], definitions: dict[str, Any], names: dict[str, str]) -> str | tuple[str, ...]:
    schema = schema["oneOf"][0] if len(schema.get("oneOf", [])) == 1 else schema
    reference = schema.get("$ref") or (schema["allOf"][0]["$ref"] if "allOf" in schema else None)
    if reference is not None:
        name = reference.rpartition("/")[2]
        target = definitions[name]
        return tuple(sorted(target["enum"])) if "enum" in target else names[name]
    if "enum" in schema:
        return tuple(sorted(schema["enum"]))
    if "const" in schema:
        return (schema["const"],)
    kind: str = _FORMATS.get(schema.get("format", ""), schema.get("type", "any"))
    return kind


def _limit(schema: dict[str, Any], side: str) -> float | None:
    return next((schema[name] for name in _LIMITS[side] if name in schema), None)
