"""What `benchmarks/local.py` tells about a folder of labelled documents."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from benchmarks import local
from classify_core import Rule

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


def _figures(printed: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S[\w ]*?)  +(\S.*)$", printed, re.MULTILINE))


@pytest.mark.parametrize("write_labels", [_write_manifest, _write_expected, _write_nothing])
def test_the_shares_are_those_of_the_labelled_documents(
    write_labels: Callable[[Path], None], corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_labels(corpus)
    local.main(["--corpus", str(corpus)])
    printed = capsys.readouterr().out
    figures = _figures(printed)
    assert figures["documents"] == "5, of these 1 failed"
    assert figures["right"] == "0.500 (2 of 4)"
    assert figures["right and answered"] == "0.500 (2 of 4)"
    assert figures["labelled answered None"] == "0.000 (0 of 4)"
    assert figures["null answered None"] == "1.000 (1 of 1)"
    assert re.search(r"^bill +2 +0\.50 +0\.00  cooking recipe 1$", printed, re.MULTILINE)
    assert re.search(r"^cooking recipe +1 +1\.00 +0\.00", printed, re.MULTILINE)
    assert "failed: docs/bill/empty.txt" in printed
    assert "it is empty" in printed


def test_the_examples_can_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    local.main(["--corpus", str(EXAMPLES)])
    figures = _figures(capsys.readouterr().out)
    assert figures["documents"] == "18, of these 0 failed"
    right, of = map(int, re.findall(r"(\d+) of (\d+)", figures["right"])[0])
    assert of == 16
    assert right >= 13


def test_the_manifest_is_believed_first(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (corpus / "manifest.jsonl").write_text('{"path": "docs/bill/one.txt", "type": "bill"}')
    _write_expected(corpus)
    local.main(["--corpus", str(corpus)])
    assert _figures(capsys.readouterr().out)["right"] == "1.000 (1 of 1)"


def test_a_limit_measures_as_many_as_it_says(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    local.main(["--corpus", str(corpus), "--limit", "2"])
    assert _figures(capsys.readouterr().out)["documents"].startswith("2,")


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


def _with_a_broken_manifest(corpus: Path) -> None:
    (corpus / "manifest.jsonl").write_text('{"path": "docs/bill/one.txt", "type": "bill"}\n{"path": "b"}')


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_without_rules, r"rules\.yaml: cannot read the rules"),
        (_without_documents, r"no manifest\.jsonl, no expected\.yaml and no documents in docs/<type>/"),
        (_with_a_folder_of_no_type, r"letters/empty\.txt lies in no folder of a type.* cooking_recipe, null"),
        (
            _with_a_label_of_no_rule,
            r"one\.txt is labelled 'letter', which is none of \['bill', 'cooking recipe', None\]",
        ),
        (_with_a_label_of_no_file, r"expected\.yaml names nine\.txt"),
        (_with_a_broken_manifest, r"line 2 of manifest\.jsonl"),
    ],
)
def test_a_folder_that_cannot_be_measured_is_told_why(spoil: Callable[[Path], None], told: str, corpus: Path) -> None:
    spoil(corpus)
    with pytest.raises(SystemExit, match=told):
        local.main(["--corpus", str(corpus)])
