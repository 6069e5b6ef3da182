"""`python -m classify_core.cli`: the same as `classify`."""

from __future__ import annotations

from classify_core.cli import main

main()
