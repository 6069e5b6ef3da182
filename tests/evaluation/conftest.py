"""Labelled documents: our examples, sorted into folders by their types."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from classify_core import Rule, load_rules

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def rules() -> list[Rule]:
    return load_rules(EXAMPLES / "rules.yaml")


@pytest.fixture
def labels() -> dict[str, str | None]:
    """The type of each of our text documents; None where it has none of the rules'."""
    told = yaml.safe_load((EXAMPLES / "expected.yaml").read_text())
    return {name: label for name, label in told.items() if Path(name).suffix in {".md", ".txt", ".eml", ".csv"}}


@pytest.fixture
def folder(tmp_path: Path, labels: dict[str, str | None]) -> Path:
    place = tmp_path / "labelled"
    for name, label in labels.items():
        below = place / ("null" if label is None else label)
        below.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXAMPLES / "documents" / name, below / name)
    return place
