"""Faults on purpose: which requests, jobs and webhooks go wrong, drawn from a seed so that a run can be repeated.

Each fault has its own random numbers, made of the seed and of its place among the faults of its kind. The n-th request
that a fault's pattern matches gets the n-th of these, whatever other faults there are and whatever else happens.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from classify_core.errors import InvalidOptionError, InvalidRulesError
from classify_core.rule_text import parsed
from classify_core.server.route_patterns import RoutePattern
from classify_core.validation import told


def _checked_route(route: str) -> str:
    try:
        RoutePattern.parse(route)
    except InvalidOptionError as error:
        raise ValueError(error.message) from None
    return route


class Fault(BaseModel):
    """What all kinds share.

    Attributes:
        share: of what matches, that is hit; drawn anew each time.
        times: at most so often; None is no end.
        after: so many of those that match are spared first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    share: float = Field(default=1.0, ge=0.0, le=1.0)
    times: int | None = Field(default=None, ge=1)
    after: int = Field(default=0, ge=0)


class RequestFault(Fault):
    """A request that goes wrong.

    Attributes:
        route: such as `"POST /api/v2/classify"`, `"/api/v2/classify/{job_id}"` or `"*"`.
        fault: `error`: refused before any work is done. `lost`: the work is done, its answer is not sent; `status` is,
            or the connection is cut. `slow`: the answer's body trickles for `seconds`. `reset`: the connection is
            reset before any work is done.
        status: of `error` (503 where none is given) and of `lost` (None cuts the connection).
        detail: the sentence that is answered with `status`.
        seconds: that a `slow` body takes.
    """

    route: Annotated[str, AfterValidator(_checked_route)] = "*"
    fault: Literal["error", "lost", "slow", "reset"]
    status: int | None = Field(default=None, ge=400, le=599)
    detail: str | None = None
    seconds: float = Field(default=0.0, ge=0.0)

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if (self.status is not None or self.detail is not None) and self.fault not in {"error", "lost"}:
            raise ValueError(f"status and detail are of error and lost, not of {self.fault}")
        if (self.fault == "slow") != (self.seconds > 0):
            raise ValueError("seconds, above 0, are of slow and of no other fault")
        return self

    @cached_property
    def pattern(self) -> RoutePattern:
        """The route, read."""
        return RoutePattern.parse(self.route)


class JobFault(Fault):
    """A job that goes wrong.

    Attributes:
        outcome: `failed`, `cancelled`, or `hang`: it stays RUNNING.
        file: a pattern such as `"*.pdf"`; one file of a job whose name matches is enough.
        error: the message of `failed`; it begins with one of the service's codes.
        seconds: that the job takes before its outcome; those of `hang` are over when it goes on, and 0 is never.
    """

    outcome: Literal["failed", "hang", "cancelled"] = "failed"
    file: str = Field(default="*", min_length=1)
    error: str = Field(default="PDF_IS_BROKEN: injected fault", min_length=1)
    seconds: float = Field(default=0.0, ge=0.0)


class WebhookFault(Fault):
    """A webhook that vanishes: it counts as delivered and is never sent.

    Attributes:
        event: such as `"classify.success"`; `*` stands for anything.
    """

    event: str = Field(default="*", min_length=1)


F = TypeVar("F", bound=Fault)


class _Drawn(Generic[F]):
    """One fault with its random numbers and its counts."""

    def __init__(self, fault: F, seed: str) -> None:
        self.fault = fault
        self._random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._matched = 0
        self._hits = 0

    def strikes(self) -> bool:
        """Draws for one that matches."""
        self._matched += 1
        is_drawn = self._random.random() < self.fault.share
        is_left = self.fault.times is None or self._hits < self.fault.times
        return is_drawn and is_left and self._matched > self.fault.after

    def hit(self) -> F:
        """Counts a hit."""
        self._hits += 1
        return self.fault


