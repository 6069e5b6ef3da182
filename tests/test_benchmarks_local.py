"""What `benchmarks/local.py` tells about a folder of labelled documents."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from benchmarks import local
from benchmarks.accuracy import sub_batches as drawing
from benchmarks.accuracy.calibration import measured_calibration
from benchmarks.accuracy.documents import Corpus
from benchmarks.accuracy.folds import called_by
from benchmarks.accuracy.measurement import Measurement
from benchmarks.accuracy.performances import MethodFailedError, ParsedCorpus
from benchmarks.accuracy.section import Section
from benchmarks.accuracy.sub_batches import FEWEST, MOST, OF_EACH_KIND, sub_batches
from classify_core import Answer, Backend, Classifier, ClassifyConfiguration, ClassifyRequest, Rule, Source
from classify_core.evaluation import Labelled

EXAMPLES = Path(__file__).parents[1] / "examples"
INVOICE = "Invoice number 7. Line items: two lamps. Tax 4 EUR, total amount due 24 EUR."
RECIPE = "A cooking recipe. Ingredients and quantities: 300 g flour. Steps of preparation: knead."
POEM = "Grey was the ferry, and slow the tide."
DOCUMENTS = {"bill/one.txt": INVOICE, "bill/two.txt": RECIPE, "bill/empty.txt": "", "cooking_recipe/three.txt": RECIPE}
LABELS = {"bill": "bill", "cooking_recipe": "cooking recipe", "null": None}


@pytest.fixture
def corpus(tmp_path: Path, rules: list[Rule]) -> Path:
    """Of four labelled documents two are right, one is taken for another type and one cannot be read."""
    written = [
        {"type": name, "description": rule.description} for name, rule in zip(LABELS.values(), rules, strict=False)
    ]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"rules": written}))
    for name, text in (DOCUMENTS | {"null/poem.txt": POEM}).items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def _labels(corpus: Path) -> dict[Path, str | None]:
    return {path.relative_to(corpus): LABELS[path.parent.name] for path in sorted((corpus / "docs").rglob("*.txt"))}


def _write_manifest(corpus: Path) -> None:
    lines = [json.dumps({"path": str(path), "type": label}) for path, label in _labels(corpus).items()]
    (corpus / "manifest.jsonl").write_text("\n".join(lines))


def _write_expected(corpus: Path) -> None:
    (corpus / "expected.yaml").write_text(yaml.safe_dump({path.name: label for path, label in _labels(corpus).items()}))


def _write_nothing(corpus: Path) -> None:
    """The folders' names are the labels."""


def _rows(printed: str) -> dict[str, list[str]]:
    """The cells of each line of all tables, by the first of them."""
    lines = re.findall(r"^\| (.+) \|$", printed, re.MULTILINE)
    rows = ([cell.strip() for cell in line.split(" | ")] for line in lines)
    return {what: cells for what, *cells in rows}


def _measured(capsys: pytest.CaptureFixture[str], corpus: Path, *options: str) -> dict[str, list[str]]:
    local.main(["--corpus", str(corpus), *options])
    return _rows(capsys.readouterr().out)


