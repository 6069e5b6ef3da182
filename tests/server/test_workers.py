"""The processes for documents: kept, bounded, replaced, and trusted with nothing."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from classify_core.local.extraction.reading import ReadDocument, single_page
from classify_core.models import ClassifyConfiguration, ParsingConfiguration, Rule
from classify_core.server.options import DocumentLimits
from classify_core.server.workers import pool as pool_module
from classify_core.server.workers import process as process_module
from classify_core.server.workers.failures import DocumentFailedError, WorkerFaultError
from classify_core.server.workers.pool import WorkerPool
from tests.local import files, scans
from tests.server import hostile_files

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")

ROOT = Path(__file__).parents[2]
LIMITS = DocumentLimits(seconds=30, memory_bytes=512 * 1024**2, pages=500)
RULES = (
    Rule(type="bill", description="contains invoice number, line items, and total amount"),
    Rule(type="recipe", description="a cooking recipe with ingredients and steps of preparation"),
)
INVOICE = "Invoice number 7. Line items: two lamps. Total amount due 24 EUR."


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(2, LIMITS)
    yield pool
    await pool.close()


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return _file(tmp_path, "a.txt", INVOICE.encode())


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """It takes seconds to read."""
    return _file(tmp_path, "slow.html", hostile_files.html_of_nested_elements(1_000_000))


def _file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


async def _read(pool: WorkerPool, path: Path) -> ReadDocument:
    return await pool.read(path, path.name, path.suffix[1:])


async def _failure(pool: WorkerPool, path: Path) -> DocumentFailedError:
    with pytest.raises(DocumentFailedError) as caught:
        await _read(pool, path)
    return caught.value


def _pid(pool: WorkerPool) -> int:
    """Of the process that is used next."""
    return pool._idle[-1]._process.pid


async def _gone(pid: int) -> bool:
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        await asyncio.sleep(0.01)
    return False


async def _until_busy(pid: int) -> None:
    """Waits until the process has worked for a while; it takes seconds for what is slow, and nothing for the rest."""
    before = _ticks(pid)
    while _ticks(pid) - before < 20:
        await asyncio.sleep(0.01)


def _ticks(pid: int) -> int:
    """A process's time on processors."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


def _children() -> set[int]:
    return {int(pid) for task in Path(f"/proc/{os.getpid()}/task").iterdir() for pid in _children_of(task)}


def _children_of(task: Path) -> list[str]:
    """The processes that a thread started: none where it has ended since it was listed."""
    try:
        return (task / "children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []


async def test_a_document_is_read_and_decided(pool: WorkerPool, text: Path) -> None:
    document = await _read(pool, text)
    answer, pages = await pool.decide(document, ClassifyConfiguration(rules=RULES))

    assert (document.format, document.reading.pages[0].text, document.name) == ("txt", INVOICE, "a.txt")
    assert (answer.type, pages) == ("bill", 1)


async def test_only_the_pages_that_are_asked_for_decide(pool: WorkerPool, tmp_path: Path) -> None:
    path = _file(tmp_path, "a.pdf", files.pdf([INVOICE, "Cooking recipe: ingredients, steps of preparation.", "x"]))
    document = await _read(pool, path)
    second = ParsingConfiguration(target_pages="2")
    none = ParsingConfiguration(target_pages="9")

    answer, pages = await pool.decide(document, ClassifyConfiguration(rules=RULES, parsing_configuration=second))
    with pytest.raises(DocumentFailedError, match="NO_DATA_FOUND_IN_FILE: it has 3 pages"):
        await pool.decide(document, ClassifyConfiguration(rules=RULES, parsing_configuration=none))

    assert (answer.type, pages) == ("recipe", 1)


async def test_text_beyond_64_kb_of_a_page_is_ignored(pool: WorkerPool, tmp_path: Path) -> None:
    umlauts = _file(tmp_path, "a.txt", ("ä" * 50_000 + "end").encode())
    headings = _file(tmp_path, "a.md", b"words\n\n" + b"".join(b"# %0150d\n\n" % n for n in range(20_000)))
    short_headings = _file(tmp_path, "b.md", b"# a\n\n" * 20_000)

    [page] = (await _read(pool, umlauts)).reading.pages
    [marked] = (await _read(pool, headings)).reading.pages
    [shortly_marked] = (await _read(pool, short_headings)).reading.pages

    assert page.text == "ä" * 32_768
    assert 0 < sum(len(heading) for heading in marked.headings) <= 64 * 1024
    assert len(shortly_marked.headings) == 1_000


async def test_half_a_character_does_not_end_a_process(pool: WorkerPool, tmp_path: Path) -> None:
    path = _file(tmp_path, "a.html", b"<title>words &#xD800;</title><p>words &#xDFFF;")

    reading = (await _read(pool, path)).reading

    assert "words" in reading.pages[0].text.encode().decode()


async def test_a_process_is_kept_for_the_next_document(pool: WorkerPool, text: Path) -> None:
    await _read(pool, text)
    first = _pid(pool)
    await _read(pool, text)

    assert _pid(pool) == first


async def test_a_process_is_replaced_after_a_number_of_documents(
    pool: WorkerPool, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "REQUESTS_A_PROCESS", 2)
    await _read(pool, text)
    first = _pid(pool)
    await _read(pool, text)
    await _read(pool, text)

    assert _pid(pool) != first
    assert await _gone(first)


async def test_a_process_that_died_between_documents_is_replaced_in_silence(pool: WorkerPool, text: Path) -> None:
    await _read(pool, text)
    os.kill(_pid(pool), signal.SIGKILL)  # not noticed yet when the next document is handed over

    assert (await _read(pool, text)).reading.pages[0].text == INVOICE


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGSEGV, "PDF_IS_BROKEN"), (signal.SIGKILL, "DOCUMENT_TOO_LARGE")]
)
async def test_a_document_whose_process_dies_fails_alone(
    pool: WorkerPool, text: Path, slow: Path, number: int, code: str
) -> None:
    await _read(pool, text)
    pid = _pid(pool)
    failing = asyncio.create_task(_failure(pool, slow))
    await _until_busy(pid)

    os.kill(pid, number)

    assert (await failing).code == code
    assert (await _read(pool, text)).reading.pages[0].text == INVOICE


