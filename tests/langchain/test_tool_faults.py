"""Whom a tool blames: the model for its own mistakes, never for those of the service, the key or a backend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from pydantic import ValidationError

from classify_core import (
    Answer,
    AuthenticationError,
    Classification,
    ClassifyError,
    ClassifyRequest,
    ClassifyTimeoutError,
    ConnectionFailedError,
    HostedBackend,
    InvalidResponseError,
    JobFailedError,
    OutOfCreditsError,
    RateLimitError,
    Rule,
    ServerError,
    UnreadableDocumentError,
)
from langchain_classify import ClassifyTool
from tests.backends import ScriptedBackend
from tests.clocks import QuickClock
from tests.langchain.helpers import Recorder, fails_on
from tests.langchain.tool_calls import called, every_face

if TYPE_CHECKING:
    from tests.service import ClassifyService

DOCUMENTS: dict[str, Any] = {"acme.pdf": "an invoice", "cake.txt": b"a recipe"}
CREATE = "POST /api/v2/classify"

FAULTS: list[tuple[dict[str, Any], type[ClassifyError]]] = [
    ({"status": 401, "body": {"detail": "Invalid API key"}}, AuthenticationError),
    ({"status": 402, "body": {"detail": "Out of credits"}}, OutOfCreditsError),
    ({"status": 429, "body": {"detail": "Your plan's limit is reached. Upgrade."}}, RateLimitError),
    ({"status": 429, "body": {"detail": "Rate limit exceeded. Try again."}}, RateLimitError),
    ({"status": 500, "body": {"detail": "Internal error"}}, ServerError),
    ({"status": 503, "body": "<html>"}, ServerError),
    ({"status": 200, "body": {"id": 7}}, InvalidResponseError),
    ({"action": "broken_json"}, InvalidResponseError),
    ({"action": "cut", "work": False}, ConnectionFailedError),
]
every_fault = pytest.mark.parametrize(("fault", "error"), FAULTS)


def hosted(service: ClassifyService, rules: list[Rule], **options: Any) -> ClassifyTool:
    """A tool on the service, whose pauses take no time."""
    backend = HostedBackend(base_url=service.base_url, api_key=service.api_key, _clock=QuickClock())
    return ClassifyTool(rules, backend=backend, documents=DOCUMENTS, **options)


@every_face
@every_fault
def test_a_fault_of_the_service_is_raised_as_our_error(
    face: str, fault: dict[str, Any], error: type[ClassifyError], service: ClassifyService, rules: list[Rule]
) -> None:
    service.fail_next(CREATE, times=50, **fault)
    tool = hosted(service, rules, handle_tool_error=True, handle_validation_error=True)
    with pytest.raises(error, match=r"acme\.pdf"):
        called(tool, face, document="acme.pdf")


@every_face
@every_fault
def test_annotated_the_model_is_told_of_it_in_a_line_and_not_blamed(
    face: str, fault: dict[str, Any], error: type[ClassifyError], service: ClassifyService, rules: list[Rule]
) -> None:
    service.fail_next(CREATE, times=50, **fault)
    message = called(hosted(service, rules, on_failure="annotate"), face, document="acme.pdf")
    assert message.status == "success"
    assert str(message.content).startswith("could not be classified (failed): document 'acme.pdf': ")
    assert "\n" not in message.content
    assert service.api_key not in str(message)
    assert Classification.model_validate(message.artifact).status == "failed"


@every_face
def test_a_job_that_failed_and_a_key_of_nobody_are_our_errors_too(
    face: str, service: ClassifyService, rules: list[Rule]
) -> None:
    service.outcome_for("recipe", status="FAILED", error_message="PDF_IS_PROTECTED: no password")
    with pytest.raises((JobFailedError, UnreadableDocumentError), match="PDF_IS_PROTECTED"):
        called(hosted(service, rules), face, document="cake.txt")
    nobody = ClassifyTool(rules, api_key="llx-of-nobody", base_url=service.base_url, documents=DOCUMENTS)
    with nobody.classifier, pytest.raises(AuthenticationError):
        called(nobody, face, document="acme.pdf")


@every_face
@pytest.mark.parametrize("on_failure", ["raise", "annotate"])
def test_a_timeout_is_an_outcome_and_not_the_models_mistake(face: str, on_failure: Any, rules: list[Rule]) -> None:
    backend = fails_on("invoice", ClassifyTimeoutError)
    tool = ClassifyTool(rules, backend=backend, documents=DOCUMENTS, on_failure=on_failure)
    if on_failure == "raise":
        with pytest.raises(ClassifyTimeoutError):
            called(tool, face, document="acme.pdf")
    else:
        message = called(tool, face, document="acme.pdf")
        assert (message.status, message.artifact["status"]) == ("success", "timeout")


@every_face
@pytest.mark.parametrize("fault", [AuthenticationError, OutOfCreditsError, ConnectionFailedError, InvalidResponseError])
def test_a_fault_of_any_backend_is_raised_for_an_attachment_and_for_a_text(
    face: str, fault: type[ClassifyError], rules: list[Rule]
) -> None:
    tool = ClassifyTool(rules, backend=fails_on("invoice", fault), documents=DOCUMENTS)
    with pytest.raises(fault, match=r"acme\.pdf"):
        called(tool, face, document="acme.pdf")
    with pytest.raises(fault, match="no invoice here"):
        called(tool, face, text="an invoice")


class BrokenBackend(ScriptedBackend):
    """Breaks the contract in two ways that end in pydantic's own error."""

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        if b"invoice" in (request.content.data if request.content else b""):
            return Answer.model_validate({"type": "invoice", "confidence": "very"})
        return Answer.model_construct(type="recipe", confidence=7.0, reasoning="", alternatives=(), backend=None)


