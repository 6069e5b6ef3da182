"""What was learned, in a file: compressed JSON, so that reading it runs nothing."""

from __future__ import annotations

import gzip
import json
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from classify_core.errors import InvalidOptionError

_FORMAT: Final = "classify-adapters learned"
_MAX_BYTES: Final = 1_000_000_000


def write_learned(path: Path, learned: Mapping[str, Any]) -> None:
    """Writes what was learned; a file that is there is replaced only once the new one is whole.

    Raises:
        InvalidOptionError: it cannot be written.
    """
    data = json.dumps({"format": _FORMAT, **learned}, sort_keys=True).encode()
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
            file.write(gzip.compress(data, mtime=0))
        Path(file.name).replace(path)
    except OSError as error:
        raise InvalidOptionError(f"{path}: cannot be written: {error.strerror or type(error).__name__}") from error


def read_learned(path: Path) -> dict[str, Any]:
    """Reads what was learned.

    Raises:
        InvalidOptionError: it cannot be read, or is no such file.
    """
    try:
        with gzip.open(path) as file:
            data = file.read(_MAX_BYTES + 1)
        learned = json.loads(data) if len(data) <= _MAX_BYTES else None
    except FileNotFoundError:
        raise InvalidOptionError(f"{path}: there is no such file; classifier.save(path) writes one") from None
    except (OSError, EOFError, ValueError, zlib.error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is not what classifier.save() writes"
        raise InvalidOptionError(f"{path}: cannot be read: {reason}") from None
    if not isinstance(learned, dict) or learned.get("format") != _FORMAT:
        raise InvalidOptionError(f"{path}: it is not what classifier.save() writes")
    return learned
