"""The estimate is what `classify serve` bills."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from classify_core import ClassifyClient, ClassifyJob, ParsingConfiguration, Rule, Source
from classify_core.pricing import Estimate, count_pages, estimate
from classify_core.source import format_of
from classify_core.testing.server import ClassifyServer
from tests.local import files
from tests.pricing.documents import BILL, deck, key_of, pdf

DOCUMENTS: dict[str, bytes] = {
    "bill.pdf": pdf(4),
    "bill without an ending": pdf(2),
    "deck.pptx": deck(3),
    "shuffled.pptx": deck(12, shown=[11, 2, 1]),
    "bill.txt": BILL.encode(),
    "bill.html": f"<html><p>{BILL}<hr><p>{BILL}</html>".encode(),
    "bill.eml": f"Subject: bill\n\n{BILL}".encode(),
    "bill.docx": files.word_with_page_break(BILL, BILL),
    "bill.xlsx": files.workbook([[BILL], [BILL]]),
}


class Counter:
    """Has documents classified, and tells what that was billed."""

    def __init__(self, client: ClassifyClient, rules: list[Rule]) -> None:
        self._client = client
        self._rules = rules

    def begin(self, name: str, data: bytes, parsing: ParsingConfiguration | None = None) -> ClassifyJob:
        return self.begin_with(self._client.files.upload(data, name=name).id, parsing)

    def begin_with(self, file_input: str, parsing: ParsingConfiguration | None = None) -> ClassifyJob:
        options: dict[str, Any] = {} if parsing is None else {"parsing_configuration": parsing}
        return self._client.jobs.create(file_input, rules=self._rules, **options)

    def billed(self, made: ClassifyJob) -> float:
        """The credits of a job, once it is done."""
        self._client.jobs.wait(made)
        usage = self._client.jobs.get(made.id, expand=["usage"]).usage
        assert usage is not None
        assert usage.credits is not None
        return usage.credits

    def parse_job_id(self, made: ClassifyJob) -> str:
        return str(self._client.jobs.wait(made).parse_job_id)


@pytest.fixture
def counter(classify_server: ClassifyServer, rules: list[Rule]) -> Iterator[Counter]:
    with ClassifyClient(api_key=classify_server.api_key, base_url=classify_server.base_url) as client:
        yield Counter(client, rules)


async def estimated(sources: list[Source], parsing: ParsingConfiguration | None = None) -> Estimate:
    return await estimate(sources, key_of=key_of, cache=None, parsing=parsing, is_hosted=True, concurrency=3)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_format_is_billed_as_it_is_counted(name: str, counter: Counter) -> None:
    content = files.content(DOCUMENTS[name], name)
    assert content.format == format_of(name)

    assert counter.billed(counter.begin(name, DOCUMENTS[name])) == count_pages(content, None)


@pytest.mark.parametrize("name", ["bill.pdf", "shuffled.pptx", "bill.docx"])
@pytest.mark.parametrize(
    "parsing",
    [
        ParsingConfiguration(max_pages=2),
        ParsingConfiguration(target_pages="1,3"),
        ParsingConfiguration(target_pages="1-900", max_pages=3),
    ],
    ids=["max_pages", "target_pages", "both"],
)
def test_only_selected_pages_are_counted_and_billed(name: str, parsing: ParsingConfiguration, counter: Counter) -> None:
    billed = counter.billed(counter.begin(name, DOCUMENTS[name], parsing))

    assert billed == count_pages(files.content(DOCUMENTS[name], name), parsing)


async def test_the_estimate_of_a_whole_call_is_its_bill_equal_documents_included(counter: Counter) -> None:
    given = [*DOCUMENTS.items(), ("bill again.pdf", DOCUMENTS["bill.pdf"]), ("bill.txt", DOCUMENTS["bill.txt"])]

    expected = await estimated([Source.bytes(data, name=name) for name, data in given])

    assert expected.is_exact
    jobs = [counter.begin(name, data) for name, data in given]
    assert expected.credits == sum(counter.billed(job) for job in jobs)


async def test_a_document_that_was_parsed_is_estimated_and_billed_at_nothing(counter: Counter) -> None:
    parse_job_id = counter.parse_job_id(counter.begin("bill.pdf", DOCUMENTS["bill.pdf"]))

    expected = await estimated([Source.parse_job(parse_job_id)])

    assert (expected.pages, expected.credits, expected.is_exact) == (0, 0.0, True)
    assert counter.billed(counter.begin_with(parse_job_id)) == 0.0
