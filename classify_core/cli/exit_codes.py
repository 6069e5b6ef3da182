"""What the command line's exit codes mean, and which error ends with which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from classify_core.errors import (
    ApiError,
    AuthenticationError,
    ClassifyTimeoutError,
    ConflictError,
    ConnectionFailedError,
    ContractError,
    DocumentTooLargeError,
    MissingExtraError,
    NotFoundError,
    OutOfCreditsError,
    PermissionDeniedError,
    RateLimitError,
    RejectedRequestError,
    RunStoppedError,
    UsageError,
)


class ExitCode(IntEnum):
    """How a command ended; scripts may rely on the numbers."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    DENIED = 3
    NOT_FOUND = 4
    LIMITED = 5
    TIMEOUT = 6
    UNAVAILABLE = 7
    BELOW = 8
    INTERRUPTED = 130


MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "something failed: a job, or some of the documents",
    ExitCode.USAGE: "the command, an option or a value is wrong, or an extra is not installed",
    ExitCode.DENIED: "no valid API key, or it may not do this",
    ExitCode.NOT_FOUND: "there is no such thing, or its state does not allow this",
    ExitCode.LIMITED: "rate limit reached, or out of credits",
    ExitCode.TIMEOUT: "not done in the time allowed",
    ExitCode.UNAVAILABLE: "the service failed, or could not be reached",
    ExitCode.BELOW: "the accuracy is below --fail-under",
    ExitCode.INTERRUPTED: "interrupted",
}

_CODES: Final[Mapping[type[Exception], ExitCode]] = {
    UsageError: ExitCode.USAGE,
    MissingExtraError: ExitCode.USAGE,
    RejectedRequestError: ExitCode.USAGE,
    AuthenticationError: ExitCode.DENIED,
    PermissionDeniedError: ExitCode.DENIED,
    NotFoundError: ExitCode.NOT_FOUND,
    ConflictError: ExitCode.NOT_FOUND,
    OutOfCreditsError: ExitCode.LIMITED,
    RateLimitError: ExitCode.LIMITED,
    ClassifyTimeoutError: ExitCode.TIMEOUT,
    DocumentTooLargeError: ExitCode.FAILED,
    ApiError: ExitCode.UNAVAILABLE,
    ConnectionFailedError: ExitCode.UNAVAILABLE,
    ContractError: ExitCode.UNAVAILABLE,
}
"""By class, a subclass before its base; what stands in none is FAILED: it concerns a job or a document."""


def code_of(error: BaseException) -> ExitCode:
    """The exit code that tells of an error."""
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    if isinstance(error, RunStoppedError) and error.__cause__ is not None:
        return code_of(error.__cause__)
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), ExitCode.FAILED)
