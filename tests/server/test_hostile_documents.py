"""A hostile document costs its own job and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from classify_core.server import DocumentLimits, RunningServer
from tests.server import hostile_files
from tests.server.jobs_api import create, ended, upload
from tests.server.projects import KEYS, client_of, own_server

MEBIBYTE = 1024**2
LIMITS = DocumentLimits(seconds=3, memory_bytes=512 * MEBIBYTE, pages=500)
# Text of a page, frames and what Python does not give back; far less than a document may take in its own process.
MOST_GROWTH = 128 * MEBIBYTE

# What ends first, the time or the memory, depends on the machine; how a reader out of memory ends, on the reader.
TAKES_TOO_MUCH = {"DOCUMENT_TOO_LARGE", "TIMEOUT", "PDF_IS_BROKEN"}
BOMBS: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "pages.pdf": (lambda: hostile_files.pdf_of_pages(10_000), {"TOO_MANY_PAGES", "TIMEOUT"}),
    "unfolds.pdf": (lambda: hostile_files.pdf_that_unfolds(200), TAKES_TOO_MUCH),
    "unfolds-thrice.pdf": (lambda: hostile_files.pdf_that_unfolds_thrice(300), TAKES_TOO_MUCH),
    "forms.pdf": (lambda: hostile_files.pdf_of_forms(12), TAKES_TOO_MUCH),
    "nested-objects.pdf": (lambda: hostile_files.pdf_of_nested_objects(200_000), {"NO_DATA_FOUND_IN_FILE"}),
    "nested-pages.pdf": (lambda: hostile_files.pdf_of_nested_pages(50_000), {"PDF_IS_BROKEN"}),
    "circle.pdf": (hostile_files.pdf_of_pages_in_a_circle, {"PDF_IS_BROKEN"}),
    "odd-date.pdf": (hostile_files.pdf_that_breaks_its_reader, {"PDF_IS_BROKEN"}),
    "bomb.docx": (lambda: hostile_files.word_bomb(150), TAKES_TOO_MUCH),
    "bomb.xlsx": (lambda: hostile_files.sheet_bomb(60), TAKES_TOO_MUCH),
    "nested-tables.docx": (
        lambda: hostile_files.word_of_nested_tables(200_000),
        TAKES_TOO_MUCH | {"NO_DATA_FOUND_IN_FILE"},
    ),
    "random.bin": (hostile_files.random_bytes, {"UNSUPPORTED_FILE_TYPE"}),
    "random.pdf": (hostile_files.random_bytes, {"PDF_IS_BROKEN"}),
    "random.docx": (hostile_files.random_bytes, {"PDF_IS_BROKEN"}),
}
# Their readers pass over what is hostile in them, or it takes its time.
HARMLESS: dict[str, Callable[[], bytes]] = {
    "nested.docx": hostile_files.nested_bomb,
    "nested.html": lambda: hostile_files.html_of_nested_elements(1_000_000),
    "nested.xml": lambda: hostile_files.xml_of_nested_elements(1_000_000),
    "billion.xml": hostile_files.xml_of_a_billion_words,
    "nested.eml": lambda: hostile_files.mail_of_nested_parts(900),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with own_server(tmp_path_factory.mktemp("data"), workers=2, document_limits=LIMITS) as running:
        yield running


@pytest.fixture
def attacker(server: RunningServer) -> Iterator[httpx.Client]:
    with client_of(server.base_url, KEYS[0]) as client:
        yield client


@pytest.fixture
def other(server: RunningServer) -> Iterator[httpx.Client]:
    with client_of(server.base_url, KEYS[1]) as client:
        yield client


@pytest.mark.parametrize(("name", "make", "codes"), [(name, *bomb) for name, bomb in BOMBS.items()], ids=BOMBS)
def test_a_bomb_fails_its_own_job_alone(
    name: str, make: Callable[[], bytes], codes: set[str], attacker: httpx.Client, other: httpx.Client
) -> None:
    data, before = make(), _resident_bytes()

    hostile = create(attacker, upload(attacker, data, name))
    honest = [create(client) for client in (other, attacker) for _ in range(3)]

    assert {ended(other, job["id"])["status"] for job in honest[:3]} == {"COMPLETED"}
    assert {ended(attacker, job["id"])["status"] for job in honest[3:]} == {"COMPLETED"}
    failed = ended(attacker, hostile["id"])
    code, _, message = failed["error_message"].partition(": ")
    assert (failed["status"], failed["result"]) == ("FAILED", None)
    assert code in codes
    assert message
    assert "/" not in message  # no path of this machine
    assert _resident_bytes() - before < MOST_GROWTH


@pytest.mark.parametrize(("name", "make"), HARMLESS.items(), ids=HARMLESS)
def test_a_document_that_is_only_odd_ends_one_way_or_the_other(
    name: str, make: Callable[[], bytes], attacker: httpx.Client, other: httpx.Client
) -> None:
    data, before = make(), _resident_bytes()

    odd = create(attacker, upload(attacker, data, name))

    assert ended(other, create(other)["id"])["status"] == "COMPLETED"
    finished = ended(attacker, odd["id"])
    assert finished["status"] == "COMPLETED" or finished["error_message"].startswith("TIMEOUT: ")
    assert _resident_bytes() - before < MOST_GROWTH


def test_many_bombs_at_once_leave_no_place_unusable(attacker: httpx.Client, other: httpx.Client) -> None:
    bomb = hostile_files.pdf_that_unfolds_thrice(300)
    # Different bytes: equal ones would be read once.
    hostile = [create(attacker, upload(attacker, bomb + b"\n%%%d" % number, "a.pdf")) for number in range(4)]

    assert ended(other, create(other)["id"])["status"] == "COMPLETED"
    assert {ended(attacker, job["id"])["status"] for job in hostile} == {"FAILED"}
    assert ended(attacker, create(attacker)["id"])["status"] == "COMPLETED"


def _resident_bytes() -> int:
    """Of this process, which is the server's; where the system does not tell, nothing grows."""
    if sys.platform != "linux":
        return 0
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096
