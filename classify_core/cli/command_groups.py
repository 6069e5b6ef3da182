"""Groups of commands, such as `classify files ...`, that take the global options before a command's name too."""

from __future__ import annotations

import typer

from classify_core.cli.commands import takes_option_groups
from classify_core.cli.connection import ConnectionOptions
from classify_core.cli.output import OutputOptions


def command_group(explanation: str) -> typer.Typer:
    """Returns an empty group.

    Args:
        explanation: what its commands are about, for the help.
    """
    group = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help=explanation)
    group.callback()(takes_option_groups(_take_global_options))
    return group


def _take_global_options(*, connection: ConnectionOptions, results: OutputOptions) -> None:
    del connection, results  # kept for the command that follows
