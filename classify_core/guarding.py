"""What keeps a backend, which may be anybody's, from doing harm: its errors become ours, and its time is bounded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from classify_core.api.waiting import LAST_LOOK_SECONDS
from classify_core.backend import Backend, error_of_backend
from classify_core.errors import ClassifyError, ClassifyTimeoutError

if TYPE_CHECKING:
    from classify_core.run_state import RunState

logger = logging.getLogger(__name__)

T = TypeVar("T")

# A backend ends its own waits, the last look included, and can then name the job; the guard is for one that does not.
GUARD_SECONDS: Final = LAST_LOOK_SECONDS + 1.0


@contextmanager
def errors_of(backend: Backend) -> Iterator[None]:
    """Whatever a backend raises becomes an error of ours, and takes nobody else with it."""
    try:
        yield
    except ClassifyError:
        raise
    except asyncio.CancelledError as error:
        if _is_being_cancelled():
            raise
        raise error_of_backend(backend, error) from None  # the backend cancelled something of its own
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - a backend may be anybody's
        raise error_of_backend(backend, error) from None


@asynccontextmanager
async def guarded(seconds: float) -> AsyncIterator[None]:
    """Bounds a document's time and turns the end of it into our own error."""
    try:
        async with asyncio.timeout(seconds + GUARD_SECONDS):
            yield
    except TimeoutError as error:
        raise ClassifyTimeoutError(
            f"no outcome within {seconds:g} s; raise timeout= or try the document alone", timeout=seconds
        ) from error


async def said_by_batch(
    said: Awaitable[Mapping[str, T]], backend: Backend, run: RunState, *, otherwise: str
) -> dict[str, T]:
    """What a call's batch says, by content key; each document has an outcome already, so that a failure is no loss.

    Args:
        said: what it was asked.
        backend: whose batch it is.
        run: the call; its time bounds the wait.
        otherwise: what a failure means for the documents, for the log.
    """
    try:
        async with asyncio.timeout(run.seconds_left):
            with errors_of(backend):
                return dict(await said)
    except TimeoutError:
        logger.warning("%s: there was no time to compare them", otherwise)
    except ClassifyError as error:
        logger.warning("%s: %s", otherwise, error.message)
    return {}


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
