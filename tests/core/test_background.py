from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from classify_core import UsageError
from classify_core.background import BackgroundLoop, in_thread

ROOT = Path(__file__).parents[2]


async def _thread_name() -> str:
    return threading.current_thread().name


def test_all_work_of_a_process_runs_in_one_daemon_thread() -> None:
    loop = BackgroundLoop()
    names = {loop.run(_thread_name()) for _ in range(3)}
    assert names == {"classify-background"}
    assert [thread.daemon for thread in threading.enumerate() if thread.name in names].count(True) >= 1
    loop.stop()


def test_a_stopped_loop_begins_anew() -> None:
    loop = BackgroundLoop()
    loop.run(_thread_name())
    loop.stop()
    assert loop.run(_thread_name()) == "classify-background"
    loop.stop()


def test_stopping_cancels_what_is_open() -> None:
    loop = BackgroundLoop()
    cancelled = threading.Event()
    begun = threading.Event()

    async def wait() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    future = loop.submit(wait())
    begun.wait()
    loop.stop()
    assert cancelled.is_set()
    assert future.cancelled()


def test_waiting_for_oneself_is_an_error_and_no_deadlock() -> None:
    loop = BackgroundLoop()

    async def wait_for_itself() -> None:
        loop.run(_thread_name())

    with pytest.raises(UsageError, match="inside a backend"):
        loop.run(wait_for_itself())
    loop.stop()


async def test_blocking_work_returns_its_result_or_its_error() -> None:
    assert await in_thread(len, "abc") == 3
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 1, 0)


@pytest.mark.parametrize("work", [lambda: next(iter([])), lambda: sys.exit(3)])
async def test_what_no_future_can_hold_is_delivered_all_the_same(work: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError, match=r"StopIteration|SystemExit"):
        await asyncio.wait_for(in_thread(work), 10)


async def test_giving_up_on_blocking_work_does_not_wait_for_it() -> None:
    held = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await in_thread(held.wait)
    held.set()


def test_a_parser_that_never_returns_does_not_keep_the_process_alive() -> None:
    code = (
        "import threading\n"
        "from classify_core import Classifier\n"
        "from classify_core.local import backend\n"
        "backend.extract = lambda *_: threading.Event().wait()\n"
        "rules = [{'type': 'a', 'description': 'a description'}]\n"
        "print(Classifier(rules, backend='local', timeout=0.1, on_error='record').classify('text').status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    assert done.stdout.strip() == "timeout"


def test_a_run_that_was_left_half_way_does_not_hold_up_the_end_of_the_process() -> None:
    code = (
        "from classify_core import Classifier\n"
        "rules = [{'type': 'a', 'description': 'a description'}]\n"
        "outcomes = Classifier(rules, backend='local').classify_as_completed(f'text {n}' for n in range(100))\n"
        "print(next(outcomes)[1].status)\n"  # the generator is ended as the interpreter is
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    assert (done.stdout.strip(), done.stderr) == ("completed", "")


def test_what_is_asked_for_as_the_interpreter_ends_is_refused_and_not_waited_for() -> None:
    code = (
        "from classify_core import Classifier\n"
        "class Late:\n"
        "    classifier = Classifier([{'type': 'a', 'description': 'a description'}], backend='local')\n"
        "    def __del__(self):\n"
        "        print(type(self.classifier.classify('text', on_error='record')))\n"
        "late = Late()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    assert "UsageError: the interpreter is ending" in done.stderr
