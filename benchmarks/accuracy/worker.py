"""A method by itself, in a process of its own: what it says of documents, how fast it is, and what memory it takes.

    python -m benchmarks.accuracy.worker METHOD TASK PASSES

It may run in an environment without this project, so it imports the standard library and what lies beside it.
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.accuracy.peak_memory import peak_memory
from benchmarks.accuracy.task import Answer, Pass, Performance, Prepare, Task, read_task
from benchmarks.paired.processor_time import pinned


def main() -> None:
    """Prints the `Performance` as JSON."""
    method, path, passes = sys.argv[1:]
    task = read_task(Path(path))
    before = peak_memory()
    prepare: Prepare = importlib.import_module(f"benchmarks.accuracy.methods.{method}").prepare
    with pinned(1):
        answers, seconds = _measured(prepare(task), int(passes))
    performance = Performance(answers, _speed(task, seconds), peak_memory() - before)
    print(json.dumps(asdict(performance)))


def _measured(run: Pass, passes: int) -> tuple[list[Answer], float]:
    taken, answers = [], list[Answer]()
    for _ in range(passes):
        # That of the processor, not of a clock: other programs are at work on the machine.
        started = time.process_time()
        answers = run()
        taken.append(time.process_time() - started)
    return answers, statistics.median(taken)


def _speed(task: Task, seconds: float) -> float:
    return len(task.documents) / seconds if seconds > 0.0 else 0.0


if __name__ == "__main__":
    main()
