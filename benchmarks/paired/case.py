"""What a case of the benchmark is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.paired.assignment import Assignment, Task
from benchmarks.paired.clients import Client, SdkUse
from benchmarks.paired.served import API_KEY, ROOT, Served
from classify_core import load_rules

RULES: Final = ROOT / "examples" / "rules.yaml"


@dataclass(frozen=True)
class Settings:
    """What holds for all cases of a run.

    Attributes:
        seed: of documents, durations and faults.
        is_quick: whether a case takes few documents, only to see that it works.
        folder: for what the cases write.
    """

    seed: int
    is_quick: bool
    folder: Path

    def size(self, full: int, quick: int) -> int:
        """How many documents a case takes."""
        return quick if self.is_quick else full

    def assignment(self, client: Client, task: Task, documents: int, **further: Any) -> Assignment:
        """What a client is told, where no server is needed."""
        rules = [rule.model_dump(mode="json") for rule in load_rules(RULES)]
        return Assignment(
            **{
                "task": task,
                "base_url": "",
                "api_key": API_KEY,
                "configuration": {"rules": rules},
                "documents": documents,
                "seed": self.seed,
                "at_once": client.at_once,
                "is_async": client.is_async,
                "max_retries": client.max_retries,
                **further,
            }
        )

    def hosted(self, server: Served, client: Client, task: Task, documents: int, **further: Any) -> Assignment:
        """What a client is told for a server."""
        return self.assignment(client, task, documents, base_url=server.base_url, **further)


@dataclass(frozen=True)
class Measured:
    """One client's figures in one round of a case.

    Attributes:
        figures: by the key of their column, and further ones.
        notes: what else should be told.
    """

    figures: dict[str, float]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """A figure in the table.

    Attributes:
        key: in `Measured.figures`.
        digits: behind the decimal point.
        at_most: what ours may come to.
        at_most_of_sdk: the same, as a multiple of the official SDK's figure.
        at_least_of_sdk: what ours must come to, as such a multiple.
    """

    key: str
    digits: int = 0
    at_most: float | None = None
    at_most_of_sdk: float | None = None
    at_least_of_sdk: float | None = None

    @property
    def is_compared(self) -> bool:
        """Whether it is held against the official SDK's figure."""
        return self.at_most_of_sdk is not None or self.at_least_of_sdk is not None

    def is_met(self, ours: float, sdk: Sequence[float]) -> bool | None:
        """Whether our figure is what it should be, held against the best of the SDK's; None where nothing decides."""
        if self.at_most is not None:
            return ours <= self.at_most
        if not sdk:
            return None
        if self.at_most_of_sdk is not None:
            return ours <= min(sdk) * self.at_most_of_sdk
        return None if self.at_least_of_sdk is None else ours >= max(sdk) * self.at_least_of_sdk


def _nothing(_: Settings) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Case:
    """A line of the table.

    Attributes:
        number: by which it is chosen.
        title: what is done, and what the columns are.
        target: what ours should come to, in words.
        columns: the figures, in the order of the title.
        measure: one round of one client.
        sdk_uses: how the official SDK is run.
        given_for_sdk: what stands for it where it is not run.
        explain: what is told before the rounds.
    """

    number: int
    title: str
    target: str
    columns: tuple[Column, ...]
    measure: Callable[[Settings, Client], Measured]
    sdk_uses: tuple[SdkUse, ...] = (SdkUse(),)
    given_for_sdk: str | None = None
    explain: Callable[[Settings], tuple[str, ...]] = field(default=_nothing)
