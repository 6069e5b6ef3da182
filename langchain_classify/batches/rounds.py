"""A batch in rounds: what one left over is the next one's, be it another attempt or another runnable."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing, closing
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable, RunnableConfig

    from langchain_classify.batches.batch import Batch
    from langchain_classify.batches.runs import Runs


def document_alone(value: Any, error: Any) -> Any:
    """An input as it is."""
    del error
    return value


def completing(runnable: Runnable[Any, Any], *, together: bool) -> Callable[..., Any]:
    """What works on a round's inputs as `batch_as_completed` does.

    Args:
        runnable: the runnable that works on them.
        together: whether nobody waits for single outcomes: then they may be told with a view to each other.
    """
    return partial(_together, runnable) if together else runnable.batch_as_completed


def acompleting(runnable: Runnable[Any, Any], *, together: bool) -> Callable[..., Any]:
    """The same for `abatch_as_completed`."""
    return partial(_atogether, runnable) if together else runnable.abatch_as_completed


def _together(
    runnable: Runnable[Any, Any], inputs: list[Any], configs: list[RunnableConfig], **options: Any
) -> Generator[tuple[int, Any], None, None]:
    yield from enumerate(runnable.batch(inputs, configs, **options))


async def _atogether(
    runnable: Runnable[Any, Any], inputs: list[Any], configs: list[RunnableConfig], **options: Any
) -> AsyncGenerator[tuple[int, Any], None]:
    for outcome in enumerate(await runnable.abatch(inputs, configs, **options)):
        yield outcome


class Rounds:
    """The rounds of one batch.

    Args:
        batch: the batch.
        runs: its inputs' runs.
        is_left: whether an outcome is an error that another round may not meet.

    Attributes:
        left: what the last round left over: errors, by their inputs' places.
    """

    def __init__(self, batch: Batch, runs: Runs[Any], is_left: Callable[[Any], bool]) -> None:
        self.left: dict[int, Any] = {}
        self._batch = batch
        self._runs = runs
        self._is_left = is_left
        self._places = list(range(len(batch)))

    def round(
        self,
        batch_as_completed: Callable[..., Any],
        tag: str | None = None,
        *,
        input_of: Callable[[Any, Any], Any] = document_alone,
    ) -> Generator[tuple[int, Any], None, None]:
        """Yields what is settled by a round, each with its place.

        Args:
            batch_as_completed: the method of the runnable that works on what is left.
            tag: of the runs within the inputs' own.
            input_of: what the runnable gets of an input and the error that the last round left of it.
        """
        inputs, configs = self._begun(tag, input_of)
        with closing(batch_as_completed(inputs, configs, return_exceptions=True)) as completed:
            for number, outcome in completed:
                yield from self._settled(number, outcome)
        self._places = sorted(self.left)

    async def around(
        self,
        abatch_as_completed: Callable[..., Any],
        tag: str | None = None,
        *,
        input_of: Callable[[Any, Any], Any] = document_alone,
    ) -> AsyncGenerator[tuple[int, Any], None]:
        """The same, awaited."""
        inputs, configs = self._begun(tag, input_of)
        async with aclosing(abatch_as_completed(inputs, configs, return_exceptions=True)) as completed:
            async for number, outcome in completed:
                for settled in self._settled(number, outcome):
                    yield settled
        self._places = sorted(self.left)

    def _begun(self, tag: str | None, input_of: Callable[[Any, Any], Any]) -> tuple[list[Any], list[RunnableConfig]]:
        inputs = [input_of(self._batch.inputs[place], self.left.get(place)) for place in self._places]
        self.left = {}
        return inputs, [self._runs.config_within(place, tag) for place in self._places]

    def _settled(self, number: int, outcome: Any) -> Iterator[tuple[int, Any]]:
        place = self._places[number]
        if self._is_left(outcome):
            self.left[place] = outcome
        else:
            yield place, outcome
