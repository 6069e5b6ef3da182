"""The folder into which a process for documents unpacks its PDF reader while it starts."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PREFIX: Final = "classify-worker-"
LONGEST_LIFE_SECONDS: Final = 600.0
"""What is older was left by a server that was killed while a process started; starting takes a second."""


@contextmanager
def scratch_folder() -> Iterator[str]:
    """A folder that is nobody else's: kreuzberg unpacks its reader under a name that anybody could foresee."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        _remove_leftovers(folder.parent)
        yield str(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(parent: Path) -> None:
    for path in parent.glob(f"{PREFIX}*"):
        if _is_leftover(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_leftover(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:  # another server has removed it
        return False
    is_own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return is_own and found.st_mtime < time.time() - LONGEST_LIFE_SECONDS
