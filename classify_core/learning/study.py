"""Looks at documents in order to learn; runs on the background loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from classify_core.backend import Batch, Lessons
from classify_core.calibration import CalibrationReport, MethodLike, fit
from classify_core.calibration.labels import LEAST_DOCUMENTS
from classify_core.classification import Classification
from classify_core.configuring import learning_backend
from classify_core.driving import Sources, adrive
from classify_core.errors import InvalidOptionError, TooFewLabelsError
from classify_core.learning.examples import Examples, Labelled, check_types, checked_labelled
from classify_core.local.adaptation import given_answer
from classify_core.run_state import RunState
from classify_core.second_look import alook_again
from classify_core.source import Source

if TYPE_CHECKING:
    from classify_core.session import Session


_turns: Final = WeakKeyDictionary["Session", tuple[asyncio.AbstractEventLoop, asyncio.Lock]]()


@dataclass(frozen=True)
class _Studied:
    """Documents that were looked at: what the backend took note of, and their content keys by place."""

    batch: Batch
    state: RunState


async def adapt(session: Session, sources: Sources, *, skip_failures: bool) -> Lessons:
    """Lets documents teach each other, for all that are classified later.

    Raises:
        BatchError: documents could not be read, and `skip_failures` is off; nothing was learned.
    """
    backend = learning_backend(session.backend)
    backend.refuse_adaptation()
    await session.prepare()
    async with _turn_of(session):
        studied = await _study(session, sources, skip_failures=skip_failures)
        return await backend.learn(session.configuration, studied.batch, {}, by_themselves=True)


async def learn(session: Session, labelled: Iterable[Labelled]) -> Lessons:
    """Learns the types that somebody said.

    Raises:
        InvalidOptionError: a type is in no rule.
        BatchError: documents could not be read; nothing was learned.
    """
    await session.prepare()
    return await learn_examples(session, checked_labelled(labelled, session.configuration))


async def learn_examples(session: Session, examples: Examples) -> Lessons:
    """The same of documents and types that were checked, as far as the rules were known."""
    backend = learning_backend(session.backend)
    backend.refuse_adaptation()
    check_types("examples", [name for _, name in examples], session.configuration)
    async with _turn_of(session):
        studied = await _study(session, [source for source, _ in examples], skip_failures=False)
        keys = studied.state.content_keys
        labels = {keys[place]: name for place, (_, name) in enumerate(examples)}
        lessons = await backend.learn(session.configuration, studied.batch, labels, by_themselves=False)
    for key, name in labels.items():  # whoever corrects a document wants the correction, whatever the cache holds
        await session.knowledge.correct(key, given_answer(name, backend=f"{session.backend.name}+batch"))
    return lessons


def _turn_of(session: Session) -> asyncio.Lock:
    """Held while a session learns: what is learned builds on all that was learned before, or that would be lost."""
    loop = asyncio.get_running_loop()
    turn = _turns.get(session)
    if turn is None or turn[0] is not loop:  # a forked child has a loop of its own
        turn = _turns[session] = loop, asyncio.Lock()
    return turn[1]


async def _study(session: Session, sources: Sources, *, skip_failures: bool) -> _Studied:
    """Has the backend look at documents, whatever is known of them; nothing is kept but what it took note of."""
    with session.new_study(keep_failures=not skip_failures) as run:
        async for _ in adrive(run, sources):
            pass
    run.raise_failures()
    if run.state.batch is None:
        raise InvalidOptionError(f"the backend {session.backend.name!r} can take no note of documents")
    return _Studied(run.state.batch, run.state)


async def calibrate(
    session: Session, labelled: Iterable[Labelled], *, method: MethodLike, adapts: bool | None
) -> CalibrationReport:
    """Learns how often answers of a confidence are right.

    Raises:
        TooFewLabelsError: that cannot be told from so few documents.
        BatchError: documents have no classification; nothing was learned.
    """
    await session.prepare()
    examples = checked_labelled(labelled, session.configuration)
    _refuse_too_few(examples)  # before they are paid for
    outcomes = await _raw_outcomes(session, [source for source, _ in examples], adapts=adapts)
    pairs = [
        (outcome.confidence, _best_guess(outcome) == name)
        for outcome, (_, name) in zip(outcomes, examples, strict=True)
        if outcome.confidence is not None
    ]
    fitted = fit(pairs, method=method)
    session.calibration = fitted.calibration
    return fitted.report


def _best_guess(outcome: Classification) -> str | None:
    """What the confidence is that of: also where a backend answers None, it speaks of the best rule if it names one."""
    if outcome.type is None and outcome.alternatives:
        return outcome.alternatives[0].type
    return outcome.type


def _refuse_too_few(examples: Examples) -> None:
    count = len(examples)
    if count < LEAST_DOCUMENTS:
        raise TooFewLabelsError(
            f"there are {count} labelled documents, and it takes {LEAST_DOCUMENTS} at least to calibrate; none was "
            "classified",
            documents=count,
        )


async def _raw_outcomes(session: Session, sources: Sequence[Source], *, adapts: bool | None) -> list[Classification]:
    with session.new_run(keep_failures=True, adapt=adapts) as run:
        run.state.is_raw = True
        outcomes = {index: outcome async for index, outcome in adrive(run, sources)}
    run.raise_failures()
    await alook_again(session, run.state, outcomes)
    outcomes = await session.revised(run.state, outcomes)
    return [outcomes[index] for index in sorted(outcomes)]
