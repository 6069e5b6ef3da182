"""`classify evaluate`: figures, comparison, report, cost and exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.cli.runs import HOSTED, INVOICE, LOCAL, OTHER_RULES, RECIPE, Place
from tests.service import ClassifyService

POEM = "The moon was low, the water still, and nobody came over the hill."


@pytest.fixture
def labelled(place: Place) -> Place:
    """Four documents in the folders of their types, one of them in the wrong one."""
    place.write("labelled/invoice/bill.txt", INVOICE)
    place.write("labelled/recipe/soup.md", RECIPE)
    place.write("labelled/recipe/misfiled.txt", INVOICE.replace("7", "8"))
    place.write("labelled/null/poem.txt", POEM)
    return place


def test_the_figures_have_the_documented_fields_in_their_order(labelled: Place, classify: Program) -> None:
    page = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text()
    table = page.partition("## Fields")[2].partition("\n## ")[0]
    first_cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    documented = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert list(classify("evaluate", "labelled", *LOCAL).only) == documented


def test_a_folder_is_measured(labelled: Place, classify: Program) -> None:
    ended = classify("evaluate", "labelled", *LOCAL)
    told = ended.only
    assert ended.code == 0
    assert (told["documents"], told["accuracy"]["count"], told["accuracy"]["total"]) == (4, 3, 4)
    assert told["worst"] == ["recipe/misfiled.txt"]
    [worst] = [each for each in told["outcomes"] if each["name"] == "recipe/misfiled.txt"]
    assert (worst["label"], worst["type"], worst["right"]) == ("recipe", "invoice", False)
    assert worst["reasoning"]
    assert told["comparison"] is None
    assert told["threshold"]["error_cost"] == 10.0


def test_a_person_gets_tables_and_sentences(labelled: Place, classify: Program) -> None:
    labelled.write("labelled/invoice/\x1b[31mempty.txt", "")
    ended = classify("evaluate", "labelled", *LOCAL, "--format", "pretty")
    rows = [line.split() for line in ended.out.splitlines()]
    assert ["right", "60.0", "%", "23.1", "to", "88.2", "%"] in rows
    assert ["recipe", "invoice", "1"] in rows
    assert "recipe/misfiled.txt: " in ended.out
    assert "invoice/\\x1b[31mempty.txt: " in ended.out
    advice = ended.out.index("- Where an error costs 10 and a review 1, ")
    assert advice < ended.out.index("  5 documents are few; ")
    assert "\n- " not in ended.out[advice:]
    assert "\x1b" not in ended.out
    assert ended.code == 1


def test_a_csv_and_json_lines_are_measured_too(labelled: Place, classify: Program) -> None:
    labelled.write("labels.csv", "path,type\nlabelled/invoice/bill.txt,invoice\nlabelled/null/poem.txt,null\n")
    labelled.write("labels.jsonl", json.dumps({"text": RECIPE, "type": "recipe"}) + "\n")
    assert classify("evaluate", "labels.csv", *LOCAL).only["accuracy"]["count"] == 2
    assert classify("evaluate", "labels.jsonl", *LOCAL, "--one-by-one").only["outcomes"][0]["name"] == "labels.jsonl:1"


def test_unknown_labels_are_refused_before_anything_is_sent(
    labelled: Place, classify: Program, service: ClassifyService
) -> None:
    labelled.write("labelled/invoices/more.txt", INVOICE)
    ended = classify("evaluate", "labelled", *HOSTED)
    assert (ended.code, ended.out) == (2, "")
    assert "'invoices' (folder invoices/; near are 'invoice')" in ended.err
    assert service.requests == []


@pytest.mark.parametrize(("share", "code"), [("0.75", 0), ("0.76", 8)])
def test_below_the_wanted_accuracy_the_exit_code_is_8(
    labelled: Place, classify: Program, share: str, code: int
) -> None:
    ended = classify("evaluate", "labelled", *LOCAL, "--fail-under", share)
    assert ended.code == code
    assert ended.only["accuracy"]["value"] == 0.75
    missed = "the accuracy is 0.7500 (3 of 4; 95 % interval 30.1 to 95.4 %), below --fail-under 0.76"
    assert (missed in ended.err) == (code == 8)


def test_the_wanted_accuracy_is_refused_where_documents_failed_but_not_missed(
    labelled: Place, classify: Program
) -> None:
    labelled.write("labelled/invoice/empty.txt", "")
    assert classify("evaluate", "labelled", *LOCAL, "--fail-under", "0.5").code == 1
    assert classify("evaluate", "labelled", *LOCAL, "--fail-under", "0.9").code == 8


def test_the_report_is_a_page_of_its_own(labelled: Place, classify: Program) -> None:
    ended = classify("evaluate", "labelled", *LOCAL, "--report", "report.html")
    page = (labelled.root / "report.html").read_text()
    assert ended.code == 0
    assert "the report is in report.html" in ended.err
    assert page.startswith("<!doctype html>")
    assert "recipe/misfiled.txt" in page


def test_a_report_beside_the_types_folders_is_no_document_of_the_next_run(labelled: Place, classify: Program) -> None:
    command = ("evaluate", "labelled", *LOCAL, "--report", "labelled/report.html")
    assert [classify(*command).code, classify(*command).code] == [0, 0]


def test_two_sets_of_rules_are_compared_on_the_same_documents(labelled: Place, classify: Program) -> None:
    labelled.write("other.yaml", OTHER_RULES)
    ended = classify("evaluate", "labelled", *LOCAL, "--compare-rules", "other.yaml", "--report", "report.html")
    compared = ended.only["comparison"]
    assert compared["names"] == ["rules.yaml", "other.yaml"]
    assert (compared["documents"], compared["difference"]["value"], compared["p_value"]) == (4, 0.0, 1.0)
    assert compared["second"]["rules_id"] != ended.only["rules_id"]
    assert "other.yaml against rules.yaml" in (labelled.root / "report.html").read_text()


def test_a_second_set_of_rules_must_know_the_labels_by_the_same_names(
    labelled: Place, classify: Program, service: ClassifyService
) -> None:
    labelled.write("upper.yaml", OTHER_RULES.replace("type: recipe", "type: Recipe"))
    labelled.write("less.yaml", OTHER_RULES.replace("type: recipe", "type: soup"))
    upper = classify("evaluate", "labelled", *HOSTED, "--compare-rules", "upper.yaml")
    less = classify("evaluate", "labelled", *HOSTED, "--compare-rules", "less.yaml")
    assert (upper.code, less.code) == (2, 2)
    assert "--compare-rules calls 'Recipe' what --rules calls 'recipe'" in upper.err
    assert "no rule produces these labels: 'recipe'" in less.err
    assert service.requests == []


def test_two_backends_are_compared_and_the_hosted_one_says_first_what_it_costs(
    labelled: Place, classify: Program, service: ClassifyService
) -> None:
    ended = classify("evaluate", "labelled", *LOCAL, "--compare-backend", "hosted")
    assert ended.only["comparison"]["names"] == ["local/lexical", "hosted"]
    assert ended.only["comparison"]["second"]["backends"] == ["hosted"]
    assert len(service.jobs) == 4
    assert ended.err.startswith("at the hosted service: 4 pages, 4 credits ($0.01)\n")


def test_more_than_it_may_cost_is_refused_before_anything_is_sent(
    labelled: Place, classify: Program, service: ClassifyService
) -> None:
    labelled.write("other.yaml", OTHER_RULES)
    command = ("evaluate", "labelled", *HOSTED, "--max-credits", "5", "--compare-rules", "other.yaml")
    ended = classify(*command)
    assert (ended.code, ended.out) == (5, "")
    assert "would cost 8 credits, more than --max-credits 5" in ended.err
    assert service.requests == []
    assert classify(*command, "--limit", "2").only["documents"] == 2


def test_an_estimate_sends_nothing(labelled: Place, classify: Program, service: ClassifyService) -> None:
    command = ("evaluate", "labelled", *HOSTED, "--estimate", "--compare-backend", "local")
    told = classify(*command).only
    assert (told["documents"], told["credits"], told["comparison"]["credits"]) == (4, 4.0, 0.0)
    assert json.loads(classify(*command, "--format", "json").out) == told
    assert service.requests == []


def test_a_wrong_key_ends_with_its_own_exit_code(labelled: Place, classify: Program, service: ClassifyService) -> None:
    service.fail_next("*", status=401, body={"detail": "Invalid API key"}, times=99)
    ended = classify("evaluate", "labelled", *HOSTED)
    assert (ended.code, ended.out) == (3, "")


def test_the_key_is_in_nothing_that_is_written_though_a_service_repeats_it(
    labelled: Place, classify: Program, service: ClassifyService
) -> None:
    message = f"cannot read this for {service.api_key}"
    service.fail_next("POST *", status=422, body={"detail": message}, times=1)
    ended = classify("evaluate", "labelled", *HOSTED, "--report", "report.html", "--max-concurrency", "1")
    page = (labelled.root / "report.html").read_text()
    assert ended.code == 1
    assert "cannot read this for **********" in ended.out
    assert "cannot read this for **********" in page
    assert service.api_key not in ended.out + ended.err + page


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--error-cost", "0"], "--error-cost is 0"),
        (["--review-cost", "nan"], "--review-cost is nan"),
        (["--report", "report.pdf"], "ends with .html"),
        (["--report", "missing/report.html"], "check that its folder exists"),
        (["--error-cost", "1e308"], "at most 1e+12"),
        (["--compare-backend", "hosted"], "--compare-backend hosted is the backend itself"),
        (["--limit", "0"], "--limit"),
        (["--fail-under", "90"], "--fail-under"),
        (["--fail-under", "nan"], "--fail-under"),
    ],
)
def test_a_mistake_exits_with_2_before_anything_is_sent(
    labelled: Place, classify: Program, service: ClassifyService, options: list[str], told: str
) -> None:
    ended = classify("evaluate", "labelled", *HOSTED, *options)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert service.requests == []
