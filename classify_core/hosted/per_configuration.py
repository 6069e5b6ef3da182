"""What is made of a configuration once, and not for each document."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from classify_core.backend import ClassifyRequest
from classify_core.models import ClassifyConfiguration

T = TypeVar("T")

MAX_CONFIGURATIONS: Final = 32


class PerConfiguration(Generic[T]):
    """Makes one thing of a request's configuration, and keeps it for the requests that share that very object."""

    def __init__(self, make: Callable[[ClassifyRequest], T]) -> None:
        self._make = make
        self._made: OrderedDict[tuple[int, str | None], tuple[ClassifyConfiguration, T]] = OrderedDict()

    def of(self, request: ClassifyRequest) -> T:
        """What was made of the request's configuration."""
        key = id(request.configuration), request.configuration_id  # to compare thousands of rules would take longer
        kept = self._made.get(key)
        if kept is None:
            kept = self._made[key] = (request.configuration, self._make(request))  # held, so that no other has its ID
            if len(self._made) > MAX_CONFIGURATIONS:
                self._made.popitem(last=False)
        return kept[1]
