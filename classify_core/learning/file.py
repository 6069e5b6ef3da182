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
        _replace(path, gzip.compress(data, mtime=0))
    except OSError as error:
        raise InvalidOptionError(f"{path}: cannot be written: {error.strerror or type(error).__name__}") from error


def _replace(path: Path, data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".classify-", delete=False) as file:
        whole = Path(file.name)
        try:
            file.write(data)
            file.close()  # what is open cannot be renamed on Windows
            whole.replace(path)
        except BaseException:
            file.close()
            whole.unlink(missing_ok=True)
            raise


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
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is not what classifier.save() writes"
        raise InvalidOptionError(f"{path}: cannot be read: {reason}") from None
    if not isinstance(learned, dict) or learned.pop("format", None) != _FORMAT or not _is_whole(learned):
        raise InvalidOptionError(f"{path}: it is not what classifier.save() writes")
    return learned


def _is_whole(learned: Mapping[str, Any]) -> bool:
    return bool(learned) and all(isinstance(part, dict) for part in learned.values())
