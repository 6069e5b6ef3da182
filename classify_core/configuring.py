"""A `Classifier`'s rules and options: made of its arguments, or loaded, and refused before anything is spent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from classify_core.backend import Backend, BatchBackend, error_of_backend
from classify_core.checks import checked_amount, checked_count, checked_fraction, checked_seconds
from classify_core.errors import ClassifyError, ClassifyTimeoutError, InvalidOptionError, InvalidRulesError
from classify_core.models import ClassifyConfiguration, ParsingConfiguration, Rule
from classify_core.rules import configuration_of

Adapt: TypeAlias = Literal["auto"] | bool


def configuration_from(
    rules: Iterable[Rule | Mapping[str, Any]] | None,
    configuration_id: str | None,
    parsing: ParsingConfiguration | Mapping[str, Any] | None,
) -> ClassifyConfiguration | None:
    """The configuration that the arguments make; None where a saved one is to be loaded.

    Raises:
        InvalidRulesError: there are no rules, or they break a limit.
        InvalidOptionError: rules or parsing options stand beside a saved configuration, which has its own.
    """
    if configuration_id is None:
        if rules is None:
            raise InvalidRulesError("there are no rules; give rules=[Rule(...), ...] or configuration_id=")
        return configuration_of(rules, parsing)
    if rules is not None or parsing is not None:
        raise InvalidOptionError("configuration_id= stands for saved rules and parsing options; do not give both")
    return None


async def load_configuration(backend: Backend, configuration_id: str, timeout: float) -> ClassifyConfiguration:
    """Loads a saved configuration within `timeout` seconds.

    Raises:
        ClassifyTimeoutError: it took longer.
        ClassifyError: it could not be loaded.
    """
    try:
        async with asyncio.timeout(timeout):
            return await backend.load_configuration(configuration_id)
    except TimeoutError as error:
        raise ClassifyTimeoutError(
            f"the saved configuration {configuration_id} was not loaded within {timeout:g} s", timeout=timeout
        ) from error
    except ClassifyError:
        raise
    except Exception as error:  # noqa: BLE001 - a backend may be anybody's
        raise error_of_backend(backend, error) from None


def check_options(
    min_confidence: float | None,
    timeout: float,
    on_error: str,
    max_concurrency: int | None,
    max_credits: float | None,
) -> None:
    """Raises InvalidOptionError where a number is out of its range or a word is not one of the known."""
    if min_confidence is not None:
        checked_fraction("min_confidence", min_confidence)
    checked_seconds("timeout", timeout)
    checked_on_error(on_error)
    if max_concurrency is not None:
        checked_count("max_concurrency", max_concurrency)
    if max_credits is not None:
        checked_amount("max_credits", max_credits)


def checked_on_error(value: str) -> str:
    """Returns what it is given.

    Raises:
        InvalidOptionError: it is neither `"raise"` nor `"record"`.
    """
    if value not in {"raise", "record"}:
        raise InvalidOptionError(f'on_error={value!r}: give "raise" or "record"')
    return value


def refuse_useless_adaptation(adapt: Adapt, backend: Backend) -> None:
    """Refuses what cannot be done; what is left to us is done where it can be.

    Raises:
        InvalidOptionError: `adapt` is none of the three, or the backend learns nothing.
        MissingExtraError: it could, with a library that is missing.
    """
    if adapt not in ("auto", True, False):
        raise InvalidOptionError(f'adapt={adapt!r}: give "auto", True or False')
    if adapt is True:
        learning_backend(backend).refuse_adaptation()


def learning_backend(backend: Backend) -> BatchBackend:
    """The backend as one that learns from documents.

    Raises:
        InvalidOptionError: it does not.
    """
    if not isinstance(backend, BatchBackend):
        raise InvalidOptionError(
            f'the backend {backend.name!r} learns nothing from documents; backend="local" and CascadeBackend do'
        )
    return backend
