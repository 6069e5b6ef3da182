"""The clients that are measured, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.paired.assignment import Assignment, Findings
from benchmarks.paired.served import ROOT, clean_environment

PATIENCE_SECONDS: Final = 1800.0
"""After which a client is taken to hang; the longest case takes a few minutes."""


class ClientFailedError(Exception):
    """A client did not do what it was told."""


class SdkUse(NamedTuple):
    """One way in which the official SDK is used: its users choose by hand how many documents are under way at once."""

    at_once: int = 50
    is_async: bool = True
    max_retries: int | None = None


@dataclass(frozen=True)
class Client:
    """A client and the Python that has it.

    Attributes:
        name: in reports.
        python: the interpreter.
        module: the program that uses the client.
        is_ours: whether it is ours.
        is_async: which face of the official SDK it uses.
        at_once: documents that it has under way; None leaves it to the client.
        max_retries: of the official SDK; None leaves it to the SDK.
    """

    name: str
    python: Path
    module: str
    is_ours: bool = False
    is_async: bool = True
    at_once: int | None = None
    max_retries: int | None = None

    def start(self, assignment: Assignment) -> subprocess.Popen[str]:
        """Begins to work in the background, as far as the benchmark is concerned."""
        pipe = subprocess.PIPE
        process = subprocess.Popen(  # noqa: S603 - our own program
            # Not resolved: a virtual environment is known by where its Python lies.
            [str(self.python.absolute()), "-m", self.module],
            cwd=ROOT,
            env=clean_environment(),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it ended already; how, its exit code tells
            process.stdin.write(assignment.to_json())
            process.stdin.close()
        process.stdin = None  # or `communicate` would flush what is closed
        return process

    def run(self, assignment: Assignment) -> Findings:
        """Works and returns what was measured.

        Raises:
            ClientFailedError: it ended badly or not at all; the message holds the end of what it wrote.
        """
        with self.start(assignment) as process:
            try:
                told, errors = process.communicate(timeout=PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                raise ClientFailedError(f"{self.name} was not done after {PATIENCE_SECONDS:g} s") from None
            finally:
                process.kill()  # which ends one that hangs, or that was interrupted, and no other
        if process.returncode != 0:
            raise ClientFailedError(f"{self.name} ended with {process.returncode}:\n{errors[-2_000:]}")
        return Findings(**json.loads(told.splitlines()[-1]))


def our_client() -> Client:
    """Ours, in this environment."""
    return Client("ours", Path(sys.executable), "benchmarks.paired.client_ours", is_ours=True)


def official_version(python: Path) -> str:
    """Which release of the official SDK that Python has."""
    asked = "import importlib.metadata; print(importlib.metadata.version('llama-cloud'))"
    told = subprocess.run(  # noqa: S603 - our own program
        [str(python.absolute()), "-c", asked], env=clean_environment(), capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"


def official_client(python: Path, use: SdkUse) -> Client:
    """The official SDK in its own environment."""
    name = f"official SDK, {'async' if use.is_async else 'sync'}, {use.at_once} at once"
    return Client(
        name if use.max_retries is None else f"{name}, max_retries={use.max_retries}",
        python,
        "benchmarks.paired.client_sdk",
        is_async=use.is_async,
        at_once=use.at_once,
        max_retries=use.max_retries,
    )
