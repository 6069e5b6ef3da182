"""The classify API over HTTP, as the hosted service speaks it, with the documents classified on this machine."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any, Final

from classify_core.errors import MissingExtraError

if TYPE_CHECKING:
    from classify_core.server.options import DocumentLimits, ServerOptions, limits_named
    from classify_core.server.serving import RunningServer, serve
    from classify_core.server.simulation.durations import JobSeconds
    from classify_core.server.simulation.faults import Faults, load_faults

_MODULES: Final = {
    "DocumentLimits": "options",
    "Faults": "simulation.faults",
    "JobSeconds": "simulation.durations",
    "RunningServer": "serving",
    "ServerOptions": "options",
    "limits_named": "options",
    "load_faults": "simulation.faults",
    "serve": "serving",
}

__all__ = [
    "DocumentLimits",
    "Faults",
    "JobSeconds",
    "RunningServer",
    "ServerOptions",
    "limits_named",
    "load_faults",
    "serve",
]

for _package in ("fastapi", "uvicorn", "python_multipart"):
    if importlib.util.find_spec(_package) is None:
        raise MissingExtraError(
            f'the server needs {_package}; install it with: pip install "classify-adapters[server]"'
        )


def __getattr__(name: str) -> Any:
    # Only when asked for: the processes that read documents import this package too, and need no web framework.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
