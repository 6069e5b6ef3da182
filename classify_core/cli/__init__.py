"""The command line `classify`."""

from __future__ import annotations

import sys

from classify_core.cli.exit_codes import ExitCode


def main() -> None:
    """Runs the command that the process's arguments ask for, and exits with its code."""
    try:
        import rich  # noqa: F401, PLC0415 - an extra; here to be told of in one place
        import typer  # noqa: F401, PLC0415 - the same
    except ImportError as error:
        sys.stderr.write(
            f'Error: the command line needs {error.name}; install it with: pip install "classify-adapters[cli]"\n'
        )
        sys.exit(ExitCode.USAGE)
    from classify_core.cli.main import app  # noqa: PLC0415 - needs the extra

    app(prog_name="classify")