async def test_a_document_that_takes_too_long_is_ended(text: Path, slow: Path) -> None:
    pool = WorkerPool(1, DocumentLimits(seconds=1, memory_bytes=512 * 1024**2))
    before = _children()

    failure = await _failure(pool, slow)

    assert str(failure).startswith("TIMEOUT: it takes more than 1 s to read")
    assert (await _read(pool, text)).reading.pages[0].text == INVOICE
    assert len(_children() - before) <= 1
    await pool.close()


async def test_a_document_that_is_cancelled_is_ended_at_once(pool: WorkerPool, text: Path, slow: Path) -> None:
    await _read(pool, text)
    pid = _pid(pool)
    reading = asyncio.create_task(_read(pool, slow))
    await _until_busy(pid)

    reading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await _gone(pid)


async def test_a_document_that_breaks_the_pdf_reader_harms_none_after_it(pool: WorkerPool, tmp_path: Path) -> None:
    breaking = _file(tmp_path, "odd.pdf", hostile_files.pdf_that_breaks_its_reader())
    good = _file(tmp_path, "good.pdf", files.pdf(["words"]))
    await _read(pool, good)
    first = _pid(pool)

    assert (await _failure(pool, breaking)).code == "PDF_IS_BROKEN"
    assert (await _read(pool, good)).reading.pages[0].text.strip() == "words"
    assert await _gone(first)


async def test_too_many_pages_are_refused_and_as_many_as_allowed_are_read(pool: WorkerPool, tmp_path: Path) -> None:
    allowed = _file(tmp_path, "a.pdf", hostile_files.pdf_of_pages(500))
    more = _file(tmp_path, "b.pdf", hostile_files.pdf_of_pages(501))

    assert len((await _read(pool, allowed)).reading.pages) == 500
    assert str(await _failure(pool, more)) == (
        "TOO_MANY_PAGES: it has 501 pages and at most 500 are read; split the document"
    )


async def test_ordinary_documents_need_no_more_than_the_least_memory_that_can_be_set(tmp_path: Path) -> None:
    pool = WorkerPool(1, DocumentLimits(memory_bytes=256 * 1024**2))
    prose = "The parties agree as follows. " * 60
    made = {
        "a.pdf": files.pdf([prose] * 100, title="Lease"),
        "a.docx": files.word("Lease", [prose] * 100),
        "a.xlsx": files.workbook([["Item", "Price"]] * 2_000),
        "a.pptx": files.presentation([prose] * 100),
    }

    for name, data in made.items():
        assert (await _read(pool, _file(tmp_path, name, data))).reading.pages
    await pool.close()


