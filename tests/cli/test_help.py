"""Help, completion, versions, and what is loaded for them."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Program

COMMANDS = [
    *[("run",), ("create",), ("list",), ("get",), ("wait",), ("cancel",), ("delete",), ("serve",)],
    *[("files", name) for name in ("upload", "list", "get", "delete")],
    *[("configs", name) for name in ("create", "list", "get", "update", "delete")],
    *[("classifier:jobs", name) for name in ("create", "list", "get", "get-results")],
    ("rules", "check"),
]
GROUPS = [(), ("files",), ("configs",), ("classifier:jobs",), ("rules",)]

WEBHOOK = ["", *(f".webhook-{name}" for name in ("url", "events", "headers", "output-format", "signing-secret"))]
PARSING = ["", ".lang", ".max-pages", ".target-pages"]
CONTRACT = {
    ("create",): [
        *["--file-input", "--configuration", "--configuration.rules", "--configuration.mode", "--configuration-id"],
        *[f"--configuration.parsing-configuration{field}" for field in PARSING],
        *["--transaction-id", "--webhook-configuration-id", "--file-id", "--parse-job-id"],
        *[f"--webhook-configuration{field}" for field in WEBHOOK],
    ],
    ("list",): [
        *["--status", "--job-id", "--configuration-id", "--created-at-on-or-after", "--created-at-on-or-before"],
        *["--page-size", "--page-token", "--max-items"],
    ],
    ("get",): ["--job-id"],
    ("cancel",): ["--job-id"],
    ("classifier:jobs", "create"): [
        *["--file-id", "--rule", "--rule.type", "--rule.description", "--mode"],
        *[f"--parsing-configuration{field}" for field in PARSING],
        *[f"--webhook-configuration{field}" for field in WEBHOOK],
    ],
    ("classifier:jobs", "list"): ["--page-size", "--page-token", "--max-items"],
    ("classifier:jobs", "get"): ["--classify-job-id"],
    ("classifier:jobs", "get-results"): ["--classify-job-id"],
}
GLOBAL = ["--api-key", "--base-url", "--format", "--json", "--debug", "--organization-id", "--project-id"]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(classify: Program, command: tuple[str, ...]) -> None:
    ended = classify(*command, "--help")
    assert ended.code == 0
    assert f"  classify {' '.join(command)}" in ended.out.partition("Examples:")[2]


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_every_group_lists_its_commands(classify: Program, group: tuple[str, ...]) -> None:
    shown = classify(*group, "--help").out.partition("Commands:")[2]
    for command in COMMANDS:
        if command[:-1] == group:
            assert f"\n  {command[-1]} " in shown


@pytest.mark.parametrize("command", CONTRACT, ids=" ".join)
def test_every_flag_of_the_contract_is_there(classify: Program, command: tuple[str, ...]) -> None:
    words = set(classify(*command, "--help").out.split())
    assert set(CONTRACT[command] + GLOBAL) <= words


def test_rules_in_a_help_text_keep_their_brackets(classify: Program) -> None:
    assert "[classify.success]" in classify("create", "--help").out


def test_the_version_is_told(classify: Program) -> None:
    ended = classify("--version")
    assert (ended.code, ended.out) == (0, f"classify-adapters {importlib.metadata.version('classify-adapters')}\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_made(classify: Program, shell: str) -> None:
    ended = classify.as_process("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert ended.code == 0, ended.err
    assert "_CLASSIFY_COMPLETE" in ended.out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("classify ca", "cancel"),
        ("classify list --status FA", "FAILED"),
        ("classify list --format y", "yaml"),
        ("classify files u", "upload"),
        ("classify create --configuration.pa", "--configuration.parsing-configuration.max-pages"),
        ("classify classifier:jobs create --mode MU", "MULTIMODAL"),
        ("classify serve --limits p", "published"),
    ],
)
def test_commands_flags_and_values_are_completed(classify: Program, typed: str, offered: str) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    ended = classify(_CLASSIFY_COMPLETE="complete_bash", **words)
    assert offered in ended.out.split()


HEAVY = ["llama_index", "langchain_core", "sklearn", "numpy", "kreuzberg", "tqdm", "fastapi", "uvicorn", "starlette"]


@pytest.mark.parametrize("command", [("--help",), ("run", "--help"), ("serve", "--help"), ("list",)], ids=" ".join)
def test_nothing_heavy_is_loaded_until_it_is_needed(classify: Program, command: tuple[str, ...]) -> None:
    code = f"""
import atexit, sys
from classify_core.cli import main
sys.argv[1:] = {list(command)!r}
atexit.register(lambda: sys.stderr.write(" ".join(sys.modules)))
main()
"""
    environment = os.environ | classify.environment
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "typer" in loaded
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_a_missing_extra_is_told_with_its_command(missing: str) -> None:
    code = f"import sys\nsys.modules[{missing!r}] = None\nfrom classify_core.cli import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert missing in done.stderr
    assert 'pip install "classify-adapters[cli]"' in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_console_script_is_this_program(classify: Program) -> None:
    [script] = [entry for entry in importlib.metadata.entry_points(group="console_scripts") if entry.name == "classify"]
    assert script.value == "classify_core.cli:main"
    ended = classify.as_process("--help")
    assert ended.out.startswith("Usage: classify [OPTIONS]")
    assert Path(sys.executable).name not in ended.out
