"""The server's own OpenAPI document."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from classify_core.server.app import create_app
from classify_core.server.options import ServerOptions
from classify_core.server.service import Service


@cache
def document() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        opened: dict[str, Any] = create_app(Service(ServerOptions(data=Path(folder)))).openapi()
    # The framework's newer versions have another word for a file's bytes.
    newer, older = '"contentMediaType": "application/octet-stream"', '"format": "binary"'
    return json.loads(json.dumps(opened).replace(newer, older))
