"""Runs an example that starts a Ray cluster of its own, apart from any other and ended with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 300


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder of few characters: Ray's sockets are below it, and a socket's name is short."""
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp" if os.name == "posix" else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_program(
    program: Path, *arguments: str, folder: Path, working_directory: Path, environment: Mapping[str, str] | None = None
) -> str:
    """What a program prints; it is ended, with all that it began, where it takes too long.

    Args:
        program: the example.
        arguments: its options.
        folder: a short one, for what Ray keeps.
        working_directory: where it is run.
        environment: variables beside those of this process.
    """
    alone = {
        "HOME": str(folder),  # Ray keeps a token of its own there
        "RAY_TMPDIR": str(folder),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on Linux too: everything on loopback
    }
    with subprocess.Popen(
        [sys.executable, str(program), *arguments],
        cwd=working_directory,
        env=os.environ | alone | dict(environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            printed, told = running.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            raise
    assert running.returncode == 0, told
    return printed
