"""Every code block of README and docs runs, and prints what it says it prints."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

import classify_core
import langchain_classify
import llama_index_classify
from classify_core import errors, load_rules
from classify_core.cli.main import app
from classify_core.server import load_faults
from classify_core.testing.server import ClassifyServer

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- (?P<marker>\w+) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE
)


# One's code is tests, which pytest runs; the other tells figures and the command that repeats them. What a page shows
# of the official SDK is run by tests/peers/run.py.
WITHOUT_PYTHON = {"testing-your-pipeline.md", "performance.md"}


@dataclass(frozen=True)
class Block:
    language: str
    code: str
    line: int
    marker: str | None

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
        Block(found["language"], found["code"], text[: found.start("code")].count("\n"), found["marker"])
        for found in BLOCK.finditer(text)
    ]


def commands_of(page: Path) -> list[str]:
    """The commands in the page's console blocks, without their comments."""
    lines = [line for block in blocks_of(page) if block.language == "console" for line in block.code.splitlines()]
    return [line.partition("#")[0].strip() for line in lines]


def is_classify_command(words: list[str]) -> bool:
    """Whether the command line has these commands and flags."""
    names = [word for word in words if not word.startswith("-")]
    flags = [word for word in words if word.startswith("--")]
    for depth in (2, 1):
        told = _help_of(tuple(names[:depth]))
        if told is not None:
            return all(re.search(rf"(?<![\w.-]){re.escape(flag)}(?![\w.-])", told) for flag in flags)
    return not names and set(flags) <= {"--help", "--version", "--install-completion"}


@cache
def _help_of(names: tuple[str, ...]) -> str | None:
    result = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "400", "TERM": "dumb"})
    return result.output if result.exit_code == 0 and names else None


def exists(command: str) -> bool:  # noqa: PLR0911 - one kind of command, one answer
    """Whether a command of the pages can be run in a clone."""
    match command.split():
        case ["make", target]:
            return f"\n{target}:" in (ROOT / "Makefile").read_text()
        case ["make", target, assignment] if "=" in assignment:
            return exists(f"{assignment} make {target}")
        case [variable, "make", target]:
            return f"{variable.partition('=')[0]}=" in (ROOT / "Makefile").read_text() and exists(f"make {target}")
        case ["pip", "install", "-e", what]:
            extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
            wanted = re.fullmatch(r'"?\.(?:\[([\w,-]+)\])?"?', what)
            return wanted is not None and set((wanted[1] or "all").split(",")) <= set(extras)
        case ["cp", *_, source, _]:
            return (ROOT / source).exists()
        case ["classify", *_]:
            return is_classify_command(shlex.split(command)[1:])
        case ["export", assignment]:
            return assignment.partition("=")[0] in {"LLAMA_CLOUD_API_KEY", "LLAMA_CLOUD_BASE_URL"}
        case [".venv/bin/python", script, *words]:
            program = (ROOT / script).read_text()
            return all(f'"{word}"' in program for word in words if word.startswith("--"))
        case _:
            return False


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone's folder, as far as the pages use it; what else they need they copy themselves."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_code_block_runs_and_prints_what_it_says(
    page: Path, workplace: Path, classify_server: ClassifyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("documentation")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # where annotations of a page's classes are looked up
    blocks = [
        block for block in blocks_of(page) if block.language == "python" and block.marker not in {"pytest", "official"}
    ]
    assert blocks or page.name in WITHOUT_PYTHON
    for command in commands_of(page):
        if command.startswith("cp "):
            subprocess.run(command.split(), cwd=workplace, check=True)
    for block in blocks:
        with monkeypatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as printed:
            if block.marker == "hosted":
                for name, value in classify_server.environment().items():
                    patch.setenv(name, value)
            padded = "\n" * block.line + block.code  # so that a traceback names the page's own line
            exec(compile(padded, str(page), "exec"), vars(module))
        assert printed.getvalue().splitlines() == block.expected, f"{page.name}, block at line {block.line}"


TESTS = [(page, block) for page in PAGES for block in blocks_of(page) if block.marker == "pytest"]


@pytest.mark.parametrize(("page", "block"), TESTS, ids=lambda one: getattr(one, "name", None) or f"line {one.line}")
def test_every_test_in_the_pages_passes(page: Path, block: Block, tmp_path: Path) -> None:
    (tmp_path / "test_pipeline.py").write_text("\n" * block.line + block.code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_pipeline.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{page.name}: {done.stdout}"


def test_every_faults_file_in_the_pages_can_be_loaded(tmp_path: Path) -> None:
    shown = [block.code for page in PAGES for block in blocks_of(page) if block.marker == "faults"]
    assert shown
    for code in shown:
        (tmp_path / "faults.yaml").write_text(code)
        load_faults(tmp_path / "faults.yaml")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_language_it_is_in(page: Path) -> None:
    assert {block.language for block in blocks_of(page)} <= {"python", "yaml", "console", "text", "json"}


def test_every_rules_file_in_the_pages_can_be_loaded(tmp_path: Path) -> None:
    for page in PAGES:
        for block in blocks_of(page):
            if block.language == "yaml" and block.marker is None:
                (tmp_path / "rules.yaml").write_text(block.code)
                assert load_rules(tmp_path / "rules.yaml")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_the_pages_exists(page: Path) -> None:
    inline = re.findall(r"`((?:\w+=\S+ )?(?:make|pip) [^`]+)`", page.read_text())
    for command in commands_of(page) + inline:
        assert exists(command), command


def test_every_extra_has_its_name_in_the_readme() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    install = (ROOT / "README.md").read_text().partition("## Install")[2].partition("\n## ")[0]
    for extra in extras:
        assert f"`{extra}`" in install, extra


def test_the_rules_that_a_page_shows_are_those_it_has_copied() -> None:
    whole = (ROOT / "examples" / "rules.yaml").read_text().partition("\n")[2]
    shown = [
        block.code for page in PAGES for block in blocks_of(page) if (block.language, block.marker) == ("yaml", None)
    ]
    assert shown
    assert all(whole.startswith(code) for code in shown)


def test_every_page_can_be_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for page in PAGES[1:]:
        assert f"](docs/{page.name})" in readme, page.name


def test_every_public_name_is_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    for package in (classify_core, llama_index_classify, langchain_classify):
        for name in package.__all__:
            assert f"`{name}`" in changelog, name


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
