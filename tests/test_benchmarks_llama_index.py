"""What `benchmarks/llama_index.py` tells about the labelling of many nodes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import llama_index
from benchmarks.labelling import speed
from benchmarks.labelling.corpus import Corpus
from benchmarks.labelling.figures import at_most, exactly, table
from benchmarks.labelling.nodes import Nodes
from tests.backends import ScriptedBackend
from tests.benchmark_tables import rows_of

PROGRAM = Path(llama_index.__file__)
FEW = ["--documents", "3", "--nodes-a-document", "4", "--characters", "200", "--rounds", "2"]


@pytest.mark.parametrize(
    ("engine", "labelling", "aim"),
    [("none", "labelling a node", "at most 4 x"), ("lexical", "labelling a node, classification included", "-")],
)
def test_classifications_times_and_memory_are_told(
    engine: str, labelling: str, aim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        llama_index.main([*FEW, "--engine", engine])
    rows = rows_of(capsys.readouterr().out)
    assert rows["classifications of 3 documents in 12 nodes"] == ("3", "3", "yes")
    assert rows["classifications of the same, labelled"] == ("0", "0", "yes")
    for cache in ("its cache", "disable_cache=True"):
        assert rows[f"classifications of a second run, one document new, with {cache}"] == ("1", "1", "yes")
    assert re.fullmatch(r"\d+\.\d\d x model_copy\(\) \(\d+\.\d us\)", rows[labelling][0])
    assert rows[labelling][1] == aim
    assert re.match(r"\d+\.\d\d x their own", rows["memory at most, beyond the nodes"][0])
    # So few nodes tell nothing of the times: it ends as the table says, whatever that is.
    assert ending.value.code == int(any(holds == "no" for _, _, holds in rows.values()))


def test_an_aim_that_does_not_hold_ends_it_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(speed, "MOST_COPIES", 0.0)
    with pytest.raises(SystemExit) as ending:
        llama_index.main([*FEW, "--rounds", "1"])
    assert ending.value.code == 1
    assert rows_of(capsys.readouterr().out)["labelling a node"][1:] == ("at most 0 x", "no")


def test_run_as_a_program_it_finds_the_framework_whose_name_it_has(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *FEW], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "classifications of 3 documents in 12 nodes" in done.stdout, done.stderr
    assert done.stderr == ""


def test_a_figure_holds_where_its_aim_is_met() -> None:
    assert [exactly("", 3, 3).holds, exactly("", 4, 3).holds] == [True, False]
    assert [at_most("", ratio, 4.0, of="x").holds for ratio in (3.9, 4.0, 4.1)] == [True, True, False]
    assert table([at_most("copies", 5.0, 4.0, of="bare")]).splitlines()[-1] == (
        "| copies | 5.00 x bare | at most 4 x | no |"
    )


def test_what_is_asked_is_counted_whatever_answers() -> None:
    inner = ScriptedBackend()
    corpus = Corpus(documents=2, chunks_a_document=3, characters=100)
    figures = speed.measured_speed(Nodes(), corpus, 2, inner)
    assert inner.asked.total() == 4  # each of the two rounds anew
    assert figures[0].measured == "2"


@pytest.mark.parametrize("option", ["--documents", "--nodes-a-document", "--characters", "--rounds"])
def test_what_cannot_be_measured_is_refused(option: str) -> None:
    with pytest.raises(SystemExit) as ending:
        llama_index.main([option, "0"])
    assert ending.value.code == 2