@pytest.mark.parametrize("write_labels", [_write_manifest, _write_expected, _write_nothing])
def test_the_shares_are_those_of_the_labelled_documents(
    write_labels: Callable[[Path], None], corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_labels(corpus)
    local.main(["--corpus", str(corpus), "--only", "types"])
    printed = capsys.readouterr().out
    rows = _rows(printed)
    assert rows["bill"] == ["3", "0.33", "0.00", "cooking recipe 1, failed 1"]
    assert rows["cooking recipe"] == ["1", "1.00", "0.00", ""]
    assert rows["null"] == ["1", "1.00", "1.00", ""]
    assert re.search(r"failed: \S*empty\.txt: .*it is empty", printed)


def test_ours_stands_beside_the_others(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    local.main(["--corpus", str(corpus), "--only", "table", "--minilm", str(corpus / "no-python")])
    printed = capsys.readouterr().out
    rows = _rows(printed)
    assert rows["what"] == ["TF-IDF", "BM25", "MiniLM", "ours", "aim", "holds"]
    assert rows["right, one document at a time"] == ["0.500", "-", "-", "0.500", "at least 0.9", "no"]
    assert rows["right, as one batch"] == ["0.500", "-", "-", "0.500", "at least 0.97", "no"]
    assert rows["null answered null, batch"][0::3] == ["0.000", "1.000"]
    assert all(float(cell) > 0 for cell in rows["memory added at most, MiB"][0:4:3])
    assert "5 documents, 4 of a type; 1 cannot be read" in printed
    assert "MiniLM was left out: there is no" in printed


def test_the_examples_can_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    rows = _measured(capsys, EXAMPLES, "--only", "types,cascade,calibration")
    right = sum(float(cells[1]) * int(cells[0]) for name, cells in rows.items() if cells[0].isdecimal())
    assert right >= 15
    assert rows["documents sent"] == ["0.222 (4 of 18)", "at most 0.25", "yes"]
    assert re.fullmatch(r"\d\.\d{3} \(\d+ of 14\)", rows["agreement on the rest, null included"][0])
    assert rows["batch"][0] == "not measured: it takes 100 documents"


def test_batches_of_any_kind_order_and_knowledge_are_measured(
    corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "OF_EACH_KIND", 1)
    (corpus / "docs" / "bill" / "empty.txt").unlink()
    rows = _measured(capsys, corpus, "--only", "folds,determinism,robustness")
    assert rows["what is lost"] == ["0.000", "at most 0.12", "yes"]
    assert rows["again"] == rows["in another order (2)"] == ["0", "0", "yes"]
    assert rows["of these more than 0.02 below"] == ["0", "0", "yes"]


def test_the_manifest_is_believed_first(corpus: Path) -> None:
    (corpus / "manifest.jsonl").write_text('{"path": "docs/bill/one.txt", "type": "bill"}')
    _write_expected(corpus)
    assert [each.name for each in Corpus.load(corpus).labelled] == ["docs/bill/one.txt"]


def test_a_limit_measures_as_many_as_it_says(corpus: Path) -> None:
    assert len(Corpus.load(corpus, limit=2).labelled) == 2


def test_a_section_that_is_not_there_is_told(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        local.main(["--corpus", str(corpus), "--only", "table,speed"])
    assert "sections are table, types, folds" in capsys.readouterr().err


def _without_rules(corpus: Path) -> None:
    (corpus / "rules.yaml").unlink()


def _without_documents(corpus: Path) -> None:
    shutil.rmtree(corpus / "docs")


def _with_a_folder_of_no_type(corpus: Path) -> None:
    (corpus / "docs" / "bill").rename(corpus / "docs" / "letters")


def _with_a_label_of_no_rule(corpus: Path) -> None:
    (corpus / "expected.yaml").write_text("one.txt: letter")


def _with_a_label_of_no_file(corpus: Path) -> None:
    (corpus / "expected.yaml").write_text("nine.txt: bill")


def _with_no_labels(corpus: Path) -> None:
    (corpus / "expected.yaml").write_text("- one.txt")


def _with_a_broken_manifest(corpus: Path) -> None:
    (corpus / "manifest.jsonl").write_text('{"path": "docs/bill/one.txt", "type": "bill"}\n{"path": "b"}')


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_without_rules, r"rules\.yaml: cannot read the rules"),
        (_without_documents, r"no manifest\.jsonl, no expected\.yaml and no documents in docs/<type>/"),
        (_with_a_folder_of_no_type, r"no rule produces these labels: 'letters'"),
        (_with_a_label_of_no_rule, r"no rule produces these labels: 'letter' \(one\.txt"),
        (_with_a_label_of_no_file, r"expected\.yaml names nine\.txt"),
        (_with_no_labels, r"expected\.yaml holds no lines"),
        (_with_a_broken_manifest, r"manifest\.jsonl:2: has no label"),
    ],
)
def test_a_folder_that_cannot_be_measured_is_told_why(spoil: Callable[[Path], None], told: str, corpus: Path) -> None:
    spoil(corpus)
    with pytest.raises(SystemExit, match=told):
        local.main(["--corpus", str(corpus)])