async def test_messages_suit_a_client_of_the_server(
    pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans.hide_tesseract(monkeypatch, tmp_path)

    scan = str(await _failure(pool, _file(tmp_path, "scan.png", files.png())))
    gone = str(await _failure(pool, tmp_path / "secret-folder" / "a.txt"))

    assert scan.startswith("UNSUPPORTED_FILE_TYPE: it is an image (PNG)")
    assert "backend=" not in scan
    assert gone.startswith("NO_DATA_FOUND_IN_FILE: its file is gone")
    assert "secret-folder" not in gone


async def test_no_more_processes_run_than_the_pool_has(pool: WorkerPool, text: Path) -> None:
    before = _children()

    await asyncio.gather(*(_read(pool, text) for _ in range(20)))

    assert len(_children() - before) <= 2


async def test_a_process_gets_no_secrets_and_is_confined(
    pool: WorkerPool, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-secret")
    monkeypatch.setenv("MY_PASSWORD", "hunter2")
    await _read(pool, text)
    folder = Path(f"/proc/{_pid(pool)}")
    limits = {line[:25].strip(): line[25:].split()[:2] for line in (folder / "limits").read_text().splitlines()}

    assert not {"llx-secret", "hunter2"} & set((folder / "environ").read_text().replace("=", "\0").split("\0"))
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max open files"] == ["64", "64"]
    assert LIMITS.memory_bytes < int(limits["Max address space"][1]) < LIMITS.memory_bytes + 512 * 1024**2
    assert os.getsid(_pid(pool)) == os.getpgid(_pid(pool)) == _pid(pool)


async def test_no_file_is_left_by_a_process(pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(shared))
    await _read(pool, _file(tmp_path, "a.pdf", files.pdf(["words"])))

    assert list(shared.iterdir()) == []


async def test_what_a_killed_server_left_is_removed_and_what_another_one_uses_is_not(
    pool: WorkerPool, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, used = tmp_path / "classify-worker-left", tmp_path / "classify-worker-used"
    for folder in (left, used):
        folder.mkdir()
    os.utime(left, (0, 0))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    await _read(pool, text)

    assert (left.exists(), used.exists()) == (False, True)


def test_a_process_ends_with_its_server_even_while_it_is_busy(slow: Path) -> None:
    program = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from classify_core.server.options import DocumentLimits\n"
        "from classify_core.server.workers.pool import WorkerPool\n"
        "async def main():\n"
        "    pool = WorkerPool(1, DocumentLimits())\n"
        "    await pool.read(Path(sys.argv[2]), 'a.txt', 'txt')\n"
        "    print(pool._idle[0]._process.pid, flush=True)\n"
        "    await pool.read(Path(sys.argv[1]), 'slow.html', 'html')\n"
        "asyncio.run(main())"
    )
    short = _file(slow.parent, "a.txt", b"words")
    with subprocess.Popen([sys.executable, "-c", program, str(slow), str(short)], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        server.kill()

    assert asyncio.run(_gone(pid))


async def test_where_no_process_can_be_started_no_document_is_blamed(
    pool: WorkerPool, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "CHILD_MODULE", "classify_core.no_such_module")

    with pytest.raises(WorkerFaultError, match="did not become ready"):
        await _read(pool, text)


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes are such as a document has taken over."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT)]))
    monkeypatch.setattr(process_module, "CHILD_MODULE", "tests.server.lying_child")


@pytest.mark.usefixtures("lying")
@pytest.mark.parametrize("name", ["endless", "nested", "pickle", "another thing", "code", "pages", "closing"])
async def test_what_a_process_may_not_say_is_a_failure_of_its_document(pool: WorkerPool, text: Path, name: str) -> None:
    with pytest.raises(DocumentFailedError, match="PDF_IS_BROKEN: its reader broke down"):
        await pool.read(text, name, "txt")


@pytest.mark.usefixtures("lying")
async def test_a_process_that_says_nothing_runs_out_of_time(text: Path) -> None:
    pool = WorkerPool(1, DocumentLimits(seconds=0.5))

    with pytest.raises(DocumentFailedError, match="TIMEOUT: "):
        await pool.read(text, "silence", "txt")
    await pool.close()


@pytest.mark.usefixtures("lying")
async def test_a_type_that_is_in_no_rule_is_no_answer(pool: WorkerPool) -> None:
    document = ReadDocument("txt", single_page(INVOICE))

    with pytest.raises(DocumentFailedError, match="PDF_IS_BROKEN"):
        await pool.decide(document, ClassifyConfiguration(rules=RULES))


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 20])
async def test_a_process_whose_document_is_cancelled_twice_while_it_starts_is_ended(steps: int, text: Path) -> None:
    pool = WorkerPool(1, DocumentLimits())
    before = _children()
    reading = asyncio.create_task(_read(pool, text))
    for _ in range(steps):
        await asyncio.sleep(0.002)
    for _ in range(3):
        reading.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await reading
    await pool.close()
    assert _children() <= before
    gc.collect()  # whoever left a pipe open is told of it here
