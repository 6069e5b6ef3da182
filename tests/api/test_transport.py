from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from classify_core.api import AsyncClassifyClient, ClassifyClient
from classify_core.api.calls_jobs import get_job
from classify_core.api.flow import Send
from classify_core.api.transport import _ENDING, DEFAULT_TIMEOUT, Requests, limited
from classify_core.errors import InvalidOptionError
from classify_core.models import Rule
from tests.api.driver import Driver
from tests.service import ClassifyService


def options_of(service: ClassifyService) -> Any:
    return {"api_key": service.api_key, "base_url": service.base_url}


def http_client(api: Driver, **options: Any) -> Any:
    return httpx.AsyncClient(**options) if api.is_async else httpx.Client(**options)


def close(api: Driver, client: Any) -> None:
    api(client.aclose if api.is_async else client.close)


def test_requests_share_one_connection(api: Driver, service: ClassifyService, rules: list[Rule]) -> None:
    file = api(api.client.files.upload, b"an invoice", name="a.txt")
    api(api.client.jobs.wait, api(api.client.jobs.create, file.id, rules=rules))
    api.listed(api.client.jobs.list())

    assert len(service.requests) == 4
    assert service.connections == 1


def test_no_connection_is_made_before_it_is_needed(api: Driver, service: ClassifyService) -> None:
    api.make()
    assert service.connections == 0


