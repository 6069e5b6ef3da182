"""What --debug tells of a run: the requests it sends, and where it classifies."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from classify_core.cli.output import tell

_LOGGERS: Final = ("classify_core", "httpx")


class _Teller(logging.Handler):
    """Writes log lines to standard error; of a request method, path and status, and not its query."""

    def emit(self, record: logging.LogRecord) -> None:
        match record.name, record.args:
            case "httpx", (method, url, _, status, *_):
                tell(f"{method} {_path_of(url)} {status}")
            case _:
                tell(record.getMessage())


def _path_of(url: Any) -> str:
    return str(getattr(url, "path", "?"))


@contextmanager
def told_requests(*, shown: bool) -> Iterator[None]:
    """Tells on standard error what happens inside, if it is to be shown."""
    if not shown:
        yield
        return
    handler = _Teller(logging.INFO)
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
