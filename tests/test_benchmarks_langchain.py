"""What `benchmarks/langchain.py` tells about many documents, and about what the runnable takes beyond the core."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from langchain_core.documents import Document

from benchmarks import langchain
from benchmarks.labelling import overhead, pages
from benchmarks.labelling.chunks import Chunks
from benchmarks.labelling.corpus import Corpus
from benchmarks.labelling.figures import MEBIBYTE, at_most_mebibytes, under
from benchmarks.labelling.framework import chunks_of_all
from benchmarks.labelling.repetition import measured_repetition
from tests.backends import ScriptedBackend
from tests.benchmark_tables import rows_of

PROGRAM = Path(langchain.__file__)
FEW = ["--documents", "3", "--chunks-a-document", "6", "--characters", "200", "--rounds", "1", "--batch", "4"]
FEW += ["--batch-rounds", "1"]
BEYOND = "ClassifyRunnable.batch of 4 beyond classify_many"
SHARE = r"-?\d+\.\d% \(-?\d+ us more than \d+ us a document\)"


@pytest.mark.parametrize(
    ("engine", "labelling", "aim"),
    [("none", "labelling a chunk", "at most 4 x"), ("lexical", "labelling a chunk, classification included", "-")],
)
def test_classifications_times_and_memory_are_told(
    engine: str, labelling: str, aim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        langchain.main([*FEW, "--engine", engine])
    rows = rows_of(capsys.readouterr().out)
    assert rows["classifications of 30 pages of one file"] == ("1", "1", "yes")
    assert rows["classifications of 3 documents in 18 chunks"] == ("3", "3", "yes")
    assert rows["classifications of the same, labelled"] == ("0", "0", "yes")
    for former in ("labelled", "loaded anew"):
        assert rows[f"classifications of the same, {former}, and a new one"] == ("1", "1", "yes")
    assert rows["classifications of 18 chunks labelled lazily"] == ("3", "3", "yes")
    assert re.fullmatch(r"\d+\.\d MiB", rows["memory at most, of 18 chunks labelled lazily"][0])
    assert re.fullmatch(r"\d+\.\d\d x Document\(\.\.\.\) \(\d+\.\d us\)", rows[labelling][0])
    assert rows[labelling][1] == aim
    assert re.match(r"\d+\.\d\d x their own", rows["memory at most, beyond the chunks"][0])
    # So few documents tell nothing of the times: it ends as the table says, whatever that is.
    assert ending.value.code == int(any(holds == "no" for _, _, holds in rows.values()))


def test_what_the_runnable_takes_is_told_beside_the_core_with_an_aim_for_the_embedded_engine() -> None:
    rows = {figure.what: figure for figure in overhead.measured_overhead(4, 2)}
    assert rows["classifications of a batch of 4"].measured == "4"
    aims = {"embedded engine": "under 10%", "answered at once": "", "answered at once, with a handler": ""}
    for told, aim in aims.items():
        assert re.fullmatch(SHARE, rows[f"{BEYOND}, {told}"].measured)
        assert rows[f"{BEYOND}, {told}"].aim == aim


@pytest.mark.parametrize(("aim", "code", "holds"), [(-9.0, 1, "no"), (9e9, 0, "yes")])
def test_it_ends_with_1_only_where_an_aim_does_not_hold(
    aim: float, code: int, holds: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(overhead, "MOST_OVERHEAD", aim)
    monkeypatch.setattr("benchmarks.labelling.speed.MOST_COPIES", 9e9)
    monkeypatch.setattr("benchmarks.labelling.memory.MOST_GROWTH", 9e9)
    with pytest.raises(SystemExit) as ending:
        langchain.main(FEW)
    assert ending.value.code == code
    assert rows_of(capsys.readouterr().out)[f"{BEYOND}, embedded engine"][2] == holds


def test_the_batch_is_of_distinct_documents_of_1_000_to_2_000_characters() -> None:
    texts = overhead.documents_of(200)
    assert len(set(texts)) == 200
    assert {overhead.SHORTEST <= len(text) <= overhead.LONGEST for text in texts} == {True}
    assert texts == overhead.documents_of(200)


def test_a_figure_holds_where_its_aim_is_met() -> None:
    assert [under("", share, 0.1).holds for share in (-0.02, 0.099, 0.1, 0.3)] == [True, True, False, False]
    assert [at_most_mebibytes("", size, MEBIBYTE).holds for size in (MEBIBYTE, MEBIBYTE + 1)] == [True, False]
    assert under("beyond", 0.034, 0.1, told=" (27 us)").row == ("beyond", "3.4% (27 us)", "under 10%", "yes")


class Nameless(Chunks):
    """Pages that tell neither their file nor their number."""

    def chunks_of(self, corpus: Corpus, number: int) -> list[Document]:
        return [one.model_copy(update={"metadata": {}}) for one in super().chunks_of(corpus, number)]


@pytest.mark.parametrize(("chunks", "measured", "holds"), [(Chunks(), "1", True), (Nameless(), "30", False)])
def test_the_classifications_of_a_file_are_counted_not_assumed(chunks: Chunks, measured: str, *, holds: bool) -> None:
    figure = pages.measured_pages(chunks, 200, None)
    assert (figure.measured, figure.holds) == (measured, holds)


def test_what_is_asked_is_counted_whatever_answers() -> None:
    inner, corpus = ScriptedBackend(), Corpus(documents=2, chunks_a_document=6, characters=100)
    figures = measured_repetition(Chunks(), corpus, inner)
    assert [figure.measured for figure in figures] == ["1", "1"]
    assert inner.asked.total() == 4  # the two, and each time another one


def test_the_chunks_of_a_document_are_those_of_a_file_in_pages() -> None:
    chunks = chunks_of_all(Chunks(), Corpus(documents=2, chunks_a_document=6, characters=100))
    assert len({chunk.id for chunk in chunks}) == 12
    assert len({chunk.metadata["source"] for chunk in chunks}) == 2
    assert {chunk.metadata["page"] for chunk in chunks} == {0, 1}


def test_run_as_a_program_it_finds_the_framework_whose_name_it_has(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *FEW], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "classifications of 3 documents in 18 chunks" in done.stdout, done.stderr
    assert done.stderr == ""


def test_beside_the_benchmarks_no_package_of_langchain_is_hidden_from_the_program(tmp_path: Path) -> None:
    # The program's folder is where its modules would be looked for first.
    code = f"import runpy, sys; sys.argv = [{str(PROGRAM)!r}, '--help']; sys.path.insert(0, {str(PROGRAM.parent)!r})\n"
    code += f"try:\n    runpy.run_path({str(PROGRAM)!r}, run_name='__main__')\nexcept SystemExit:\n    pass\n"
    code += "import langchain, llama_index.core\nassert langchain.__version__\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "option", ["--documents", "--chunks-a-document", "--characters", "--rounds", "--batch", "--batch-rounds"]
)
def test_what_cannot_be_measured_is_refused(option: str) -> None:
    with pytest.raises(SystemExit) as ending:
        langchain.main([option, "0"])
    assert ending.value.code == 2
