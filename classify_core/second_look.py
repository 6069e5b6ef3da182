"""Documents of a call that are classified once more, now that the backend has seen them all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classify_core.backend import SecondLookBatch, unexpected
from classify_core.background import background
from classify_core.classification import Classification
from classify_core.driving import adrive, drive
from classify_core.run_state import RunState, without_stack
from classify_core.source import Source

if TYPE_CHECKING:
    from classify_core.run import Run
    from classify_core.session import Session

logger = logging.getLogger(__name__)

Outcomes = dict[int, Classification]


@dataclass(frozen=True)
class _Look:
    """Documents to classify once more.

    Attributes:
        run: classifies them.
        places: where in the call each of them stands, equal ones included.
        sources: where each of them comes from.
    """

    run: Run[Classification]
    places: list[list[int]]
    sources: list[Source]

    def place(self, number: int, outcome: Classification, outcomes: Outcomes) -> None:
        """Puts an outcome wherever its document stands in the call."""
        for place in self.places[number]:
            outcomes[place] = _named(outcome, outcomes[place].source_name, place)


def look_again(session: Session, run: RunState, outcomes: Outcomes) -> None:
    """Replaces the outcomes of the documents that the call's batch wants classified once more."""
    while (look := background.run(_next_look(session, run, outcomes))) is not None:
        with look.run:
            for number, outcome in drive(look.run, look.sources):
                look.place(number, outcome, outcomes)
        if look.run.state.cause is not None:
            return


async def alook_again(session: Session, run: RunState, outcomes: Outcomes) -> None:
    """The same, awaited."""
    while (look := await background.arun(_next_look(session, run, outcomes))) is not None:
        with look.run:
            async for number, outcome in adrive(look.run, look.sources):
                look.place(number, outcome, outcomes)
        if look.run.state.cause is not None:
            return


async def _next_look(session: Session, run: RunState, outcomes: Mapping[int, Classification]) -> _Look | None:
    chosen = await _chosen(run)
    places: dict[str, list[int]] = {key: [] for key in chosen}
    for place, key in run.content_keys.items():
        if key in places and place in outcomes:
            places[key].append(place)
    keys = [key for key in chosen if places[key]]
    if not keys:
        return None
    for key in keys:  # equal ones are not classified again but take over the outcome
        session.usage.take_back(failed=outcomes[min(places[key])].error is not None)
    return _Look(session.new_second_look(run), [places[key] for key in keys], [chosen[key] for key in keys])


async def _chosen(run: RunState) -> Mapping[str, Source]:
    """The documents to classify once more; each has an outcome already, so that a failure to choose is no loss."""
    if not isinstance(run.batch, SecondLookBatch) or run.is_over:
        return {}
    try:
        async with asyncio.timeout(run.seconds_left):
            return await run.batch.chosen()
    except TimeoutError:
        logger.warning("no document of the call was classified once more: there was no time to choose")
        return {}
    except Exception as error:  # noqa: BLE001 - a backend may be anybody's
        logger.warning("no document of the call was classified once more: %s", unexpected(error))
        return {}


def _named(outcome: Classification, name: str | None, place: int) -> Classification:
    """The outcome as that of the document in a place of the call."""
    error = None if outcome.error is None else without_stack(outcome.error)
    if error is not None:
        error.source_name = f"number {place + 1}" if name is None else name
    return outcome.model_copy(update={"source_name": name, "error": error})