def test_threads_share_a_client(service: ClassifyService) -> None:
    with ClassifyClient(**options_of(service)) as client:
        jobs = [service.add_file(f"{number}.txt", b"an invoice") for number in range(8)]
        made: list[str] = []

        def classify(file_id: str) -> None:
            rule = {"type": "invoice", "description": "long enough"}
            made.append(client.jobs.wait(client.jobs.create(file_id, rules=[rule])).id)

        threads = [threading.Thread(target=classify, args=(file_id,)) for file_id in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(made) == sorted(service.jobs)


def test_a_client_of_the_users_own_is_used_as_it_is_and_stays_open(api: Driver, service: ClassifyService) -> None:
    own = http_client(api, headers={"X-Mine": "1"}, timeout=3.0)
    client = api.make(http_client=own)
    api.listed(client.jobs.list())
    close(api, client)

    assert service.requests[-1].headers["x-mine"] == "1"
    assert service.requests[-1].headers["authorization"] == f"Bearer {service.api_key}"
    assert not own.is_closed
    assert "authorization" not in own.headers
    close(api, own)


def test_a_password_of_the_users_own_client_does_not_replace_the_key(api: Driver, service: ClassifyService) -> None:
    own = http_client(api, auth=("user", "password"))
    client = api.make(http_client=own)
    assert api.listed(client.jobs.list()) == []
    close(api, own)


def test_a_client_of_the_users_own_that_follows_redirects_does_not_take_the_key_along(
    api: Driver, service: ClassifyService
) -> None:
    own = http_client(api, follow_redirects=True)
    service.fail_next("GET *", status=307, headers={"Location": "/api/v1/beta/files"})
    with pytest.raises(Exception, match="redirects"):
        api.listed(api.make(http_client=own).jobs.list())
    assert len(service.requests) == 1
    close(api, own)


def test_a_client_of_the_users_own_that_was_closed_is_named(api: Driver) -> None:
    own = http_client(api)
    close(api, own)
    with pytest.raises(InvalidOptionError, match="http_client"):
        api.listed(api.make(http_client=own).jobs.list())


def test_the_wrong_kind_of_http_client_is_refused(api: Driver) -> None:
    wrong = httpx.Client() if api.is_async else httpx.AsyncClient()
    with pytest.raises(InvalidOptionError, match="httpx"):
        api.make(http_client=wrong)
    with pytest.raises(InvalidOptionError, match="httpx"):
        api.make(http_client="http://proxy")


def test_a_closed_client_says_so(api: Driver) -> None:
    api.listed(api.client.jobs.list())
    close(api, api.client)
    close(api, api.client)
    with pytest.raises(InvalidOptionError, match="closed"):
        api.listed(api.client.jobs.list())


def test_a_proxy_of_the_environment_does_not_catch_a_local_server(api: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert api.listed(api.make().jobs.list()) == []


def test_a_proxy_of_the_environment_is_used_for_other_hosts() -> None:
    def trusted(base_url: str) -> Any:
        requests = Requests(base_url, project_id=None, organization_id=None, timeout=None)
        return requests.options_of_own_client()["trust_env"]

    assert trusted("https://classify.example.com")
    assert not trusted("http://127.0.0.1:8000")


@pytest.mark.parametrize(
    ("given", "own", "expected"),
    [
        (None, None, DEFAULT_TIMEOUT),
        (20.0, None, httpx.Timeout(20.0, connect=10.0)),
        (3.0, None, httpx.Timeout(3.0)),
        (httpx.Timeout(1.0, read=None), None, httpx.Timeout(1.0, read=None)),
        (None, 4.0, httpx.Timeout(4.0)),
        (8.0, 4.0, httpx.Timeout(8.0)),
    ],
)
def test_the_time_outs_are_those_given_else_the_own_clients_else_ours(
    service: ClassifyService, given: Any, own: Any, expected: Any
) -> None:
    seen = []
    http = None if own is None else httpx.Client(timeout=own)

    class Watching(ClassifyClient):
        def _send(self, step: Send, key: SecretStr) -> httpx.Response:
            client = self._transport._client()
            seen.append(self._requests.make(client, step, None, None).extensions["timeout"])
            return super()._send(step, key)

    with Watching(**options_of(service), timeout=given, http_client=http) as client:
        list(client.jobs.list())
    if http is not None:
        http.close()
    assert seen == [expected.as_dict()]


def test_a_near_deadline_shortens_every_time_out_and_lengthens_none() -> None:
    assert limited(httpx.Timeout(1.0, read=None, pool=9.0), 5.0) == httpx.Timeout(1.0, read=5.0, pool=5.0)
    assert limited(DEFAULT_TIMEOUT, None) is DEFAULT_TIMEOUT
    assert Send(get_job("a")).seconds is None


def test_an_async_client_serves_one_event_loop_after_the_other(service: ClassifyService) -> None:
    client = AsyncClassifyClient(**options_of(service))

    async def use() -> Any:
        return [job async for job in client.jobs.list()]

    for _ in range(3):
        assert asyncio.run(use()) == []
    gc.collect()
    assert service.connections == 3
    assert len(client._transport._own) <= 1


def test_loops_that_end_leave_no_open_connection(service: ClassifyService) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client = AsyncClassifyClient(**options_of(service))

        async def use() -> Any:
            return [job async for job in client.jobs.list()]

        asyncio.run(use())
        own = list(client._transport._own.values())
        assert all(loop_client.client.is_closed for loop_client in own)


def test_an_async_client_serves_event_loops_at_the_same_time(service: ClassifyService) -> None:
    client = AsyncClassifyClient(**options_of(service))
    together = threading.Barrier(3)
    counted: list[int] = []

    async def use() -> None:
        for _ in range(5):
            assert [job async for job in client.jobs.list()] == []
        await asyncio.to_thread(together.wait)
        counted.append(len(client._transport._own))
        await asyncio.to_thread(together.wait)

    threads = [threading.Thread(target=lambda: asyncio.run(use())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == [3, 3, 3]
    assert service.connections == 3


async def test_many_tasks_share_a_clients_connections(service: ClassifyService) -> None:
    async with AsyncClassifyClient(**options_of(service)) as client:

        async def look() -> Any:
            return [job async for job in client.jobs.list()]

        assert await asyncio.gather(*(look() for _ in range(20))) == [[]] * 20
        before = service.connections
        assert await asyncio.gather(*(look() for _ in range(20))) == [[]] * 20
        assert service.connections == before


async def test_closing_reaches_the_connections_of_other_running_loops(service: ClassifyService) -> None:
    client = AsyncClassifyClient(**options_of(service))
    elsewhere = asyncio.new_event_loop()
    thread = threading.Thread(target=elsewhere.run_forever)
    thread.start()

    async def use() -> Any:
        return [job async for job in client.jobs.list()]

    await use()
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(use(), elsewhere))
    own = list(client._transport._own.values())
    await client.aclose()
    elsewhere.call_soon_threadsafe(elsewhere.stop)
    thread.join()
    elsewhere.close()

    assert len(own) == 2
    assert all(loop_client.client.is_closed for loop_client in own)


async def test_an_upload_reads_its_file_off_the_event_loop(
    service: ClassifyService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"an invoice")
    readers: list[str] = []
    opened = Path.open

    def watched(self: Path, *args: Any, **options: Any) -> Any:
        readers.append(threading.current_thread().name)
        return opened(self, *args, **options)

    monkeypatch.setattr(Path, "open", watched)
    async with AsyncClassifyClient(**options_of(service)) as client:
        await client.files.upload(path)
    assert readers
    assert threading.current_thread().name not in readers


def test_a_forgotten_client_closes_its_connections(service: ClassifyService) -> None:
    client = ClassifyClient(**options_of(service))
    assert list(client.jobs.list()) == []
    own = client._transport._own
    del client
    gc.collect()
    assert own is not None
    assert own.is_closed


async def test_a_forgotten_async_client_closes_its_connections_on_their_loop(service: ClassifyService) -> None:
    client = AsyncClassifyClient(**options_of(service))
    assert [job async for job in client.jobs.list()] == []
    own = next(iter(client._transport._own.values()))
    del client
    gc.collect()
    await asyncio.gather(*_ENDING, asyncio.sleep(0))
    await asyncio.gather(*_ENDING)
    assert own.client.is_closed
