"""Every code block of README and docs runs, and prints what it says it prints."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import classify_core
from classify_core import errors, load_rules
from tests.service import ClassifyService

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(?P<marker><!-- hosted -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    language: str
    code: str
    line: int
    is_hosted: bool

    @property
    def expected(self) -> list[str]:
        """What the comments at the end of the block, after its last print, say it prints."""
        lines = [line for line in self.code.splitlines() if line.strip()]
        told: list[str] = []
        while lines and lines[-1].startswith("# "):
            told.insert(0, lines.pop()[2:])
        return told


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(found["language"], found["code"], text[: found.start("code")].count("\n"), found["marker"] is not None)
        for found in BLOCK.finditer(text)
    ]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the pages describe: rules.yaml and documents in inbox/."""
    shutil.copytree(ROOT / "examples" / "documents", tmp_path / "inbox")
    rules = next(block.code for block in blocks_of(ROOT / "docs" / "ingestion.md") if block.language == "yaml")
    (tmp_path / "rules.yaml").write_text(rules)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_code_block_runs_and_prints_what_it_says(
    page: Path, workplace: Path, service: ClassifyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace: dict[str, Any] = {"__name__": "documentation"}
    blocks = [block for block in blocks_of(page) if block.language == "python"]
    assert blocks
    for block in blocks:
        with monkeypatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as printed:
            if block.is_hosted:
                patch.setenv("LLAMA_CLOUD_API_KEY", service.api_key)
                patch.setenv("LLAMA_CLOUD_BASE_URL", service.base_url)
            padded = "\n" * block.line + block.code  # so that a traceback names the page's own line
            exec(compile(padded, str(page), "exec"), namespace)
        assert printed.getvalue().splitlines() == block.expected, f"{page.name}, block at line {block.line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_language_it_is_in(page: Path) -> None:
    assert {block.language for block in blocks_of(page)} <= {"python", "yaml", "console"}


def test_every_rules_file_in_the_pages_can_be_loaded(tmp_path: Path) -> None:
    for page in PAGES:
        for block in blocks_of(page):
            if block.language == "yaml":
                (tmp_path / "rules.yaml").write_text(block.code)
                assert load_rules(tmp_path / "rules.yaml")


def test_every_command_in_the_pages_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for page in PAGES:
        for block in blocks_of(page):
            for command in block.code.splitlines() if block.language == "console" else []:
                words = command.partition("#")[0].split()
                if words[0] == "make":
                    assert f"\n{words[1]}:" in makefile, command
                else:
                    found = re.fullmatch(r'pip install "classify-adapters\[([\w,-]+)\]"', " ".join(words))
                    assert found, command
                    assert set(found[1].split(",")) <= set(extras), command


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_error_has_its_line_in_the_page_on_errors() -> None:
    page = (ROOT / "docs" / "errors.md").read_text()
    families = {"ClassifyError", "UsageError", "ApiError", "ContractError"}
    for name in vars(errors):
        if name.endswith("Error") and name in classify_core.__all__ and name not in families:
            assert f"`{name}`" in page, name


def test_every_status_has_its_line_in_the_page_on_errors() -> None:
    page = (ROOT / "docs" / "errors.md").read_text()
    for status in classify_core.Status:
        assert f"| `{status.value}` |" in page, status