def _many_documents() -> list[Labelled]:
    """Of eight types and of none, so many that each kind of batch can be drawn."""
    labels = [label for label in [*map(str, range(8)), None] for _ in range(60)]
    return [Labelled(Source.text("x"), label, str(number)) for number, label in enumerate(labels)]


def test_sub_batches_are_of_five_kinds_and_always_the_same() -> None:
    documents = _many_documents()
    drawn = list(sub_batches(documents))
    assert drawn == list(sub_batches(documents))
    assert set(Counter(batch.kind for batch in drawn).values()) == {OF_EACH_KIND}
    assert len(drawn) == 5 * OF_EACH_KIND
    assert all(FEWEST <= len(batch.labelled) <= MOST for batch in drawn)


def test_a_sub_batch_is_what_its_kind_says() -> None:
    labels = {
        kind: [
            Counter(each.label for each in batch.labelled)
            for batch in sub_batches(_many_documents())
            if batch.kind == kind
        ]
        for kind in ("some types absent", "one type fills 95 %", "half of no type", "two or three types")
    }
    assert all(len(counts.keys() - {None}) <= 6 for counts in labels["some types absent"])
    assert all(abs(max(counts.values()) / counts.total() - 0.95) < 0.02 for counts in labels["one type fills 95 %"])
    assert all(abs(counts[None] / counts.total() - 0.5) < 0.02 for counts in labels["half of no type"])
    assert all(2 <= len(counts) <= 3 and None not in counts for counts in labels["two or three types"])


def test_a_rule_s_knowledge_is_that_of_the_kinds_it_calls_up() -> None:
    rules = [
        Rule(type="Rechnung", description="Forderung mit Rechnungsnummer."),
        Rule(type="zzz", description="qqqqqqqqqq"),
    ]
    assert "invoice" in called_by({"Rechnung"}, rules)
    assert called_by({"zzz"}, rules) == []


class _SureBackend:
    """Is sure that every document is a bill."""

    name = "sure"
    default_concurrency = 8

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        return Answer(type="bill", confidence=0.99)

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        raise NotImplementedError

    async def aclose(self) -> None:
        """Has nothing to release."""


class _Overconfident(Measurement):
    """Every second document is no bill."""

    def __init__(self, rule: Rule) -> None:
        labels = ("bill", None) * 60
        documents = [Labelled(Source.text(f"{place}"), label, f"{place}") for place, label in enumerate(labels)]
        super().__init__(Corpus([Rule(type="bill", description=rule.description)], documents))

    def classifier(self, backend: Backend | None = None, *, cache: bool = False) -> Classifier:
        return super().classifier(_SureBackend(), cache=cache)


def test_calibration_is_measured_on_other_documents_than_it_learned_from(rules: list[Rule]) -> None:
    rows = _rows(str(measured_calibration(_Overconfident(rules[0]))))
    for what in ("ECE, one at a time", "ECE, batch"):
        before, after = map(float, rows[what][0].split(" -> "))
        assert before == pytest.approx(0.49, abs=0.05)
        assert after < 0.2


def test_a_method_that_cannot_run_is_told_with_its_reason(corpus: Path) -> None:
    with pytest.raises(MethodFailedError, match="No module named"):
        ParsedCorpus(Corpus.load(corpus)).performance("no_such_method", python=Path(sys.executable))


def test_columns_are_aligned() -> None:
    assert str(Section("title", ("a", "b"), [("long", "1")], ["said"])).splitlines() == [
        "## title",
        "",
        "| a    | b |",
        "| ---- | - |",
        "| long | 1 |",
        "",
        "- said",
    ]
