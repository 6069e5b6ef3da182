"""`classify serve` in a process of its own: started, asked for what it did, and stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.paired.processor_time import processor_seconds
from benchmarks.paired.project import Project

ROOT: Final = Path(__file__).parents[2]
API_KEY: Final = "llx-benchmark"
WARMING_KEY: Final = "llx-benchmark-warming"
WORKERS: Final = 2

_CREATE: Final = ("POST", "/api/v2/classify")
_UPLOAD: Final = ("POST", "/api/v1/beta/files")
_REFUSED: Final = 429


@dataclass(frozen=True)
class Requests:
    """What a server was asked.

    Attributes:
        lines: of its log, one for each request.
    """

    lines: tuple[Mapping[str, Any], ...]

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def refusals(self) -> int:
        """Those that were answered with 429."""
        return sum(line["status"] == _REFUSED for line in self.lines)

    @property
    def uploads(self) -> int:
        """Files sent, also in vain."""
        return self._routes[_UPLOAD]

    @property
    def creations(self) -> int:
        """Jobs asked for, also in vain and again."""
        return self._routes[_CREATE]

    @property
    def looks(self) -> int:
        """All others."""
        return len(self) - self.uploads - self.creations

    @cached_property
    def _routes(self) -> Counter[tuple[str, str]]:
        return Counter((line["method"], line["route"]) for line in self.lines)


class Served:
    """A running server.

    Attributes:
        base_url: where it listens.
        project: whose key the measured client has; nothing else is done in it.
    """

    def __init__(self, process: subprocess.Popen[str], base_url: str, log: Path) -> None:
        self._process = process
        self._log = log
        self._measured_from = 0
        self.base_url = base_url
        self.project = Project(base_url, API_KEY)

    def begin(self) -> None:
        """What was asked before is not counted."""
        self._measured_from = self._log.stat().st_size

    def requests(self) -> Requests:
        """What was asked and answered since `begin`."""
        with self._log.open("rb") as log:
            log.seek(self._measured_from)
            whole_lines = log.read().rpartition(b"\n")[0].splitlines()
        lines = (json.loads(line) for line in whole_lines)
        return Requests(tuple(line for line in lines if line["event"] == "request"))

    def processor_seconds(self) -> float | None:
        """What it and its processes for documents took so far."""
        return processor_seconds(self._process.pid)


@contextmanager
def served(*flags: str, faults: str | None = None, workers: int = WORKERS, seed: int) -> Iterator[Served]:
    """A server with a fresh folder that has worked on a few documents of another project already.

    Args:
        flags: of `classify serve`.
        faults: the content of a faults file.
        workers: processes that read documents.
        seed: of durations and faults.
    """
    with TemporaryDirectory(prefix="classify-benchmark-") as folder:
        home = Path(folder)
        (home / "keys.txt").write_text(f"{API_KEY}\n{WARMING_KEY}\n", encoding="utf-8")
        given = ["--api-key", f"@{home / 'keys.txt'}", "--data", str(home / "data"), "--port", "0"]
        given += ["--workers", str(workers), "--seed", str(seed), *flags]
        if faults is not None:
            (home / "faults.yaml").write_text(faults, encoding="utf-8")
            given += ["--faults", str(home / "faults.yaml")]
        with _running(given, home / "log.jsonl") as server:
            Project(server.base_url, WARMING_KEY).warm(workers)
            server.begin()
            yield server


@contextmanager
def _running(given: Sequence[str], log: Path) -> Iterator[Served]:
    command = [sys.executable, "-m", "classify_core.cli", "serve", *given]
    with (
        log.open("w", encoding="utf-8") as stderr,
        subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            announced = process.stdout.readline().split()
            if not announced:
                sys.exit(f"the server did not start:\n{log.read_text(encoding='utf-8')}")
            yield Served(process, announced[-1], log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()  # its folder is removed next; `Popen` itself does not wait for long after Ctrl-C


def clean_environment() -> dict[str, str]:
    """Nobody's key and no proxy."""
    named = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {name: value for name, value in named.items() if not name.startswith("LLAMA_")}
