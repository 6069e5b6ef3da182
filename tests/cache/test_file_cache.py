from __future__ import annotations

import asyncio
import copy
import gc
import logging
import os
import pickle
import sqlite3
import stat
import sys
import threading
from pathlib import Path

import pytest

from classify_core import Answer, Classifier, FileCache, InvalidOptionError, Rule
from tests.backends import ScriptedBackend
from tests.cache.answers import ANSWER, answer, fill, kept, names, opened


async def test_a_cache_file_keeps_answers_for_the_next_process_and_through_pickling(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "deep" / "answers.sqlite")
    await cache.put("a", ANSWER)
    assert await FileCache(tmp_path / "deep" / "answers.sqlite").get("a") == ANSWER
    assert await pickle.loads(pickle.dumps(cache)).get("a") == ANSWER
    assert await copy.deepcopy(cache).get("a") == ANSWER


async def test_a_pickled_cache_file_is_found_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cache = FileCache("answers.sqlite")
    await cache.put("a", ANSWER)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert await cache.get("a") == ANSWER
    assert await pickle.loads(pickle.dumps(cache)).get("a") == ANSWER


async def test_an_answer_put_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    await cache.put("a", ANSWER)
    await cache.put("a", answer(2))
    assert await cache.get("a") == answer(2)
    assert await FileCache(cache.path).get("a") == answer(2)


async def test_an_answer_has_in_the_file_all_that_it_says(tmp_path: Path) -> None:
    full = Answer.model_validate(
        {
            "type": None,
            "confidence": 0.1 + 0.2,
            "reasoning": 'a "quote" \\ \x00 ü \U0001f4c4',
            "alternatives": ({"type": "a", "confidence": 0.0},),
            "job_id": "job",
            "is_from_former_job": True,
            "usage": {"credits": 3.5, "of_a_newer_service": 7},
        }
    )
    cache = FileCache(tmp_path / "answers.sqlite")
    await cache.put("a", full)
    await cache.aclose()
    assert await cache.get("a") == full


