"""What `pyproject.toml` promises."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


ONLY_FOR_TESTS = {
    "langgraph",
    "langgraph-checkpoint",
    "langgraph-prebuilt",
    "pyarrow",
    "scipy",
}  # why is told in tests/lowest.txt


def _lowest_stated() -> dict[str, str]:
    stated = list(PROJECT["dependencies"])
    for extra in PROJECT["optional-dependencies"].values():
        stated += [one for one in extra if not one.startswith("classify-adapters")]
    found = (re.match(r"([A-Za-z0-9_.-]+)>=([\d.]+)", one) for one in stated)
    return {match[1].lower(): match[2] for match in found if match is not None}


def test_the_lowest_versions_that_are_tested_are_those_that_are_stated() -> None:
    lines = (ROOT / "tests" / "lowest.txt").read_text().splitlines()
    pinned = dict(line.lower().split("==") for line in lines if line and not line.startswith("#"))
    stated = _lowest_stated()
    assert pinned.keys() - stated.keys() == ONLY_FOR_TESTS
    assert stated.keys() <= pinned.keys()
    for name, version in stated.items():
        assert (pinned[name] + ".0").startswith(version + ".") or pinned[name] == version, name


def test_the_base_install_stays_thin() -> None:
    names = {re.split(r"[<>=\[]", one)[0] for one in PROJECT["dependencies"]}
    assert names == {"httpx", "pydantic", "PyYAML"}


def test_every_extra_of_the_design_exists_and_has_local_in_it() -> None:
    extras = PROJECT["optional-dependencies"]
    assert set(extras) == {"local", "llama-index", "langchain", "server", "cli", "ray", "all"}
    for name in set(extras) - {"local", "all"}:
        assert "classify-adapters[local]" in extras[name] or extras[name][0] == "classify-adapters[llama-index]"
    assert extras["all"] == ["classify-adapters[llama-index,langchain,server,cli,ray]"]


def test_serving_brings_the_command_that_serves() -> None:
    assert "classify-adapters[cli]" in PROJECT["optional-dependencies"]["server"]
    assert PROJECT["scripts"]["classify"] == "classify_core.cli:main"


def test_the_changelog_begins_with_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## (\S+)", changelog, re.MULTILINE)[1] == PROJECT["version"]
