"""Documents, rules and processes for the tests of `classify run`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RULES = """
- {type: invoice, description: "A bill with an invoice number, line items, tax and the total amount due."}
- {type: recipe, description: "A cooking recipe with ingredients, quantities and steps of preparation."}
"""
OTHER_RULES = RULES.replace("tax and the total", "sales tax and the total")
INVOICE = "Invoice number 7. Line items: two lamps. Sales tax and the total amount due: 20 EUR."
RECIPE = "Recipe for soup. Ingredients and quantities: 2 leeks. Steps of preparation: cut, boil, serve."
LOCAL = ("--rules", "rules.yaml", "--backend", "local")
HOSTED = ("--rules", "rules.yaml", "--backend", "hosted")
PROGRAM = (sys.executable, "-m", "classify_core.cli", "run")


@dataclass(frozen=True)
class Place:
    """A folder to run in, with rules and documents."""

    root: Path

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name: str) -> list[dict[str, Any]]:
        """The lines of a results file."""
        return [json.loads(line) for line in (self.root / name).read_text().splitlines()]

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """The program in a process of its own, in this folder and without a key."""
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=self.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **{"env": dict(os.environ), **options},
        )

    def run(self, *arguments: str, given: bytes = b"", **options: Any) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of the program."""
        with self.start(*arguments, **options) as process:
            out, err = process.communicate(given, timeout=60)
        return process.returncode, out.decode(), err.decode()


def count_of_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0
