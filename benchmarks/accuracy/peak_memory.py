"""The most memory that this process ever held."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")
_KIBIBYTE: Final = 1024


def peak_memory() -> int:
    """Bytes."""
    if _STATUS.exists():
        # getrusage(2) would count what the parent held, too: proc(5) counts from the start of the program.
        peak = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * _KIBIBYTE
    peak_resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # getrusage(2): kibibytes, on macOS bytes.
    return peak_resident if sys.platform == "darwin" else peak_resident * _KIBIBYTE
