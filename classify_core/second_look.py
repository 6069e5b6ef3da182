"""Documents of a call that are classified once more, now that the backend has seen them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classify_core.backend import SecondLookBatch
from classify_core.background import background
from classify_core.classification import Classification
from classify_core.driving import adrive, drive
from classify_core.guarding import said_by_batch
from classify_core.pricing import UsageCounter
from classify_core.run_state import RunState, without_stack
from classify_core.source import Source

if TYPE_CHECKING:
    from classify_core.run import Run
    from classify_core.session import Session

Outcomes = dict[int, Classification]


@dataclass(frozen=True)
class _Look:
    """Documents to classify once more.

    Attributes:
        run: classifies them.
        usage: counts them.
        places: where in the call each of them stands, first to last, equal ones included.
        sources: where each of them comes from.
    """

    run: Run[Classification]
    usage: UsageCounter
    places: list[list[int]]
    sources: list[Source]

    def place(self, number: int, outcome: Classification, outcomes: Outcomes) -> None:
        """Puts an outcome wherever its document stands in the call."""
        for place in self.places[number][1:]:
            before = outcomes[place].error
            self.usage.take_over(had_failed=before is not None, has_failed=outcome.error is not None)
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
    chosen = await _chosen(session, run)
    places: dict[str, list[int]] = {key: [] for key in chosen}
    for place, key in sorted(run.content_keys.items()):
        if key in places and place in outcomes:
            places[key].append(place)
    keys = [key for key in chosen if places[key]]
    if not keys:
        return None
    for key in keys:  # equal ones are not classified again but take over the outcome
        session.usage.take_back(failed=outcomes[places[key][0]].error is not None)
    sources = [chosen[key] for key in keys]
    return _Look(session.new_second_look(run), session.usage, [places[key] for key in keys], sources)


async def _chosen(session: Session, run: RunState) -> Mapping[str, Source]:
    if not isinstance(run.batch, SecondLookBatch) or run.is_over:
        return {}
    otherwise = "no more documents of the call were classified once more"
    return await said_by_batch(run.batch.chosen(), session.backend, run, otherwise=otherwise)


def _named(outcome: Classification, name: str | None, place: int) -> Classification:
    """The outcome as that of the document in a place of the call."""
    error = None if outcome.error is None else without_stack(outcome.error)
    if error is not None:
        error.source_name = f"number {place + 1}" if name is None else name
    return outcome.model_copy(update={"source_name": name, "error": error})
