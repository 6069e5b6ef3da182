from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from classify_core.errors import InvalidOptionError
from classify_core.server.logs import LOGGER_NAME
from classify_core.server.store import deliveries
from classify_core.server.webhooks.sender import AT_ONCE_PER_HOST, PATIENCE, Patience
from tests.backends import until
from tests.server.webhook_receiver import QUICK, Receiver, sending

ROOT = Path(__file__).parents[2]
SHORT = Patience(attempt_seconds=0.1, waits=(0.01, 0.01), stop_seconds=0.1)
NEVER_AGAIN = Patience(attempt_seconds=5.0, waits=(3600.0, 3600.0), stop_seconds=0.1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def test_the_published_patience_is_three_attempts_of_30_seconds_backing_off_from_1() -> None:
    assert (PATIENCE.waits, PATIENCE.attempt_seconds) == ((1.0, 2.0), 30.0)


async def test_a_failed_delivery_is_tried_again_as_the_same_event(receiver: Receiver, tmp_path: Path) -> None:
    receiver.statuses["/"] = [500, 500, 200]
    async with sending(tmp_path) as running:
        await running.create({"webhook_url": receiver.url(), "webhook_signing_secret": "secret"})
        await running.settled()
    first, *again = receiver.received
    assert len(again) == 2
    assert all((each.headers, each.body) == (first.headers, first.body) for each in again)


async def test_a_delivery_that_fails_three_times_is_given_up(
    receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.statuses["/"] = [500, 404, 400, 200]
    with caplog.at_level(logging.INFO, LOGGER_NAME):
        async with sending(tmp_path) as running:
            await running.create({"webhook_url": receiver.url()})
            await running.settled()
    assert len(receiver.received) == 3
    assert [record.message for record in caplog.records] == ["webhook.failed", "webhook.failed", "webhook.given_up"]


@pytest.mark.parametrize("status", [201, 202, 204, 299])
async def test_any_2xx_is_a_success(receiver: Receiver, tmp_path: Path, status: int) -> None:
    receiver.statuses["/"] = [status]
    async with sending(tmp_path) as running:
        await running.create({"webhook_url": receiver.url()})
        await running.settled()
    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failed_attempt_and_its_target_is_not_asked(
    receiver: Receiver, tmp_path: Path, status: int
) -> None:
    with Receiver() as target:
        receiver.statuses["/"] = [status]
        receiver.headers["Location"] = target.url("/admin")
        async with sending(tmp_path) as running:
            await running.create({"webhook_url": receiver.url()})
            await running.settled()
        assert target.received == []
    assert len(receiver.received) == 3


async def test_an_attempt_that_is_not_answered_in_time_has_failed(
    receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOGGER_NAME):
        async with sending(tmp_path, patience=SHORT) as running:
            await running.create({"webhook_url": receiver.url("/hold")})
            await running.settled()
    failures = [record.classify_fields["failure"] for record in caplog.records]
    assert failures == ["no answer within 0.1 s"] * 3


async def test_an_answer_that_never_ends_is_a_success_and_is_not_listened_to(
    receiver: Receiver, tmp_path: Path
) -> None:
    async with sending(tmp_path) as running:
        await running.create({"webhook_url": receiver.url("/drip")})
        await running.settled()
    assert len(receiver.received) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "127.1", "2130706433", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_not_told_anything(receiver: Receiver, tmp_path: Path, host: str) -> None:
    async with sending(tmp_path, allow_private=False) as running:
        await running.create({"webhook_url": receiver.url(host=host)})
        await running.settled()
    assert receiver.received == []


async def test_a_name_is_resolved_and_checked_at_each_attempt(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    addresses = ["1.1.1.1", "169.254.169.254", "127.0.0.1"]  # no real name can do this to a test

    def rebinding(host: Any, *args: Any, **options: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (addresses.pop(0), 0))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with caplog.at_level(logging.INFO, LOGGER_NAME):
        async with sending(tmp_path, allow_private=False) as running:
            await running.create({"webhook_url": receiver.url(host="anything.localhost")})
            await running.settled()
    assert receiver.received == []
    host = "the host 'anything.localhost' has the private address"
    assert [record.classify_fields["failure"] for record in caplog.records][1:] == [
        f"{host} 169.254.169.254",
        f"{host} 127.0.0.1",
    ]
    assert addresses == []


async def test_what_was_owed_is_sent_after_a_restart_as_the_same_event(receiver: Receiver, tmp_path: Path) -> None:
    receiver.statuses["/"] = [500, 500, 200]
    async with sending(tmp_path, patience=NEVER_AGAIN) as running:
        await running.create({"webhook_url": receiver.url()})
        await until(lambda: len(receiver.received) == 1)
        await _attempted(running.database, 1)
    async with sending(tmp_path, patience=Patience(waits=(0.01, 3600.0))) as running:
        await _attempted(running.database, 2)
    async with sending(tmp_path) as running:
        await running.settled()
    assert len(receiver.received) == 3
    assert len({each.event["event_id"] for each in receiver.received}) == 1


async def _attempted(database: Any, count: int) -> None:
    while True:
        [delivery] = await database.run(deliveries.owed_after, 0, limit=2)
        if delivery.attempts == count:
            return
        await asyncio.sleep(0.01)


async def test_a_delivery_that_was_cut_short_is_made_after_the_next_start(receiver: Receiver, tmp_path: Path) -> None:
    async with sending(tmp_path, patience=NEVER_AGAIN) as running:
        await running.create({"webhook_url": receiver.url("/hold")})
        await until(lambda: receiver.received)
    receiver.released.set()
    async with sending(tmp_path) as running:
        [owed] = await running.database.run(deliveries.owed_after, 0, limit=2) or [None]
        assert owed is None or owed.attempts == 0  # a stop is no failure of the endpoint
        await running.settled()
    assert len({each.event["event_id"] for each in receiver.received}) == 1
    assert len(receiver.received) == 2


OWING = """
import asyncio, sys
from pathlib import Path
from tests.server.webhook_receiver import sending

async def main():
    async with sending(Path(sys.argv[1])) as running:
        await running.create({"webhook_url": sys.argv[2]})
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_delivery_of_a_killed_server_is_made_after_the_next_start(receiver: Receiver, tmp_path: Path) -> None:
    arguments = ["-c", OWING, str(tmp_path), receiver.url("/hold")]
    child = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT)
    await until(lambda: receiver.received)
    child.kill()
    await child.wait()
    receiver.released.set()
    async with sending(tmp_path) as running:
        await running.settled()
    assert len(receiver.received) == 2
    assert len({each.event["event_id"] for each in receiver.received}) == 1


async def test_a_stop_waits_for_an_attempt_that_is_under_way(receiver: Receiver, tmp_path: Path) -> None:
    async with sending(tmp_path, patience=Patience(stop_seconds=10.0)) as running:
        await running.create({"webhook_url": receiver.url("/hold")})
        await until(lambda: receiver.received)
        stopping = asyncio.create_task(running.sender.stop())
        await asyncio.sleep(0)
        receiver.released.set()
        await stopping
        assert await running.owed() == []


async def test_what_is_owed_while_the_sender_stands_still_is_sent_after_the_start(
    receiver: Receiver, tmp_path: Path
) -> None:
    async with sending(tmp_path) as running:
        await running.sender.stop()
        for _ in range(3):
            await running.create({"webhook_url": receiver.url()})
        assert len(await running.owed()) == 3
    assert receiver.received == []
    async with sending(tmp_path) as running:
        await running.settled()
    assert len(receiver.received) == 3


async def test_an_endpoint_that_does_not_answer_delays_no_other(receiver: Receiver, tmp_path: Path) -> None:
    with Receiver() as other:
        async with sending(tmp_path) as running:
            for _ in range(2 * AT_ONCE_PER_HOST):
                await running.create({"webhook_url": receiver.url("/hold")})
            await until(lambda: len(receiver.received) == AT_ONCE_PER_HOST)
            await running.create({"webhook_url": other.url()})
            await until(lambda: other.received)
            assert len(receiver.received) == AT_ONCE_PER_HOST  # the rest wait in line
            receiver.released.set()
            await running.settled()
    assert len(receiver.received) == 2 * AT_ONCE_PER_HOST


async def test_deliveries_whose_jobs_are_gone_are_forgotten(receiver: Receiver, tmp_path: Path) -> None:
    receiver.statuses |= {"/gone": [500], "/kept": [500, 200]}
    async with sending(tmp_path, patience=Patience(waits=(0.1, 0.1))) as running:
        await running.create({"webhook_url": receiver.url("/gone")})
        await until(lambda: receiver.received)
        await running.database.run(_forget)
        await running.create({"webhook_url": receiver.url("/kept")})
        await running.settled()  # with an attempt that is due after the forgotten one's second
    assert [each.path for each in receiver.received] == ["/gone", "/kept", "/kept"]


def _forget(connection: Any) -> None:
    connection.execute("DELETE FROM deliveries")


async def test_an_address_that_was_kept_without_a_check_fails_like_a_dead_one(tmp_path: Path) -> None:
    async with sending(tmp_path) as running:
        await running.create({"webhook_url": "http://[bad/"})
        await running.settled()


async def test_a_delivery_that_cannot_be_made_at_all_ends_no_other(
    receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOGGER_NAME):
        async with sending(tmp_path) as running:
            await running.create({"webhook_url": receiver.url(), "webhook_headers": {"A": "SECRET\ud800"}})
            await until(lambda: "webhook.not_booked" in caplog.text)
            await running.create({"webhook_url": receiver.url()})
            await until(lambda: receiver.received)
    assert "SECRET" not in caplog.text


async def test_certificates_that_cannot_be_read_are_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "certificates.pem").write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificates.pem"))
    with pytest.raises(InvalidOptionError, match="SSL_CERT_FILE"):
        async with sending(tmp_path, patience=QUICK):
            pass
