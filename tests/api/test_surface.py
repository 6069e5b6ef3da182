from __future__ import annotations

import inspect
import pydoc
import typing
from typing import Any

import pytest

import classify_core.api as api_package
from classify_core.api import AsyncClassifyClient, ClassifyClient
from classify_core.api.resources import AsyncFiles, AsyncJobs, Files, Jobs
from classify_core.models import ClassifyJob

OPTIONS: dict[str, Any] = {"api_key": "llx-0123456789", "base_url": "http://127.0.0.1:1"}
METHODS = {
    "jobs": ["create", "get", "list", "cancel", "delete", "wait"],
    "files": ["upload", "get", "list", "delete"],
    "configurations": ["create", "get", "list", "update", "delete"],
    "v1.jobs": ["create", "get", "list", "results", "wait"],
}
ALL = [(resource, method) for resource, methods in METHODS.items() for method in methods]


def method_of(client: Any, resource: str, name: str) -> Any:
    for part in resource.split("."):
        client = getattr(client, part)
    return getattr(client, name)


@pytest.mark.parametrize(("resource", "name"), ALL)
def test_both_faces_take_the_same_arguments_and_give_the_same_help(resource: str, name: str) -> None:
    sync = method_of(ClassifyClient(**OPTIONS), resource, name)
    native = method_of(AsyncClassifyClient(**OPTIONS), resource, name)

    assert inspect.signature(sync).parameters == inspect.signature(native).parameters
    assert inspect.getdoc(sync) == inspect.getdoc(native)
    assert "Raises:" in (inspect.getdoc(sync) or "")
    assert sync.__name__ == name
    assert inspect.iscoroutinefunction(native) is (name not in {"list", "results"})
    assert not inspect.iscoroutinefunction(sync)


@pytest.mark.parametrize(("resource", "name"), ALL)
def test_options_are_keywords_after_the_first_obvious_argument(resource: str, name: str) -> None:
    parameters = inspect.signature(method_of(ClassifyClient(**OPTIONS), resource, name)).parameters.values()
    positional = [p.name for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    assert len(positional) <= 1


def test_a_signature_tells_what_comes_back() -> None:
    sync, native = ClassifyClient(**OPTIONS), AsyncClassifyClient(**OPTIONS)

    assert typing.get_type_hints(sync.jobs.get)["return"] is ClassifyJob
    assert str(inspect.signature(native.jobs.wait)).endswith("-> 'ClassifyJob'")
    assert inspect.signature(sync.jobs.list).return_annotation == "Listing[ClassifyJob]"
    assert inspect.signature(native.v1.jobs.results).return_annotation == "AsyncListing[FileClassification]"
    assert inspect.signature(sync.files.delete).return_annotation == "None"


@pytest.mark.parametrize("kind", [Jobs, AsyncJobs, Files, AsyncFiles])
def test_help_of_a_resource_lists_its_methods(kind: Any) -> None:
    text = pydoc.plain(pydoc.render_doc(kind))
    assert "get(self, /, " in text
    assert "ClassifyError" in text


def test_a_method_can_be_called_on_its_class() -> None:
    assert "Listing of GET /api/v2/classify" in repr(Jobs.list(ClassifyClient(**OPTIONS).jobs))


def test_the_public_names_are_those_announced() -> None:
    public = {
        name for name, value in vars(api_package).items() if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert public == set(api_package.__all__)
