"""`serve` in a process of its own, as `classify serve` runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = """
import logging, sys
from pathlib import Path
from pydantic import SecretStr
from classify_core.server import Faults, ServerOptions, serve

faults, options = Faults(), {}
exec(sys.argv[2])
keys = tuple(map(SecretStr, sys.argv[3:]))
serve(ServerOptions(data=Path(sys.argv[1]), port=0, workers=1, faults=faults, api_keys=keys, **options))
"""

EVERYTHING_LOGGED = """
from classify_core.server import serving
configure = serving.configure_logging
def configure_all(level):
    configure(logging.DEBUG)
    logging.getLogger().setLevel(logging.DEBUG)
serving.configure_logging = configure_all
"""


@dataclass
class ServingProcess:
    """A server that listens.

    Attributes:
        line: what it told on stdout.
    """

    process: subprocess.Popen[str]
    line: str

    @property
    def base_url(self) -> str:
        return re.search(r"http://[\w.:]+", self.line)[0]

    @property
    def api_key(self) -> str:
        return re.search(r"llx-[\w-]+", self.line)[0]

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Sends a signal; returns the exit code and the rest of stdout and stderr."""
        self.process.send_signal(number)
        told, logged = self.process.communicate(timeout=30)
        return self.process.returncode, told, logged


@contextmanager
def serving(data: Path, *keys: str, setup: str = "") -> Iterator[ServingProcess]:
    """Runs a server; `setup` are statements such as `faults.request(...)` and `options["seed"] = 1`."""
    command = [sys.executable, "-c", _PROGRAM, str(data), setup, *keys]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield ServingProcess(process, process.stdout.readline())
        finally:
            process.kill()
