"""Plays every scenario with the official clients, each from its own virtual environment: `make test-peers`.

    python -m tests.peers.run --sdk .venv-peer-sdk/bin/python --v1 .venv-peer-v1/bin/python

It starts the servers here, fresh ones for each program, and exits with 1 where a program did.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory

from classify_core.server import RunningServer, ServerOptions
from tests.peers.playing import tell
from tests.peers.servers import running_servers

ROOT = Path(__file__).parents[2]
GUARD = ROOT / "tests" / "guard"
FACES = ("sync", "async")
PAGE = Path("docs") / "server.md"


def main(arguments: list[str] | None = None) -> None:
    """Runs both programs in both faces."""
    options = _options(arguments)
    logging.disable(logging.INFO)
    programs = (("tests.peers.official_v2", options.sdk), ("tests.peers.official_v1", options.v1))
    runs = list(product(programs, FACES))
    failed = [f"{program} {face}" for (program, python), face in runs if not _passes(python, program, face)]
    failed += [] if _page_is_true(options.sdk) else [str(PAGE)]
    tell("every scenario passed" if not failed else f"FAILED: {', '.join(failed)}")
    sys.exit(1 if failed else 0)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, client in (("sdk", "llama-cloud"), ("v1", "llama-cloud-services")):
        default = ROOT / f".venv-peer-{name}" / "bin" / "python"
        parser.add_argument(f"--{name}", type=Path, default=default, help=f"the Python that has {client}")
    return parser.parse_args(arguments)


def _passes(python: Path, program: str, face: str) -> bool:
    """Whether a program passed, against servers of its own."""
    with TemporaryDirectory() as folder, running_servers(Path(folder)) as servers:
        addresses = Path(folder) / "servers.json"
        addresses.write_text(json.dumps({name: server.base_url for name, server in servers.items()}), encoding="utf-8")
        command = [str(python.absolute()), "-m", program, face, str(addresses)]
        return subprocess.run(command, cwd=ROOT, env=_environment(), check=False).returncode == 0


def _page_is_true(python: Path) -> bool:
    """Whether what the page shows of the official SDK runs, and prints what it says, against a server of its own."""
    [code] = re.findall(r"<!-- official -->\n```python\n(.*?)```", (ROOT / PAGE).read_text(encoding="utf-8"), re.DOTALL)
    said = [line.removeprefix("# ") for line in code.splitlines() if line.startswith("# ")]
    with TemporaryDirectory() as folder, RunningServer(ServerOptions(data=Path(folder), port=0)) as server:
        found = {"LLAMA_CLOUD_API_KEY": server.api_key, "LLAMA_CLOUD_BASE_URL": server.base_url}
        command = [str(python.absolute()), "-c", code]
        done = subprocess.run(command, cwd=folder, env=_environment() | found, stdout=PIPE, text=True, check=False)
    is_true = done.stdout.splitlines() == said and done.returncode == 0
    tell(f"{'ok     ' if is_true else 'FAILED '} {PAGE}: what it shows of the official SDK")
    return is_true


def _environment() -> dict[str, str]:
    """Nobody's key, no proxy, no way beyond loopback, and no package of this environment."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    kept = {name: value for name, value in kept.items() if not name.startswith(("LLAMA_", "PYTHON"))}
    return {**kept, "PYTHONPATH": str(GUARD), "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    main()
