from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import classify_core
from classify_core import (
    BatchError,
    Classification,
    ClassifyError,
    JobFailedError,
    MissingExtraError,
    RateLimitError,
    Status,
    UnknownStatusError,
    UnknownTypeError,
    errors,
)

ALL = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, ClassifyError)]
NEEDED: dict[type, dict[str, Any]] = {UnknownStatusError: {"status": "ODD"}, UnknownTypeError: {"type": "alien"}}


def _made(error_class: type[ClassifyError]) -> ClassifyError:
    return error_class("it broke", **NEEDED.get(error_class, {}))


@pytest.mark.parametrize("error_class", ALL)
def test_every_error_is_public_and_none_is_a_runtime_error(error_class: type[ClassifyError]) -> None:
    assert error_class.__name__ in classify_core.__all__
    assert not issubclass(error_class, RuntimeError)
    assert error_class.__doc__


@pytest.mark.parametrize("error_class", ALL)
def test_every_error_survives_pickling_with_its_attributes(error_class: type[ClassifyError]) -> None:
    error = _made(error_class).about(source_name="a.pdf", job_id="job-1")
    for restored in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(restored) is error_class
        assert vars(restored) == vars(error)
        assert str(restored) == str(error)


def test_the_message_says_which_document_and_which_job() -> None:
    error = JobFailedError("it broke").about(source_name="a.pdf").about(job_id="job-1", source_name="other")
    assert str(error) == "document 'a.pdf', job job-1: it broke"


def test_errors_tell_handlers_more_than_their_message() -> None:
    error = RateLimitError("slow", retry_after=3.0, status=429, detail="d", request_id="r")
    assert (error.retry_after, error.plan_limit, error.status, error.detail, error.request_id) == (
        3.0,
        False,
        429,
        "d",
        "r",
    )


def test_a_missing_extra_is_an_import_error_too() -> None:
    assert isinstance(MissingExtraError("x"), ImportError)


def test_a_batch_error_carries_its_outcomes_through_pickling() -> None:
    outcome = Classification(status=Status.FAILED, error=JobFailedError("x", job_id="j"), backend="b", rules_id="r")
    restored: BatchError = pickle.loads(pickle.dumps(BatchError("1 of 1", outcomes=[outcome])))
    assert restored.outcomes[0].error is not None
    assert restored.outcomes[0].error.job_id == "j"


def test_the_tree_in_the_documentation_string_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    for error_class in ALL:
        assert error_class.__name__ in drawn, error_class


def test_a_classification_is_frozen_picklable_and_plain_in_json() -> None:
    outcome = Classification(status=Status.FAILED, error=JobFailedError("x"), backend="b", rules_id="r")
    with pytest.raises(ValueError, match="frozen"):
        outcome.type = "a"  # type: ignore[misc]  # what is tested
    assert pickle.loads(pickle.dumps(outcome)).status is Status.FAILED
    again = Classification.model_validate_json(outcome.model_dump_json())
    assert str(again.error) == "x"