@every_face
@pytest.mark.parametrize("document", ["acme.pdf", "cake.txt"])
def test_a_broken_answer_is_never_taken_for_the_models_bad_input(face: str, document: str, rules: list[Rule]) -> None:
    tool = ClassifyTool(rules, backend=BrokenBackend(), documents=DOCUMENTS, handle_validation_error=True)
    with pytest.raises(ClassifyError) as caught:
        called(tool, face, document=document)
    assert not isinstance(caught.value, ValidationError)
    annotated = ClassifyTool(rules, backend=BrokenBackend(), documents=DOCUMENTS, on_failure="annotate")
    message = called(annotated, face, document=document)
    assert (message.status, message.artifact["status"]) == ("success", "failed")


class BrokenHandler(BaseCallbackHandler):
    """A program's own, with a mistake that ends in pydantic's error."""

    raise_error = True

    def on_custom_event(self, name: str, data: Any, **options: Any) -> None:
        Answer.model_validate({"type": "invoice", "confidence": "very"})


@every_face
def test_a_broken_callback_is_never_taken_for_the_models_bad_input(face: str, rules: list[Rule]) -> None:
    tool = ClassifyTool(rules, backend=ScriptedBackend(), documents=DOCUMENTS)
    with pytest.raises(ClassifyError, match="a callback raised a ValidationError about confidence"):
        called(tool, face, {"callbacks": [BrokenHandler()]}, document="acme.pdf")


@every_face
def test_annotated_the_model_is_told_that_a_document_could_not_be_classified(face: str, rules: list[Rule]) -> None:
    tool = ClassifyTool(rules, backend=fails_on("broken"), documents={"a.pdf": "broken"}, on_failure="annotate")
    message = called(tool, face, document="a.pdf")
    assert str(message.content).startswith("could not be classified (failed): document 'a.pdf': no broken here")
    assert message.artifact["status"] == "failed"
    assert Classification.model_validate(message.artifact).source_name == "a.pdf"


@every_face
@pytest.mark.parametrize("on_failure", ["raise", "annotate"])
def test_where_an_attachment_lies_is_told_to_neither_model_nor_trace(
    face: str, on_failure: Any, rules: list[Rule], tmp_path: Path
) -> None:
    documents = {"acme.pdf": tmp_path / "missing.pdf"}
    tool = ClassifyTool(rules, backend=ScriptedBackend(), documents=documents, on_failure=on_failure)
    recorder = Recorder()
    if on_failure == "raise":
        with pytest.raises(UnreadableDocumentError) as caught:
            called(tool, face, {"callbacks": [recorder]}, document="acme.pdf")
        told = str(caught.value)
        assert str(tmp_path) in str(caught.value.__context__)  # the program can look it up
    else:
        message = called(tool, face, {"callbacks": [recorder]}, document="acme.pdf")
        told = f"{message}"
    assert "there is no file missing.pdf" in told
    assert str(tmp_path) not in told
    assert "missing.pdf" in recorder.told()
    assert str(tmp_path) not in recorder.told()
