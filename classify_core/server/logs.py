"""The server's log: one JSON object a line on stderr, about requests and jobs and never about what they carry."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import PurePath
from types import TracebackType
from typing import Any, Final

LOGGER_NAME: Final = "classify_core.server"

logger = logging.getLogger(LOGGER_NAME)

# Where a log record keeps its fields.
_FIELDS: Final = "classify_fields"


def log_event(event: str, *, level: int = logging.INFO, error: BaseException | None = None, **fields: Any) -> None:
    """Logs one event.

    Args:
        event: its name, such as `request` or `job.ended`.
        level: of the logging module.
        error: what went wrong; its type and its place are logged. Its message is not: it may quote a document.
        fields: IDs, numbers and words of the server. Never a key, a header, a query, a body, a text or a file's name.
    """
    logger.log(level, event, extra={_FIELDS: fields if error is None else fields | _told(error)})


class JsonLines(logging.Formatter):
    """One JSON object a line. Of other libraries' records it tells the place alone: their messages may quote."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line = {"time": datetime.fromtimestamp(record.created, UTC).isoformat(), "level": record.levelname.lower()}
        fields: dict[str, Any] | None = getattr(record, _FIELDS, None)
        if fields is None:
            fields = {"logger": record.name, "at": f"{record.module}:{record.lineno}"}
            error = record.exc_info[1] if record.exc_info else None
            return json.dumps(line | {"event": "library"} | fields | ({} if error is None else _told(error)))
        return json.dumps(line | {"event": record.getMessage()} | fields, default=str)


def configure_logging(level: int = logging.INFO) -> None:
    """Writes the log to stderr; other libraries are heard from WARNING on."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logger.setLevel(level)


def _told(error: BaseException) -> dict[str, Any]:
    return {"error": type(error).__name__, "stack": _places(error.__traceback__)}


def _places(stack: TracebackType | None) -> list[str]:
    return [f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(stack)]
