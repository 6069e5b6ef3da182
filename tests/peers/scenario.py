"""What a scenario is: steps that are written once and played by each client on its own project of a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

ServerName = Literal["plain", "slow", "limited", "failing", "losing", "losing_unkeyed"]
Play = Callable[[Any], None]


@dataclass(frozen=True)
class Scenario:
    """One promise and the steps that show it.

    Attributes:
        play: the steps, on a client's face.
        server: which of the servers of `servers.py` they need.
        official_only: they use what our client does not offer on purpose, or take too long for our own suite.
    """

    play: Play
    server: ServerName
    official_only: bool

    @property
    def name(self) -> str:
        """The promise in words."""
        return self.play.__name__.replace("_", " ")

    @property
    def api_key(self) -> str:
        """The scenario's own key, so that it has a project of its own."""
        return f"llx-peers-{self.play.__name__.replace('_', '-')}"

    @property
    def other_api_key(self) -> str:
        """The key of another project."""
        return f"{self.api_key}-other"


class Scenarios:
    """The scenarios of one module, in the order in which they are written."""

    def __init__(self) -> None:
        self._scenarios: list[Scenario] = []

    def __call__(self, *, server: ServerName = "plain", official_only: bool = False) -> Callable[[Play], Play]:
        """Takes the decorated function as a scenario."""

        def take(play: Play) -> Play:
            self._scenarios.append(Scenario(play, server, official_only))
            return play

        return take

    def __iter__(self) -> Iterator[Scenario]:
        return iter(self._scenarios)
