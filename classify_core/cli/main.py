"""The program: its commands, its global options, and how it ends."""

from __future__ import annotations

import importlib.metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from classify_core.cli import configs, evaluate, files, jobs, output, rules, run, serve, v1_jobs
from classify_core.cli.commands import lines, takes_option_groups
from classify_core.cli.connection import ConnectionOptions
from classify_core.cli.exit_codes import MEANINGS, ExitCode, code_of
from classify_core.cli.output import OutputOptions
from classify_core.errors import ClassifyError

EPILOG = "\n\n".join(
    [
        lines(
            "Examples:",
            "classify run inbox/ --rules rules.yaml --out results.jsonl",
            "classify files upload invoice.pdf",
            "classify create --file-input dfl-0b1c... --rules rules.yaml",
            "classify wait 5f0e2c1a-...",
        ),
        lines("Exit codes:", *(f"{code:>3}  {meaning}" for code, meaning in MEANINGS.items())),
    ]
)


class Program(TyperGroup):
    """Ends each command with its exit code, and tells a failure in one line."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except ClassifyError as error:
            output.tell(f"Error: {_named(error, ctx)}")
            raise typer.Exit(code_of(error)) from None
        except KeyboardInterrupt:
            output.tell("interrupted")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            output.leave_closed_output()
            raise typer.Exit(ExitCode.DONE) from None
        except OSError as error:  # such as a full disk
            output.tell(f"Error: {error}")
            raise typer.Exit(ExitCode.FAILED) from None


def _named(error: ClassifyError, context: typer.Context) -> str:
    """The error's message, after its class where --debug asks for it."""
    connection = (context.obj or {}).get(ConnectionOptions)
    is_debugged = connection is not None and connection.debug
    return f"{type(error).__name__}: {error}" if is_debugged else str(error)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - Typer's callbacks are called so
    if asked:
        typer.echo(f"classify-adapters {importlib.metadata.version('classify-adapters')}")
        raise typer.Exit


def _take_global_options(
    *,
    connection: ConnectionOptions,
    results: OutputOptions,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Classify documents by rules in plain words: here, or at a service that speaks the classify API."""
    del connection, results, version  # kept for the command that follows


app = typer.Typer(
    cls=Program,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)
app.callback()(takes_option_groups(_take_global_options))
app.add_typer(run.app)
app.add_typer(evaluate.app)
app.add_typer(jobs.app)
app.add_typer(files.app, name="files")
app.add_typer(configs.app, name="configs")
app.add_typer(v1_jobs.app, name="classifier:jobs")
app.add_typer(rules.app, name="rules")
app.add_typer(serve.app)
