from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from classify_core.server.store import files, jobs, projects
from classify_core.server.store.database import _opened
from classify_core.server.store.files import FileFilter
from classify_core.server.store.jobs import JobFilter
from classify_core.server.store.paging import PageRequest
from classify_core.server.store.records import DocumentInput, JobState, NewJob

PAGE = PageRequest(20)
FEW, MANY = 100, 2_000


class Kept:
    """A store with a project in it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.project_id = projects.project_of_key(connection, b"key").id

    def add_jobs(self, count: int) -> list[str]:
        new = NewJob(self.project_id, "v2", (DocumentInput("file_id", "dfl-1"),), {"rules": []})
        return [jobs.create(self.connection, new).id for _ in range(count)]

    def add_files(self, count: int) -> list[str]:
        ids = [f"00000000-0000-4000-8000-{number:012}" for number in range(count)]
        for file_id in ids:
            files.add(self.connection, self.project_id, file_id, name="a.txt", size=1, digest="0")
        return ids

    def steps(self, look: Callable[[], object]) -> int:
        """How many steps SQLite takes for a look."""
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        self.connection.set_progress_handler(step, 1)
        look()
        self.connection.set_progress_handler(None, 0)
        return count


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    connection = _opened(tmp_path / "classify.sqlite3")
    connection.execute("BEGIN")
    yield Kept(connection)
    connection.close()


@pytest.mark.parametrize("filters", [{"job_ids"}, {"job_ids", "status"}, {"status"}, {"configuration_id"}])
def test_finding_few_jobs_takes_no_longer_in_a_project_of_many(kept: Kept, filters: set[str]) -> None:
    ids = kept.add_jobs(FEW)
    values = {"job_ids": tuple(ids[:20]), "status": JobState.FAILED, "configuration_id": "cfg-1"}
    wanted = JobFilter(kept.project_id, "v2", **{name: values[name] for name in filters})

    among_few = kept.steps(lambda: jobs.find(kept.connection, wanted, PAGE))
    kept.add_jobs(MANY - FEW)
    among_many = kept.steps(lambda: jobs.find(kept.connection, wanted, PAGE))

    assert among_many < 1.5 * among_few


def test_finding_few_files_takes_no_longer_in_a_project_of_many(kept: Kept) -> None:
    ids = kept.add_files(MANY)
    wanted = FileFilter(kept.project_id, file_ids=tuple(ids[:20]))
    of_few = kept.steps(lambda: files.find(kept.connection, wanted, PAGE))
    assert of_few < kept.steps(lambda: files.find(kept.connection, FileFilter(kept.project_id), PAGE))