def test_threads_share_a_cache_file(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")

    def write(name: str) -> None:
        for number in range(20):
            asyncio.run(cache.put(f"{name}{number}", ANSWER))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(asyncio.run(cache.get(f"{name}{number}")) for name in "abcd" for number in range(20))


async def test_two_cache_objects_of_one_file_see_what_the_other_puts(tmp_path: Path) -> None:
    one, other = FileCache(tmp_path / "answers.sqlite"), FileCache(tmp_path / "answers.sqlite")
    for number in range(50):
        await one.put(str(number), answer(number))
        assert await other.get(str(number)) == answer(number)
        await other.put(str(number), ANSWER)
        assert await one.get(str(number)) == ANSWER


async def test_many_at_once_are_put_and_found(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    await fill(cache, range(3_000))
    assert await kept(cache, range(3_001)) == list(range(3_000))


async def test_a_cancelled_put_is_made_all_the_same(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    task = asyncio.create_task(cache.put("a", ANSWER))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await cache.get("a") == ANSWER


async def test_an_entry_of_another_version_counts_as_none(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    with opened(cache.path) as connection:
        connection.execute("INSERT INTO answers (key, answer) VALUES ('a', '{\"colour\": 1}'), ('b', 'no json')")
    assert await cache.get("a") is None
    assert await cache.get("b") is None
    await cache.put("a", ANSWER)
    assert await cache.get("a") == ANSWER


async def test_a_file_of_the_version_before_stays_readable(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    with opened(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
        connection.execute("INSERT INTO answers VALUES ('a', ?)", (ANSWER.model_dump_json(),))
    cache = FileCache(path, max_age=3600)
    assert await cache.get("a") == ANSWER
    await cache.put("b", answer(2))
    await cache.note("c", {"job": "1"})
    again = FileCache(path)
    assert await again.get("a") == ANSWER
    assert await again.get("b") == answer(2)


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    FileCache(path)
    with opened(path) as connection:
        connection.execute("PRAGMA user_version=999")
    with pytest.raises(InvalidOptionError, match="later version"):
        FileCache(path)


@pytest.mark.parametrize(
    "content",
    [
        b"notes of mine\n" * 1000,
        b"\x00\xff" * 5000,
        b"CREATE TABLE answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)",
    ],
)
def test_a_file_that_is_something_else_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(InvalidOptionError, match=r"notes\.txt"):
        FileCache(path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mails (body TEXT)",
        "CREATE TABLE answers (question TEXT, answer TEXT)",
        "CREATE VIEW answers AS SELECT 1 AS key, 2 AS answer",
    ],
)
def test_another_applications_database_is_refused_and_left_as_it_is(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "mails.sqlite"
    with opened(path) as connection:
        connection.execute(statement)
    before = path.read_bytes()
    with pytest.raises(InvalidOptionError, match="another application"):
        FileCache(path)
    assert path.read_bytes() == before


def test_a_path_that_cannot_be_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "file" / "answers.sqlite"):
        with pytest.raises(InvalidOptionError, match="cache="):
            FileCache(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders")
def test_a_pipe_is_refused_without_waiting_for_its_other_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidOptionError, match="no regular file"):
        FileCache(tmp_path / "pipe")


@pytest.mark.skipif(sys.platform == "win32", reason="files have no modes")
async def test_a_new_cache_file_and_its_log_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    await cache.put("a", ANSWER)
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names(tmp_path)}
    assert modes.keys() >= {"answers.sqlite", "answers.sqlite-wal"}
    assert set(modes.values()) == {0o600}


def _cache_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "classify-cache"}


async def test_closing_ends_the_thread_and_another_use_opens_the_file_again(tmp_path: Path) -> None:
    before = _cache_threads()
    cache = FileCache(tmp_path / "answers.sqlite")
    await cache.put("a", ANSWER)
    assert _cache_threads() - before
    await cache.aclose()
    assert not _cache_threads() - before
    assert names(tmp_path) == ["answers.sqlite"]
    assert await cache.get("a") == ANSWER
    cache.close()
    cache.close()


async def test_a_cache_file_that_nobody_uses_is_let_go_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classify_core.cache.request_thread.IDLE_SECONDS", 0.01)
    cache = FileCache(tmp_path / "answers.sqlite")
    await cache.put("a", ANSWER)
    async with asyncio.timeout(20):
        while len(names(tmp_path)) > 1:
            await asyncio.sleep(0.005)
    assert await cache.get("a") == ANSWER


async def test_what_was_asked_of_a_cache_that_is_thrown_away_is_done(tmp_path: Path) -> None:
    await FileCache(tmp_path / "answers.sqlite").note("a", {"job": "1"})
    gc.collect()
    other = FileCache(tmp_path / "answers.sqlite")
    async with asyncio.timeout(20):
        while await other.recall("a") is None:
            await asyncio.sleep(0.005)


def test_a_cache_file_that_fails_later_loses_no_answer(
    tmp_path: Path, rules: list[Rule], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "answers.sqlite"
    classifier = Classifier(rules, backend=ScriptedBackend(), cache=path)
    path.write_bytes(b"overwritten by something else" * 100)
    for leftover in tmp_path.glob("*-wal"):
        leftover.unlink()
    with caplog.at_level(logging.WARNING, logger="classify_core"):
        assert classifier.classify("invoice").type == "invoice"
    assert "answers.sqlite" in caplog.text


def test_a_cache_file_holds_no_document_and_no_key(
    tmp_path: Path, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-hush")
    backend = ScriptedBackend(lambda _: ANSWER)
    Classifier(rules, backend=backend, cache=tmp_path / "answers.sqlite").classify("an invoice of utmost secrecy")
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"invoice" in held
    assert b"secrecy" not in held
    assert b"hush" not in held


def test_two_classifiers_that_share_a_file_do_not_mix(tmp_path: Path, rules: list[Rule]) -> None:
    path = tmp_path / "answers.sqlite"
    backends = [ScriptedBackend(), ScriptedBackend()]
    others = [Rule(type="invoice", description="Anything that is no recipe, whatever it may be about.")]
    for own_rules, backend in zip((rules, others), backends, strict=True):
        assert Classifier(own_rules, backend=backend, cache=path).classify("invoice").type == "invoice"
    assert [backend.asked.total() for backend in backends] == [1, 1]
    again = ScriptedBackend()
    assert Classifier(rules, backend=again, cache=path).classify("invoice").type == "invoice"
    assert again.asked.total() == 0


async def test_a_file_that_is_deleted_in_the_middle_of_a_run_is_begun_anew(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    await cache.put("a", ANSWER)
    for name in names(tmp_path):
        (tmp_path / name).unlink()
    assert await cache.get("a") is None
    await cache.put("b", ANSWER)
    assert await FileCache(cache.path).get("b") == ANSWER


async def test_a_database_that_takes_the_files_place_in_the_middle_of_a_run_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "answers.sqlite"
    cache = FileCache(path)
    await cache.put("a", ANSWER)
    await cache.aclose()
    with sqlite3.connect(tmp_path / "other") as connection:
        connection.execute("CREATE TABLE mails (body TEXT)")
    connection.close()
    (tmp_path / "other").replace(path)
    before = path.read_bytes()
    for number in range(3):
        await cache.put(str(number), ANSWER)
    await cache.aclose()
    assert path.read_bytes() == before
    assert caplog.text.count("another application") == 1
