from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from rich.live import Live

from classify_core import MissingExtraError
from classify_core.progress import ProgressEvent, Stage, shown_progress
from classify_core.progress.counts import Counts
from classify_core.progress.lines import SECONDS_BETWEEN_LINES, lines
from classify_core.progress.rich_bar import _Bar
from tests.progress.moments import Moments

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are those of Unix", allow_module_level=True)

from tests.progress.terminal import Terminal

ROOT = Path(__file__).parents[2]
EVENTS = [
    ProgressEvent(Stage.UPLOADED, 0),
    ProgressEvent(Stage.CREATED, 0),
    ProgressEvent(Stage.CACHED, 1),
    ProgressEvent(Stage.FAILED, 2),
    ProgressEvent(Stage.DONE, 0),
]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(monkeypatch)


@pytest.fixture
def without_rich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "rich", None)
    yield
    monkeypatch.undo()


def _show(total: int | None = 3) -> None:
    with shown_progress(total) as callback:
        for event in EVENTS:
            callback(event)


def test_a_terminal_shows_a_live_bar_and_the_details_below_it(terminal: Terminal) -> None:
    with terminal:
        _show()
    assert "\x1b[?25l" in terminal.raw  # the cursor is hidden meanwhile,
    assert "\x1b[?25h" in terminal.raw  # and shown again
    last = terminal.text[terminal.text.rindex("Classifying") :]
    assert "3/3" in last
    assert "1 failed, 1 cached" in last


def test_a_terminal_without_rich_shows_a_bar_of_tqdm(terminal: Terminal, without_rich: None) -> None:
    with terminal:
        _show()
    assert "\x1b[?25l" not in terminal.raw
    assert "3/3" in terminal.text
    assert "documents/s, 1 failed, 1 cached]" in terminal.text


def test_the_seconds_to_wait_run_down_while_nothing_is_told() -> None:
    now = Moments()
    counts = Counts(2, now=now)
    bar = _Bar(counts, Console(file=io.StringIO()), is_transient=False)
    counts.add(ProgressEvent(Stage.WAITING, 0, seconds=12.0))
    for left in (12, 11, 10):
        assert [str(below) for below in bar.get_renderables()][1:] == [f"waiting {left} s for the plan's limit"]
        now.pass_by(1.0)


@pytest.mark.parametrize("total", [None, 0, 3])
def test_any_total_can_be_shown(terminal: Terminal, total: int | None) -> None:
    with terminal:
        _show(total)
    assert ("3/?" if total is None else f"3/{total}") in terminal.text


def test_the_second_display_in_a_terminal_writes_lines_above_the_first(terminal: Terminal) -> None:
    with terminal, shown_progress(9):
        _show()
    assert "Classifying: 3/3 documents (1 failed, 1 cached)" in terminal.text
    assert "0/9" in terminal.text


def test_a_programs_own_live_display_is_left_alone(terminal: Terminal) -> None:
    with terminal, Live("their display", console=Console(stderr=True)):
        _show()
    assert terminal.raw.count("\x1b[?25l") == 1
    assert "Classifying: 3/3 documents" in terminal.text


def test_displays_in_many_threads_at_once_all_end_well(terminal: Terminal) -> None:
    began, failures = threading.Barrier(8), list[Exception]()

    def show() -> None:
        try:
            with shown_progress(3) as callback:
                began.wait(10)
                for event in EVENTS:
                    callback(event)
        except Exception as error:  # noqa: BLE001 - told by the test
            failures.append(error)

    with terminal:
        threads = [threading.Thread(target=show) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert terminal.raw.count("\x1b[?25l") == 1
    assert terminal.text.count("Classifying: 3/3 documents") == 7


def test_the_terminal_is_free_again_after_a_display_and_after_one_that_failed(terminal: Terminal) -> None:
    with terminal:
        with pytest.raises(KeyError), shown_progress(3):
            raise KeyError
        _show()
    assert terminal.raw.count("\x1b[?25l") == 2


def test_a_dumb_terminal_gets_lines(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal:
        monkeypatch.setenv("TERM", "dumb")
        _show()
    assert terminal.raw.splitlines() == ["Classifying: 3/3 documents (1 failed, 1 cached)"]


def test_a_log_gets_one_line_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    _show()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "Classifying: 3/3 documents (1 failed, 1 cached)\n"


def test_a_log_gets_a_line_every_half_minute(capsys: pytest.CaptureFixture[str]) -> None:
    now = Moments()
    with lines(100, now=now) as callback:
        for index in range(100):
            now.pass_by(SECONDS_BETWEEN_LINES / 40)
            callback(ProgressEvent(Stage.DONE, index))
    assert capsys.readouterr().err.splitlines() == [f"Classifying: {count}/100 documents" for count in (40, 80, 100)]


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_without_a_standard_error_nothing_is_shown_and_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if stream is not None:
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    _show()
    monkeypatch.undo()
    assert capsys.readouterr() == ("", "")


def test_without_rich_and_tqdm_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch, without_rich: None) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(MissingExtraError, match=r'needs rich or tqdm; .* pip install "classify-adapters\[local\]"'):
        shown_progress(3)


def test_a_notebook_without_ipywidgets_shows_a_bar_of_text_and_no_warning() -> None:
    # The kernel's package is not installed here; tqdm tells a notebook by these two names.
    code = """
import sys, types
sys.modules["ipykernel.zmqshell"] = types.ModuleType("ipykernel.zmqshell")
sys.modules["IPython"] = types.ModuleType("IPython")
sys.modules["IPython"].get_ipython = lambda: None
from classify_core.progress import ProgressEvent, Stage, shown_progress
with shown_progress(1) as callback:
    callback(ProgressEvent(Stage.DONE, 0))
"""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=os.environ.copy())
    assert done.stdout == ""
    assert "1/1 [" in done.stderr


@pytest.mark.parametrize("package", ["rich", "tqdm"])
def test_a_bar_is_not_drawn_for_each_event(terminal: Terminal, package: str, request: pytest.FixtureRequest) -> None:
    if package == "tqdm":
        request.getfixturevalue("without_rich")
    with terminal, shown_progress(2000) as callback:
        for index in range(2000):
            callback(ProgressEvent(Stage.DONE, index))
    assert "2000/2000" in terminal.text
    assert terminal.text.count("Classifying") < 100
