"""What an estimate counts, and what it leaves alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from classify_core import Answer, InvalidOptionError, ParsingConfiguration, Source
from classify_core.cache import MemoryCache
from classify_core.pricing import Estimate, estimate
from classify_core.source import Content, read
from tests.backends import until
from tests.local import files
from tests.pricing.documents import BILL, key_of, pdf

ANSWER = Answer(type="invoice", confidence=1.0)


async def estimated(sources: Any, **options: Any) -> Estimate:
    defaults: dict[str, Any] = {"key_of": key_of, "cache": None, "parsing": None, "is_hosted": True, "concurrency": 4}
    return await estimate(sources, **(defaults | options))


async def cache_of(*sources: Source) -> MemoryCache:
    cache = MemoryCache()
    for source in sources:
        await cache.put(key_of(source, await read(source)), ANSWER)
    return cache


class BrokenCache:
    async def get(self, key: str) -> Answer | None:
        raise OSError

    async def put(self, key: str, answer: Answer) -> None:
        raise OSError


class GatedCache:
    """Knows nothing, and says so only once it may."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()

    async def get(self, key: str) -> Answer | None:
        await self.gate.wait()
        return None

    async def put(self, key: str, answer: Answer) -> None:
        raise AssertionError


async def test_a_page_costs_a_credit_and_a_thousand_credits_a_dollar_and_a_quarter(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf(8))

    whole = await estimated([Source.path(path), Source.text(BILL)])

    assert (whole.documents, whole.distinct, whole.pages, whole.credits) == (2, 2, 9, 9.0)
    assert whole.dollars == pytest.approx(9 * 0.00125)
    assert whole.is_exact


async def test_only_the_pages_that_are_read_cost() -> None:
    sources = [Source.bytes(pdf(8), name="a.pdf"), Source.bytes(pdf(2), name="b.pdf")]

    assert (await estimated(sources, parsing=ParsingConfiguration(max_pages=3))).credits == 5.0
    assert (await estimated(sources, parsing=ParsingConfiguration(target_pages="2,5-6"))).credits == 4.0


@pytest.mark.parametrize("concurrency", [1, 7])
async def test_equal_documents_are_counted_once_whatever_their_names(concurrency: int) -> None:
    data = pdf(3)
    sources = [Source.bytes(data, name=f"{number}.pdf") for number in range(20)]

    whole = await estimated(sources, concurrency=concurrency)

    assert (whole.documents, whole.distinct, whole.pages) == (20, 1, 3)


async def test_a_document_whose_answer_is_known_costs_nothing() -> None:
    known, other = Source.bytes(pdf(3), name="a.pdf"), Source.text(BILL)

    whole = await estimated([known, known, other], cache=await cache_of(known))

    assert (whole.documents, whole.distinct, whole.cached, whole.pages, whole.credits) == (3, 2, 1, 1, 1.0)


async def test_a_cache_that_fails_knows_nothing() -> None:
    assert (await estimated([Source.text(BILL)], cache=BrokenCache())).credits == 1.0


async def test_the_local_backend_costs_nothing_and_its_pages_are_counted_all_the_same() -> None:
    whole = await estimated([Source.bytes(pdf(3), name="a.pdf")], is_hosted=False)

    assert (whole.pages, whole.credits, whole.dollars) == (3, 0.0, 0.0)


async def test_what_cannot_be_counted_is_named_in_order_and_is_a_page_at_least() -> None:
    sources = [
        Source.file_id("dfl-7"),
        Source.bytes(files.pdf([BILL] * 3, password="secret"), name="secret.pdf"),
        Source.text(BILL),
        Source.bytes(files.png()),
        Source.parse_job("pjb-7"),
    ]

    whole = await estimated(sources)

    assert whole.uncounted == ("dfl-7", "secret.pdf", "number 4")
    assert (whole.distinct, whole.pages, whole.credits, whole.is_exact) == (5, 4, 4.0, False)


async def test_what_cannot_be_read_is_named_with_its_reason_and_will_not_be_sent(tmp_path: Path) -> None:
    sources = [Source.path(tmp_path / "missing.pdf"), Source.text(" \n"), Source.text(BILL)]

    whole = await estimated(sources)

    assert [source.name for source in whole.unreadable] == ["missing.pdf", "number 2"]
    assert "there is no file" in whole.unreadable[0].reason
    assert "white space" in whole.unreadable[1].reason
    assert (whole.documents, whole.distinct, whole.credits, whole.is_exact) == (3, 1, 1.0, True)


async def test_documents_on_the_web_are_downloaded_to_be_counted() -> None:
    data = pdf(4)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/a.pdf"
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(data) if found else 0))
            self.end_headers()
            self.wfile.write(data if found else b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}"
        whole = await estimated([Source.url(f"{base}/{name}.pdf", allow_private=True) for name in ("a", "b")])
        server.shutdown()
        thread.join()

    assert (whole.pages, [source.name for source in whole.unreadable]) == (4, ["b.pdf"])


async def test_sources_are_fetched_only_as_they_are_worked_on() -> None:
    fetched, cache = 0, GatedCache()

    def sources() -> Iterator[Source]:
        nonlocal fetched
        for number in range(50):
            fetched += 1
            yield Source.text(f"{BILL} {number}")

    task = asyncio.create_task(estimated(sources(), cache=cache, concurrency=3))
    await until(lambda: fetched >= 3)
    await asyncio.sleep(0.05)
    assert fetched == 3
    cache.gate.set()
    assert (await task).pages == 50


async def test_an_asynchronous_iterator_is_as_good() -> None:
    async def sources() -> AsyncIterator[Source]:
        for number in range(9):
            await asyncio.sleep(0)
            yield Source.text(f"{BILL} {number}")

    assert (await estimated(sources())).distinct == 9


async def test_a_fault_of_the_callers_own_iterator_is_the_callers_and_ends_what_is_under_way() -> None:
    def sources() -> Iterator[Source]:
        yield Source.text(BILL)
        raise InvalidOptionError("no document")

    with pytest.raises(InvalidOptionError, match="no document"):
        async with asyncio.timeout(20):
            await estimated(sources(), cache=GatedCache())
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_cancelled_estimate_leaves_nothing_running() -> None:
    cache = GatedCache()
    task = asyncio.create_task(estimated([Source.text(f"{BILL} {number}") for number in range(9)], cache=cache))
    await until(lambda: len(asyncio.all_tasks()) >= 4)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_keys_are_made_off_the_event_loop_because_they_hash_whole_documents() -> None:
    threads = set()

    def noted(source: Source, content: Content | None) -> str:
        threads.add(threading.get_ident())
        return key_of(source, content)

    await estimated([Source.text(BILL)], key_of=noted)
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_an_estimate_is_plain_data_that_quotes_no_document() -> None:
    whole = await estimated([Source.text(BILL), Source.file_id("dfl-1"), Source.text("")])

    assert "Invoice" not in whole.model_dump_json()
    assert {"dollars", "is_exact"} <= set(whole.model_dump())
    assert Estimate.model_validate_json(whole.model_dump_json()) == whole


async def test_no_documents_cost_nothing() -> None:
    assert await estimated([]) == Estimate(documents=0, distinct=0, cached=0, pages=0, credits=0.0)