class Faults:
    """What goes wrong in a server. Usable from any thread, also while the server runs.

    Where several faults would hit one request, the first that was added does.

    Attributes:
        seed: of the faults that are added from now on.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._lock = threading.Lock()
        self._faults: dict[type[Fault], list[_Drawn[Any]]] = {RequestFault: [], JobFault: [], WebhookFault: []}

    def add(self, fault: Fault) -> None:
        """Adds a fault of any kind."""
        with self._lock:
            kind = self._faults[type(fault)]
            kind.append(_Drawn(fault, f"{self.seed} {type(fault).__name__} {len(kind)}"))

    def request(
        self,
        route: str = "*",
        fault: Literal["error", "lost", "slow", "reset"] = "error",
        *,
        status: int | None = None,
        detail: str | None = None,
        share: float = 1.0,
        times: int | None = None,
        after: int = 0,
        seconds: float = 0.0,
    ) -> None:
        """Adds a fault of requests; see `RequestFault`.

        Raises:
            InvalidOptionError: a value is not valid.
        """
        told_fault = {"route": route, "fault": fault, "status": status, "detail": detail, "seconds": seconds}
        self.add(_made(RequestFault, told_fault, share=share, times=times, after=after))

    def job(
        self,
        outcome: Literal["failed", "hang", "cancelled"] = "failed",
        *,
        file: str = "*",
        share: float = 1.0,
        times: int | None = None,
        after: int = 0,
        error: str = "PDF_IS_BROKEN: injected fault",
        seconds: float = 0.0,
    ) -> None:
        """Adds a fault of jobs; see `JobFault`.

        Raises:
            InvalidOptionError: a value is not valid.
        """
        told_fault = {"outcome": outcome, "file": file, "error": error, "seconds": seconds}
        self.add(_made(JobFault, told_fault, share=share, times=times, after=after))

    def webhook(self, event: str = "*", *, share: float = 1.0, times: int | None = None, after: int = 0) -> None:
        """Adds a fault of webhooks; see `WebhookFault`.

        Raises:
            InvalidOptionError: a value is not valid.
        """
        self.add(_made(WebhookFault, {"event": event}, share=share, times=times, after=after))

    def clear(self) -> None:
        """Nothing goes wrong any more. What is added next draws as if it were the first."""
        with self._lock:
            for kind in self._faults.values():
                kind.clear()

    def for_request(self, method: str, path: str) -> RequestFault | None:
        """Draws for a request; `path` is without its query."""
        return self._drawn(RequestFault, lambda fault: fault.pattern.matches(method, path))

    def for_job(self, names: Sequence[str]) -> JobFault | None:
        """Draws for a job by the names of its files."""
        return self._drawn(JobFault, lambda fault: any(fnmatchcase(name, fault.file) for name in names))

    def for_webhook(self, event_type: str) -> WebhookFault | None:
        """Draws for a delivery by its event."""
        return self._drawn(WebhookFault, lambda fault: fnmatchcase(event_type, fault.event))

    def _drawn(self, kind: type[F], is_meant: Callable[[F], bool]) -> F | None:
        with self._lock:
            # Each that is meant draws, also behind one that strikes: its next numbers do not depend on the others.
            striking = [drawn for drawn in self._faults[kind] if is_meant(drawn.fault) and drawn.strikes()]
            return striking[0].hit() if striking else None


class _FaultsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    seed: int = 0
    requests: list[RequestFault] = Field(default_factory=list)
    jobs: list[JobFault] = Field(default_factory=list)
    webhooks: list[WebhookFault] = Field(default_factory=list)


def load_faults(path: str | Path, seed: int | None = None) -> Faults:
    """Reads faults from a YAML or JSON file: `seed`, and lists of `requests`, `jobs` and `webhooks`.

    Args:
        path: the file.
        seed: instead of the file's.

    Raises:
        InvalidOptionError: the file cannot be read, or an entry is not valid; the message names both.
    """
    try:
        file = _FaultsFile.model_validate(_read(Path(path)))
    except ValidationError as error:
        raise InvalidOptionError(f"{path}: {'; '.join(told(error))}") from None
    faults = Faults(file.seed if seed is None else seed)
    for fault in (*file.requests, *file.jobs, *file.webhooks):
        faults.add(fault)
    return faults


def _read(path: Path) -> Any:
    try:
        return parsed(path.read_text(encoding="utf-8-sig"), named_json=path.suffix.lower() == ".json")
    except InvalidRulesError as error:
        raise InvalidOptionError(f"{path}: {error.message}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InvalidOptionError(f"cannot read the faults {path}: {reason}") from None


def _made(model: type[F], values: dict[str, Any], **shared: Any) -> F:
    try:
        return model(**values, **shared)
    except ValidationError as error:
        raise InvalidOptionError(f"{model.__name__}: {'; '.join(told(error))}") from None
