"""What a process for documents imposes on itself before it reads the first one that is not its own.

Linux honours all of it. Elsewhere the limits are the system's best effort; the time limit and the end of the process
with its server hold everywhere.
"""

from __future__ import annotations

import ctypes
import math
import os
import signal
import sys
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import resource

MAX_OPEN_FILES: Final = 64
"""A document is one, and the libraries' own are open by then."""

_ORPHAN_SECONDS: Final = 30
_PR_SET_PDEATHSIG: Final = 1


def follow_parent(parent: int) -> None:
    """Ends this process when its server ends, also when that is killed.

    The end of the standard input says so too, but a process that is busy with a document does not listen.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if sys.platform != "win32" and os.getppid() != parent:  # the server was gone before
        os._exit(1)


def confine(memory_bytes: int) -> None:
    """Limits what this process can take, beyond what it has.

    Once kreuzberg (4.10) and its PDF reader are loaded, 240 MB of address space are mapped, of which 80 MB are in use:
    threads' stacks and libraries reserve the rest. So the limit stands above what is mapped then. A PDF or a Word
    document of 300 pages of prose needs less than 8 MB above it.
    """
    if sys.platform == "win32":
        return
    _limit(resource.RLIMIT_CORE, 0)  # a core file would hold the text of documents
    _limit(resource.RLIMIT_FSIZE, 0)  # nothing is written; the PDF reader has unpacked itself by now
    _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    if sys.platform == "linux":
        _limit(resource.RLIMIT_AS, _mapped_bytes() + memory_bytes)


def end_after(seconds: float) -> None:
    """Ends this process some time after the server should have ended it; 0 takes that back.

    It is for the systems on which a busy process does not notice that its server is gone.
    """
    if sys.platform != "win32":
        signal.alarm(math.ceil(seconds) + _ORPHAN_SECONDS if seconds else 0)


def _limit(what: int, most: int) -> None:
    if sys.platform != "win32":
        _, hard = resource.getrlimit(what)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (allowed, allowed))


def _mapped_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")
