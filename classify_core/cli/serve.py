"""`classify serve`: the API on this machine."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from classify_core.checks import checked_seconds
from classify_core.cli.commands import OptionGroup, command
from classify_core.cli.connection import ConnectionOptions
from classify_core.cli.values import given, naming
from classify_core.errors import InvalidOptionError

if TYPE_CHECKING:
    from classify_core.server import DocumentLimits, ServerOptions

app = typer.Typer(rich_markup_mode=None)

BYTES_OF_MB: Final = 1024**2


class LimitsName(StrEnum):
    """Whose rate limits are kept."""

    NONE = "none"
    PUBLISHED = "published"
    FREE = "free"


class LogLevel(StrEnum):
    """From which level on the log is written."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class ServeOptions(OptionGroup):
    """What the server is told; None leaves it to the server."""

    host: Annotated[str | None, typer.Option("--host", help="The address to listen on; unless said, 127.0.0.1.")] = None
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Unless said, 8000; 0 takes any that is free.")
    ] = None
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FOLDER", help="Keeps files and jobs; unless said, the user's data folder."),
    ] = None
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            "--api-key",
            metavar="KEY",
            help="A key to accept; each has a project of its own. @FILE, or a file's path, reads keys, one a line. "
            "Repeatable; unless given, one is made, kept and printed. The environment is not looked at.",
        ),
    ] = field(default=None, repr=False)
    limits: Annotated[
        LimitsName | None,
        typer.Option("--limits", help="The hosted service's rate limits, with its 429s; unless said, none."),
    ] = None
    job_seconds: Annotated[
        str | None,
        typer.Option("--job-seconds", metavar="MEDIAN[,SIGMA]", help="How long jobs take, log-normal, such as 4,0.5."),
    ] = None
    concurrent_jobs: Annotated[
        int | None, typer.Option("--concurrent-jobs", min=1, help="Jobs of a project at once; more wait as PENDING.")
    ] = None
    faults: Annotated[
        Path | None, typer.Option("--faults", metavar="FILE", help="What goes wrong on purpose, as YAML.")
    ] = None
    seed: Annotated[int | None, typer.Option("--seed", help="Of durations and faults; unless said, 0.")] = None
    allow_private_webhooks: Annotated[
        bool, typer.Option("--allow-private-webhooks", help="Webhooks may go to private and loopback addresses.")
    ] = False
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes that read documents; unless said, one a processor."),
    ] = None
    document_seconds: Annotated[
        float | None, typer.Option("--document-seconds", help="For reading one document; unless said, 120.")
    ] = None
    document_memory_mb: Annotated[
        int | None, typer.Option("--document-memory-mb", min=256, help="For reading one document; unless said, 2048.")
    ] = None
    document_pages: Annotated[
        int | None, typer.Option("--document-pages", min=1, help="Of one document; unless said, 5000.")
    ] = None
    max_file_mb: Annotated[int | None, typer.Option("--max-file-mb", min=1, help="Of an upload; unless said, 512.")] = (
        None
    )

    def server_options(self) -> ServerOptions:
        """The same as the server takes it.

        Raises:
            InvalidOptionError: a value cannot work; the message names the flag.
            MissingExtraError: the server is not installed.
        """
        from classify_core.server import Faults, JobSeconds, ServerOptions, limits_named, load_faults  # noqa: PLC0415 - an extra
        from classify_core.server.keys import keys_from  # noqa: PLC0415 - the same

        with naming("--api-key"):
            keys = keys_from(self.api_key or ())
        with naming("--job-seconds"):
            job_seconds = None if self.job_seconds is None else JobSeconds.parse(self.job_seconds)
        with naming("--faults"):
            faults = Faults(self.seed or 0) if self.faults is None else load_faults(self.faults, self.seed)
        plain = given(host=self.host, port=self.port, seed=self.seed, workers=self.workers)
        if self.max_file_mb is not None:
            plain["max_file_bytes"] = self.max_file_mb * BYTES_OF_MB
        return ServerOptions(
            data=_default_folder() if self.data is None else self.data,
            api_keys=keys,
            limits=limits_named(self.limits or LimitsName.NONE),
            job_seconds=job_seconds,
            concurrent_jobs=self.concurrent_jobs,
            faults=faults,
            allow_private_webhooks=self.allow_private_webhooks,
            document_limits=self._document_limits(),
            **plain,
        )

    def _document_limits(self) -> DocumentLimits:
        from classify_core.server import DocumentLimits  # noqa: PLC0415 - an extra

        limits: dict[str, Any] = given(seconds=self.document_seconds, pages=self.document_pages)
        if self.document_seconds is not None:
            checked_seconds("--document-seconds", self.document_seconds)
        if self.document_memory_mb is not None:
            limits["memory_bytes"] = self.document_memory_mb * BYTES_OF_MB
        return DocumentLimits(**limits)


@command(
    app,
    "serve",
    examples=(
        "classify serve",
        "classify serve --port 9000 --data ./classify-data --api-key @keys.txt",
        "classify serve --limits published --job-seconds 4,0.5 --faults faults.yaml --seed 7",
    ),
)
def serve(
    *,
    context: typer.Context,
    options: ServeOptions,
    log_level: Annotated[
        LogLevel, typer.Option("--log-level", help="From which level on the log is written.")
    ] = LogLevel.INFO,
) -> None:
    """Serve the classify API on this machine, as the hosted service speaks it, until it is interrupted.

    Documents are classified here; nothing is sent anywhere else. The log is JSON on standard error.
    """
    earlier = (context.obj or {}).get(ConnectionOptions)
    if earlier is not None and earlier.api_key is not None:
        raise InvalidOptionError("--api-key before serve is that of a client; write the server's keys after serve")
    server_options = options.server_options()
    from classify_core.server import serve as serve_api  # noqa: PLC0415 - an extra

    serve_api(server_options, log_level=logging.getLevelNamesMapping()[log_level.upper()])


def _default_folder() -> Path:
    from platformdirs import user_data_path  # noqa: PLC0415 - an extra

    return user_data_path("classify-adapters", appauthor=False)
