"""The report: one page that stands alone, shows the figures, and does nothing that a document tells it to."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from classify_core.errors import InvalidOptionError
from classify_core.evaluation import Evaluation, compare, threshold_advice, write_report
from tests.evaluation.outcomes import evaluation, failed, outcome

ATTACK = (
    "</td></svg></style><script>alert(1)</script><img src=x onerror=alert(2)>\" onload='alert(3)' \u202egpj.exe\x1b[31m"
)
VOID = {"meta", "circle", "line", "path", "rect"}


class Page(HTMLParser):
    """What a browser would find, and whether every element is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID or not self.get_starttag_text().endswith("/>"):
            self._open += [] if tag == "meta" else [tag]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def some(name: str = "a.txt", reasoning: str = "it has line items") -> Evaluation:
    right = [outcome("invoice", "invoice", 0.5 + index / 50, name=f"{index}") for index in range(24)]
    wrong = [outcome("contract", "invoice", 0.7, name=name, reasoning=reasoning), outcome("resume", None, 0.2)]
    return evaluation([*right, *wrong, outcome(None, None, 0.1, guess="resume"), failed("resume", message=reasoning)])


def page_of(path: Path, *arguments: object, **options: object) -> Page:
    write_report(path, *arguments, **options)
    return Page(path.read_text(encoding="utf-8"))


def test_the_page_shows_the_figures_the_worst_documents_and_the_failures(tmp_path: Path) -> None:
    made = some(name="acme/march.pdf", reasoning="“line items” on page 2")
    page = page_of(tmp_path / "report.html", made)
    assert "25 of 28 documents right" in page.text
    assert "89.3 %" in page.text
    assert "acme/march.pdf" in page.text
    assert page.text.count("“line items” on page 2") == 2
    headings = [text for text in page.texts if text in {"Reliability", "Threshold", "Confusion", "Failures", "Types"}]
    assert headings == ["Reliability", "Threshold", "Types", "Confusion", "Failures"]
    assert sum(tag == "svg" for tag, _ in page.tags) == 4


def test_the_page_needs_and_runs_nothing_besides_itself(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    page = page_of(path, some(), compare(some(), some()))
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in page.tags}
    assert not {"src", "href", "srcset", "action"} & {name for _, attributes in page.tags for name in attributes}
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"https?://|url\(|@import", text)
    assert "default-src 'none'; style-src 'unsafe-inline'" in [each.get("content") for _, each in page.tags]


def test_what_documents_say_stays_text(tmp_path: Path) -> None:
    made = some(name=ATTACK, reasoning=ATTACK)
    path = tmp_path / "report.html"
    page = page_of(path, made, compare(made, some(name=ATTACK), names=(ATTACK, "second")), title=ATTACK)
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "<script>alert(1)</script>" in page.text
    text = path.read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_names_that_are_no_unicode_do_not_stop_the_report(tmp_path: Path) -> None:
    page = page_of(tmp_path / "report.html", some(name="broken\udcff.txt"))
    assert "broken\ufffd.txt" in page.text


def test_the_advised_threshold_is_marked_and_told(tmp_path: Path) -> None:
    made = some()
    advice = threshold_advice(made, error_cost=30, review_cost=2)
    page = page_of(tmp_path / "report.html", made, advice=advice)
    assert "Where an error costs 30 and a review 2" in page.text
    assert f"threshold {advice.threshold:g}: " in page.text
    assert advice.cautions
    assert all(" ".join(caution.split()) in page.text for caution in advice.cautions)


def test_a_comparison_has_its_section_with_the_documents_that_changed(tmp_path: Path) -> None:
    first = some()
    second = evaluation([outcome(each.label, each.label, name=each.name) for each in first.outcomes])
    page = page_of(tmp_path / "report.html", first, compare(first, second, names=("old.yaml", "new.yaml")))
    assert "new.yaml against old.yaml on 28 documents: accuracy +10.7 points" in page.text
    assert "McNemar's exact test p = 0.25: the difference may be chance." in page.text
    assert "3 won and 0 lost by new.yaml" in page.text


@pytest.mark.parametrize(
    "outcomes",
    [
        [outcome("invoice", "invoice", 1.0)],
        [outcome(None, None, 0.0)],
        [failed("invoice")],
        [outcome("invoice", "contract", 0.99)] * 3,
    ],
)
def test_the_smallest_evaluations_make_a_page_too(tmp_path: Path, outcomes: list) -> None:
    page = page_of(tmp_path / "report.html", evaluation(outcomes))
    values = " ".join(value or "" for _, attributes in page.tags for value in attributes.values())
    assert not re.search(r"\b(nan|inf)\b", values)


def test_forty_types_fit_into_the_matrix(tmp_path: Path) -> None:
    types = tuple(f"a rather long name of a type, number {number}" for number in range(40))
    made = Evaluation(tuple(outcome(name, name) for name in types), types, "0" * 16)
    page = page_of(tmp_path / "report.html", made)
    [matrix] = [attributes for tag, attributes in page.tags if tag == "svg" and attributes["class"] == "matrix"]
    assert int(matrix["width"]) < 1000
    assert sum(tag == "rect" and each.get("class") in {"right", "none"} for tag, each in page.tags) >= 40 * 40


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match="cannot write the report"):
        write_report(tmp_path / "missing" / "report.html", some())
