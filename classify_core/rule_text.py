"""The text of a rules file as data, JSON or YAML, strict where the two languages' readers are careless."""

from __future__ import annotations

import json
from typing import Any

import yaml

from classify_core.errors import InvalidRulesError

_SHOWN_LENGTH = 50


def parsed(text: str, *, named_json: bool) -> Any:
    """Reads JSON or YAML.

    JSON comes first where the text looks like it: YAML takes most of JSON, but neither indentation by tabs nor a
    character that is escaped as two surrogates.

    Args:
        text: the file's content.
        named_json: whether the file's name says that it is JSON.

    Raises:
        InvalidRulesError: it is neither, is nested too deeply, or names a key twice in one mapping.
    """
    try:
        if named_json or text.lstrip().startswith(("{", "[")):
            return _json_or_yaml(text, named_json=named_json)
        return _yaml(text)
    except RecursionError:
        raise InvalidRulesError("is nested too deeply for a list of rules") from None


def _json_or_yaml(text: str, *, named_json: bool) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except InvalidRulesError:
        raise
    except ValueError as json_error:  # also what is raised for a number of more than 4300 digits
        try:
            return _yaml(text)  # its flow style begins like JSON
        except InvalidRulesError:
            if named_json:
                raise InvalidRulesError(f"is neither JSON nor YAML: {json_error}") from None
            raise


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidRulesError(_twice(key))
        found[key] = value
    return found


def _yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader, stricter
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f" (line {error.problem_mark.line + 1})"
        raise InvalidRulesError(f"is neither YAML nor JSON: {error.problem or error.context}{line}") from error
    except yaml.YAMLError as error:
        first_line, _, _ = str(error).partition("\n")
        raise InvalidRulesError(f"is neither YAML nor JSON: {first_line}") from error


class _StrictLoader(yaml.SafeLoader):
    """Refuses duplicate keys, and says where a value is that its tag or its form promises but that does not exist."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # Not where mappings are constructed: by then merge keys (<<) are replaced by what they stand for.
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise InvalidRulesError(f"line {key.start_mark.line + 1}: {_twice(key.value)}")
                seen.add((key.tag, key.value))
        return node

    def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - the signature of PyYAML
        try:
            return super().construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            if isinstance(error, InvalidRulesError):
                raise
            # PyYAML lets its converters' own errors through, for example ValueError for the date 2024-13-45.
            value = str(node.value)[:_SHOWN_LENGTH] if isinstance(node, yaml.ScalarNode) else node.tag
            line = node.start_mark.line + 1
            raise InvalidRulesError(f"line {line}: cannot read the value {value!r}; write it in quotes") from None


def _twice(key: str) -> str:
    return f"the key {key[:_SHOWN_LENGTH]!r} stands twice in one mapping; only one of the two could count"
