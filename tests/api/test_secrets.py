from __future__ import annotations

import copy
import logging
import pickle
import traceback
from typing import Any

import httpx
import pytest

from classify_core.api import ClassifyClient
from classify_core.errors import AuthenticationError, ClassifyError, InvalidOptionError
from classify_core.models import Rule
from tests.api.driver import Driver
from tests.service import ClassifyService

KEY = "llx-very-secret-0123456789"


@pytest.fixture
def client(api: Driver) -> Any:
    return api.make(api_key=KEY, max_retries=1)


def test_no_log_record_holds_the_key(
    api: Driver, client: Any, service: ClassifyService, caplog: pytest.LogCaptureFixture, rules: list[Rule]
) -> None:
    caplog.set_level(logging.DEBUG)
    service.api_key = KEY
    service.fail_next("GET *", status=500)
    file = api(client.files.upload, b"an invoice, confidential", name="a.txt")
    api(client.jobs.wait, api(client.jobs.create, file.id, rules=rules))

    assert {"httpx", "classify_core.api"} <= {record.name for record in caplog.records}
    assert any(record.name.startswith("httpcore") for record in caplog.records)
    for record in caplog.records:
        written = f"{record.getMessage()} {record.__dict__!r}"
        assert "very-secret" not in written
        assert "confidential" not in written


@pytest.mark.parametrize(
    "script",
    [
        {"status": 401, "body": {"detail": f"the key {KEY} is unknown"}},
        {"status": 422, "body": {"detail": [{"loc": ["header"], "msg": f"Bearer {KEY}"}]}},
        {"status": 500, "body": KEY},
        {"status": 302, "headers": {"Location": f"https://{KEY}@elsewhere.invalid/{KEY}"}},
        {"action": "cut"},
        {"body": {"id": KEY}},
    ],
)
def test_no_error_holds_the_key_even_if_the_service_repeats_it(
    api: Driver, client: Any, service: ClassifyService, script: dict[str, Any]
) -> None:
    service.fail_next("GET *", times=9, **script)
    with pytest.raises(ClassifyError) as raised:
        api(client.jobs.get, "job-1")

    error = raised.value
    told = "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))
    assert "very-secret" not in told.replace(repr(script), "")
    assert b"very-secret" not in pickle.dumps(error)


def test_the_cause_of_an_error_keeps_no_header(api: Driver, client: Any, service: ClassifyService) -> None:
    service.fail_next("GET *", action="cut", times=9)
    with pytest.raises(ClassifyError) as raised:
        api(client.jobs.get, "job-1")

    cause = raised.value.__cause__
    assert isinstance(cause, httpx.RequestError)
    assert "authorization" not in cause.request.headers


def test_a_client_shows_where_it_leads_and_not_its_key(api: Driver, client: Any) -> None:
    shown = repr(client) + str(client) + repr(client.jobs.list()) + repr(client.jobs) + repr(client.jobs.get)

    assert client.base_url in shown
    assert "secret" not in shown
    assert KEY not in repr(api.make(api_key=KEY, project_id="p-1")) + str(vars(client))
    assert "p-1" in repr(api.make(api_key=KEY, project_id="p-1"))


def test_a_pickled_client_finds_the_key_in_the_environment_again(
    api: Driver, service: ClassifyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled = pickle.dumps(api.make(project_id="p-1", timeout=7.0, max_retries=2))
    assert service.api_key.encode() not in pickled

    restored = pickle.loads(pickled)
    assert (restored.base_url, restored.project_id) == (service.base_url, "p-1")
    with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):
        api(restored.jobs.get, "job-1")

    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", service.api_key)
    assert api(restored.jobs.get, api.job().id).id in service.jobs
    api(restored.aclose if api.is_async else restored.close)


def test_a_client_with_an_http_client_of_the_users_own_says_why_it_cannot_be_pickled(api: Driver) -> None:
    own: Any = httpx.AsyncClient() if api.is_async else httpx.Client()
    with pytest.raises(InvalidOptionError, match="http_client"):
        pickle.dumps(api.make(http_client=own))
    api(own.aclose if api.is_async else own.close)


def test_a_copied_client_is_the_same_handle(api: Driver) -> None:
    assert copy.copy(api.client) is api.client
    assert copy.deepcopy({"client": api.client})["client"] is api.client


def test_a_webhooks_secrets_are_not_in_the_error_about_it(service: ClassifyService, rules: list[Rule]) -> None:
    hook: Any = {"webhook_url": "gopher://x", "webhook_signing_secret": "whisper", "webhook_headers": {"A": "whisper"}}
    with (
        ClassifyClient(api_key=KEY, base_url=service.base_url) as client,
        pytest.raises(InvalidOptionError, match="webhook_url") as refused,
    ):
        client.jobs.create("dfl-1", rules=rules, webhook_configurations=[hook])
    assert "whisper" not in "".join(traceback.format_exception(refused.value, limit=0)) + repr(vars(refused.value))
