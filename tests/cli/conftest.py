"""The program in this process and in a process of its own, against a loopback service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from classify_core.cli.main import app
from classify_core.testing.server import ClassifyServer
from tests.cli.runs import INVOICE, RECIPE, RULES, Place
from tests.service import ClassifyService

RULE = {"type": "invoice", "description": "has an invoice number and line items"}
RULE_TEXT = "{type: invoice, description: has an invoice number and line items}"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def only(self) -> Any:
        """Standard output as one line of JSON."""
        [line] = self.lines
        return line


class Program:
    """Runs `classify`; the service's address and key are in the environment."""

    def __init__(self, service: ClassifyService | ClassifyServer) -> None:
        self.environment = {"LLAMA_CLOUD_BASE_URL": service.base_url, "LLAMA_CLOUD_API_KEY": service.api_key}

    def __call__(self, *arguments: str, **environment: str | None) -> Ended:
        result = CliRunner().invoke(app, arguments, env={**self.environment, **environment}, prog_name="classify")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    def as_process(self, *arguments: str, **environment: str) -> Ended:
        """The same in a process of its own."""
        command = [sys.executable, "-m", "classify_core.cli", *arguments]
        everything = os.environ | self.environment | environment
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=everything, timeout=60)
        return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def classify(service: ClassifyService) -> Program:
    return Program(service)


@pytest.fixture
def file_id(service: ClassifyService) -> str:
    return service.add_file("invoice.txt", b"an invoice with a number")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(tmp_path)
    place.write("rules.yaml", RULES)
    place.write("inbox/bill.txt", INVOICE)
    place.write("inbox/soup.md", RECIPE)
    monkeypatch.chdir(tmp_path)
    return place
