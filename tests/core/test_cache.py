from __future__ import annotations

import asyncio
import logging
import pickle
import sqlite3
import threading
from pathlib import Path

import pytest

from classify_core import Answer, Classifier, FileCache, MemoryCache, Rule
from tests.backends import ScriptedBackend

ANSWER = Answer(type="invoice", confidence=0.5, reasoning="why", job_id="job-1")


async def test_a_memory_cache_lets_go_of_what_was_unused_longest() -> None:
    cache = MemoryCache(entries=2)
    for key in ("a", "b"):
        await cache.put(key, ANSWER)
    await cache.get("a")
    await cache.put("c", ANSWER)
    assert await cache.get("b") is None
    assert await cache.get("a") == await cache.get("c") == ANSWER


async def test_a_cache_file_keeps_answers_for_the_next_process_and_through_pickling(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "deep" / "answers.sqlite")
    await cache.put("a", ANSWER)
    assert await FileCache(tmp_path / "deep" / "answers.sqlite").get("a") == ANSWER
    assert await pickle.loads(pickle.dumps(cache)).get("a") == ANSWER


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


async def test_an_entry_of_another_version_counts_as_none(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    with sqlite3.connect(cache.path) as connection:
        connection.execute("INSERT INTO answers VALUES ('a', '{\"colour\": 1}'), ('b', 'no json')")
    connection.close()
    assert await cache.get("a") is None
    assert await cache.get("b") is None


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
