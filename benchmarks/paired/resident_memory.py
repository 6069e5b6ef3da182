"""How much memory this process holds."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Final

_STATM: Final = Path("/proc/self/statm")
_MIB: Final = 1024**2


def resident_mib() -> float:
    """The resident memory in MiB: as it is now on Linux, elsewhere the most that it ever was."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * resource.getpagesize() / _MIB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # getrusage(2): bytes on macOS, kibibytes on the others.
    return peak / _MIB if sys.platform == "darwin" else peak / 1024
