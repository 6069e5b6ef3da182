"""How jobs that were submitted earlier stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from classify_core.backend import JobBackend, JobReference, JobState
from classify_core.errors import InvalidOptionError
from classify_core.handles import Collected, JobHandle
from classify_core.models import JobStatus

if TYPE_CHECKING:
    from classify_core.session import Session


async def collected(session: Session, handles: Sequence[JobHandle]) -> list[Collected]:
    """Looks once how the documents of handles stand; runs on the background loop.

    Raises:
        InvalidOptionError: a handle was made under other rules or by another backend.
        ClassifyError: the service could not be asked.
    """
    await session.prepare()
    for handle in handles:
        _check_origin(handle, session)
    states = await _states(session, [handle for handle in handles if handle.job_id is not None])
    return [await _collected(session, handle, states) for handle in handles]


def _check_origin(handle: JobHandle, session: Session) -> None:
    settings = session.settings
    if handle.outcome is None and handle.rules_id != settings.rules_id:
        raise InvalidOptionError(
            f"the handle of job {handle.job_id} was made with rules_id {handle.rules_id} by the backend "
            f"{handle.backend!r}, and this classifier has {settings.rules_id} ({settings.backend.name!r}); collect it "
            "with the same rules, parsing options, min_confidence and backend"
        )


async def _states(session: Session, handles: Sequence[JobHandle]) -> dict[JobReference, JobState]:
    backend = session.backend
    if not handles or not isinstance(backend, JobBackend):
        return {}
    references = list(dict.fromkeys(_reference_of(handle) for handle in handles))
    states = await backend.states(references, timeout=session.settings.timeout)
    return dict(zip(references, states, strict=True))


async def _collected(session: Session, handle: JobHandle, states: dict[JobReference, JobState]) -> Collected:
    if handle.outcome is not None:
        return Collected(handle, handle.outcome)
    state = states[_reference_of(handle)]
    if isinstance(state, JobStatus):
        return Collected(handle, job_status=state)
    return Collected(handle, await session.execution().settled(handle, state))


def _reference_of(handle: JobHandle) -> JobReference:
    if handle.job_id is None:
        raise InvalidOptionError("a handle has neither a job nor an outcome; it was not made by submit()")
    return JobReference(handle.job_id, handle.file_id)
