"""What the tests of the example programs share: where they are, and how one is run as a stranger would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.service import ClassifyService

EXAMPLES = Path(__file__).parents[1] / "examples"
DOCUMENTS = {path.name for path in (EXAMPLES / "documents").iterdir()}


def sections_of(printed: str) -> dict[str, list[str]]:
    """The lines below each heading."""
    parts = [part.splitlines() for part in printed.strip().split("\n\n")]
    return {heading: [line.strip() for line in lines] for heading, *lines in parts}


def keys_to(service: ClassifyService) -> dict[str, str]:
    """An environment that has a key, which no example takes as a reason to upload."""
    return {"LLAMA_CLOUD_API_KEY": service.api_key, "LLAMA_CLOUD_BASE_URL": service.base_url}


def printed_by(program: Path, service: ClassifyService, folder: Path) -> str:
    """What a program prints that is run in an empty folder with a key; it writes nothing there and uploads nothing."""
    done = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ | keys_to(service),
    )
    assert done.returncode == 0, done.stderr
    assert not service.requests
    assert not list(folder.iterdir())
    assert str(EXAMPLES) not in done.stdout
    return done.stdout
