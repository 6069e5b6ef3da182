"""Makes the deliveries that the store owes: each at least once, or three times in vain.

What is owed is in the store before it is sent and until it was answered, so that a killed server makes it after its
next start, under the same event ID. An endpoint may hear an event twice, and events out of order.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from classify_core.errors import InvalidOptionError
from classify_core.public_addresses import CheckedTransport, InvalidAddressError, parsed_address, reason_of
from classify_core.server.logs import log_event
from classify_core.server.store import deliveries
from classify_core.server.store.deliveries import Delivery
from classify_core.server.webhooks.attempt import attempt
from classify_core.server.webhooks.schedule import Schedule, Waiting

if TYPE_CHECKING:
    from classify_core.server.service import Service

AT_ONCE: Final = 128
AT_ONCE_PER_HOST: Final = 16
_LOADED_AT_ONCE: Final = 500
_RESOLVERS: Final = 32


@dataclass(frozen=True)
class Patience:
    """How long the sender goes on.

    Attributes:
        attempt_seconds: for one attempt, from resolving the host to the answer's status.
        waits: seconds between an attempt and the next; there is one attempt more than waits.
        stop_seconds: for the attempts that are under way when the server stops.
    """

    attempt_seconds: float = 30.0
    waits: tuple[float, ...] = (1.0, 2.0)
    stop_seconds: float = 2.0


PATIENCE: Final = Patience()


class WebhookSender:
    """Sends webhooks while it is started; used on the server's event loop."""

    def __init__(self, service: Service, *, patience: Patience = PATIENCE) -> None:
        self._service = service
        self._patience = patience
        self._schedule = Schedule(at_once=AT_ONCE, at_once_per_host=AT_ONCE_PER_HOST)
        # Apart from the event loop's threads, which names that are slow to resolve would use up.
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="classify-webhooks")
        self._last_number = 0
        self._awake = asyncio.Event()
        self._is_stopping = False
        self._attempts: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to send, with what a former run of the server left.

        Raises:
            InvalidOptionError: the certificates that the environment names cannot be read.
        """
        try:
            transport = await CheckedTransport.open(
                allow_private=self._service.options.allow_private_webhooks,
                seconds=self._patience.attempt_seconds,
                resolvers=self._resolvers,
            )
        except OSError as error:
            raise InvalidOptionError(
                f"the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {reason_of(error)}"
            ) from error
        self._running = asyncio.create_task(self._run(transport))

    def wake(self) -> None:
        """Says that the store may owe something new."""
        self._awake.set()

    async def stop(self) -> None:
        """Ends after the attempts that are under way, or without those that take long; the store owes them still."""
        self._is_stopping = True
        self.wake()
        if self._running is not None:
            await self._running
        self._resolvers.shutdown(wait=False)

    async def _run(self, transport: CheckedTransport) -> None:
        async with transport:
            while not self._is_stopping:
                self._awake.clear()
                await self._load()
                self._begin(transport)
                await self._sleep()
            await self._end()

    async def _load(self) -> None:
        """Takes over what the store owes since the last time."""
        try:
            while new := await self._service.database.run(
                deliveries.owed_after, self._last_number, limit=_LOADED_AT_ONCE
            ):
                for delivery in new:
                    await self._take_over(delivery)
                    self._last_number = delivery.number
        except sqlite3.Error as error:  # such as a full disk; the next time goes on from here
            log_event("webhook.not_loaded", level=logging.ERROR, error=error)

    async def _take_over(self, delivery: Delivery) -> None:
        # Drawn once a delivery, in the order of the events.
        if not delivery.attempts and self._service.faults.for_webhook(delivery.event_type) is not None:
            await self._service.database.run(deliveries.settle, delivery.event_id)
            _log("webhook.vanished", delivery)
        else:
            self._enqueue(delivery, self._seconds_until_due(delivery))

    def _enqueue(self, delivery: Delivery, seconds: float) -> None:
        due = asyncio.get_running_loop().time() + seconds
        self._schedule.add(Waiting(due, delivery.number, delivery.event_id, _host(delivery)))

    def _seconds_until_due(self, delivery: Delivery) -> float:
        """What is left of the wait after the last attempt; a clock that was set back meanwhile makes it no longer."""
        if not delivery.attempts:
            return 0.0
        left = (datetime.fromisoformat(delivery.due_at) - datetime.now(UTC)).total_seconds()
        return min(max(0.0, left), self._patience.waits[delivery.attempts - 1])

    def _begin(self, transport: CheckedTransport) -> None:
        while waiting := self._schedule.take(asyncio.get_running_loop().time()):
            task = asyncio.create_task(self._deliver(transport, waiting))
            self._attempts.add(task)
            task.add_done_callback(self._attempts.discard)

    async def _sleep(self) -> None:
        due = self._schedule.next_due()
        seconds = None if due is None else due - asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._awake.wait()

    async def _deliver(self, transport: CheckedTransport, waiting: Waiting) -> None:
        try:
            delivery = await self._service.database.run(deliveries.find, waiting.event_id)
            if delivery is not None:
                await self._book(delivery, await attempt(transport, delivery, self._patience.attempt_seconds))
        except Exception as error:  # noqa: BLE001 - one delivery's fault ends no other; the next start tries it again
            log_event("webhook.not_booked", level=logging.ERROR, error=error, event_id=waiting.event_id)
        finally:
            self._schedule.release(waiting)
            self.wake()

    async def _book(self, delivery: Delivery, failure: str | None) -> None:
        """Keeps what came of an attempt."""
        database, waits = self._service.database, self._patience.waits
        if failure is None:
            await database.run(deliveries.settle, delivery.event_id)
            _log("webhook.delivered", delivery)
        elif delivery.attempts >= len(waits):
            await database.run(deliveries.settle, delivery.event_id)
            _log("webhook.given_up", delivery, failure=failure)
        else:
            seconds = waits[delivery.attempts]
            await database.run(deliveries.postpone, delivery.event_id, datetime.now(UTC) + timedelta(seconds=seconds))
            self._enqueue(delivery, seconds)
            _log("webhook.failed", delivery, failure=failure)

    async def _end(self) -> None:
        if not self._attempts:
            return
        _, late = await asyncio.wait(self._attempts, timeout=self._patience.stop_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _host(delivery: Delivery) -> str:
    """The endpoint's host and port: what has a line of its own and may be logged."""
    try:
        return parsed_address(delivery.endpoint["webhook_url"]).netloc.decode("ascii")
    except InvalidAddressError:
        return ""


def _log(event: str, delivery: Delivery, *, failure: str | None = None) -> None:
    log_event(
        event,
        level=logging.INFO if failure is None else logging.WARNING,
        job_id=delivery.job_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        host=_host(delivery),
        attempt=delivery.attempts + 1,
        failure=failure,
    )
