"""`classify run`: what goes in, what comes out, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from classify_core.cli.exit_codes import MEANINGS
from classify_core.cli.run_options import PlanName
from classify_core.cli.run_records import ResultRecord
from classify_core.limits import PLANS
from tests.cli.conftest import Program
from tests.cli.runs import HOSTED, INVOICE, LOCAL, PROGRAM, RECIPE, Place
from tests.service import ClassifyService


def test_each_document_of_a_folder_becomes_a_line_with_its_type(place: Place, classify: Program) -> None:
    ended = classify("run", "inbox", *LOCAL)
    assert ended.code == 0
    assert {line["path"]: line["type"] for line in ended.lines} == {
        str(Path("inbox/bill.txt")): "invoice",
        str(Path("inbox/soup.md")): "recipe",
    }


def test_a_line_has_the_documented_fields_in_their_order(place: Place, classify: Program) -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    documented = [line.split("`")[1] for line in page.partition("### Fields")[2].splitlines() if line.startswith("| `")]
    [line] = classify("run", "inbox/bill.txt", *LOCAL).lines
    assert list(line) == documented[: len(line)] == list(ResultRecord.model_fields)
    assert (line["status"], line["backend"], line["error"], line["job_id"]) == (
        "completed",
        "local/lexical",
        None,
        None,
    )
    assert 0.5 < line["confidence"] <= 1.0
    assert len(line["digest"]) == 64


def test_what_cannot_be_read_is_an_outcome_and_the_others_are_classified(place: Place, classify: Program) -> None:
    place.write("inbox/empty.txt", "")
    ended = classify("run", "inbox", "missing.pdf", *LOCAL)
    outcomes = {line["path"]: (line["status"], line["error_code"]) for line in ended.lines}
    assert ended.code == 1
    assert outcomes["missing.pdf"] == outcomes["inbox/empty.txt"] == ("failed", "UnreadableDocumentError")
    assert outcomes["inbox/bill.txt"] == outcomes["inbox/soup.md"] == ("completed", None)


def test_standard_input_is_one_document_called_by_its_name(place: Place) -> None:
    code, out, _ = place.run("-", "--name", "mail.txt", *LOCAL, given=INVOICE.encode())
    line = json.loads(out)
    assert (code, line["path"], line["type"]) == (0, "mail.txt", "invoice")


def test_standard_input_needs_no_name(place: Place) -> None:
    code, out, _ = place.run("-", *LOCAL, given=RECIPE.encode())
    assert (code, json.loads(out)["path"], json.loads(out)["type"]) == (0, "-", "recipe")


def test_empty_standard_input_is_a_document_that_cannot_be_read(place: Place) -> None:
    code, out, _ = place.run("-", *LOCAL)
    assert (code, json.loads(out)["status"]) == (1, "failed")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("empty", *LOCAL), "no document at 'empty'"),
        (("inbox/*.pdf", *LOCAL), "no document at 'inbox/*.pdf'"),
        (("", *LOCAL), "PATH is empty"),
        (("inbox", "--backend", "local"), "--rules"),
        (("inbox", *LOCAL, "--configuration-id", "cfg-1"), "--configuration-id"),
        (("inbox", "--configuration-id", "cfg-1", "--lang", "de"), "--lang"),
        (("inbox", *LOCAL, "--out", "results.txt"), ".jsonl or .csv"),
        (("inbox", *LOCAL, "--overwrite"), "--out"),
        (("inbox", *LOCAL, "--target-pages", "three"), "three"),
        (("inbox", *LOCAL, "--timeout", "0"), "timeout"),
        (("inbox", "--rules", "no.yaml"), "no.yaml"),
    ],
)
def test_a_mistake_exits_with_2_and_makes_nothing(
    place: Place, classify: Program, arguments: tuple[str, ...], told: str
) -> None:
    (place.root / "empty").mkdir()
    before = sorted(place.root.rglob("*"))
    ended = classify("run", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert sorted(place.root.rglob("*")) == before


def test_a_path_that_stands_for_nothing_is_told_where_others_stand_for_something(
    place: Place, classify: Program
) -> None:
    ended = classify("run", "*.pdf", "inbox", *LOCAL)
    assert (ended.code, len(ended.lines)) == (0, 2)
    assert "found no document at '*.pdf'" in ended.err


def test_the_whole_is_one_json_document_where_that_is_asked_for(place: Place, classify: Program) -> None:
    ended = classify("run", "inbox", *LOCAL, "--format", "json")
    assert {entry["type"] for entry in json.loads(ended.out)} == {"invoice", "recipe"}


def test_a_type_below_the_threshold_is_withheld(place: Place, classify: Program) -> None:
    [line] = classify("run", "inbox/bill.txt", *LOCAL, "--min-confidence", "1").lines
    assert (line["type"], line["status"]) == (None, "below_threshold")


def test_a_person_s_line_tells_type_path_and_error_and_moves_no_terminal(place: Place, classify: Program) -> None:
    place.write("inbox/\x1b[31mred.txt", "")
    ended = classify("run", "inbox", *LOCAL, "--format", "pretty")
    assert any("invoice" in line and "inbox/bill.txt" in line for line in ended.out.splitlines())
    assert any("failed" in line and "\\x1b[31mred.txt" in line and "empty" in line for line in ended.out.splitlines())
    assert "\x1b" not in ended.out


def test_on_a_terminal_lines_and_a_bar_are_shown(place: Place) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen([*PROGRAM, "inbox", *LOCAL], stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    assert process.returncode == 0
    assert b"inbox/bill.txt" in shown
    assert b"2/2" in shown
    assert b'{"path"' not in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux tells that nobody holds the other end any more
        return b""


def test_the_summary_counts_types_and_failures_by_code(place: Place, classify: Program) -> None:
    place.write("inbox/second.txt", INVOICE + " Paid.")
    place.write("inbox/empty.txt", "")
    ended = classify("run", "inbox", *LOCAL, "--summary", "--out", "results.jsonl")
    summary = ended.only
    assert ended.code == 1
    assert (summary["documents"], summary["classified"], summary["failed"]) == (4, 3, 1)
    assert [(entry["type"], entry["documents"]) for entry in summary["types"]] == [("invoice", 2), ("recipe", 1)]
    mean = sum(line["confidence"] for line in place.read("results.jsonl") if line["type"] == "invoice") / 2
    assert summary["types"][0]["mean_confidence"] == pytest.approx(mean, abs=0.001)
    assert summary["failures"] == {"UnreadableDocumentError": 1}


def test_the_summary_keeps_out_of_the_way_of_results_on_standard_output(place: Place, classify: Program) -> None:
    ended = classify("run", "inbox", *LOCAL, "--summary")
    assert [set(line) for line in ended.lines] == [set(ResultRecord.model_fields)] * 2
    assert json.loads(ended.err)["classified"] == 2


def test_a_person_s_summary_is_a_table(place: Place, classify: Program) -> None:
    out = classify("run", "inbox", *LOCAL, "--summary", "--format", "pretty", "--out", "r.jsonl").out
    assert any(line.split()[:2] == ["invoice", "1"] for line in out.splitlines())
    assert "2 documents" in out


def test_hosted_documents_have_a_job_and_its_price_and_parsing_options_are_sent(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    place.write("inbox/bill.txt", "invoice")
    options = ("--max-pages", "3", "--target-pages", "1,3", "--lang", "de", "--plan", "pro", "--usage")
    [line] = classify("run", "inbox/bill.txt", *HOSTED, *options).lines
    assert (line["type"], line["backend"]) == ("invoice", "hosted")
    assert line["job_id"] in service.jobs
    assert line["credits"] is not None
    [create] = service.requests_to("POST /api/v2/classify")
    assert create.json["configuration"]["parsing_configuration"] == {
        "lang": "de",
        "max_pages": 3,
        "target_pages": "1,3",
    }


def test_an_address_that_is_not_used_is_told(place: Place, classify: Program, service: ClassifyService) -> None:
    ended = classify("run", "inbox", "--rules", "rules.yaml", "--base-url", service.base_url, LLAMA_CLOUD_API_KEY=None)
    assert [line["backend"] for line in ended.lines] == ["local/lexical"] * 2
    assert "--base-url is not used" in ended.err
    assert service.requests == []


def test_a_key_that_cannot_work_is_no_matter_where_nothing_is_sent(place: Place, classify: Program) -> None:
    assert classify("run", "inbox", *LOCAL, LLAMA_CLOUD_API_KEY="no key\n").code == 0


def test_the_page_tells_every_exit_code() -> None:
    table = (Path(__file__).parents[2] / "docs" / "cli.md").read_text().partition("## Exit codes")[2]
    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == [str(int(code)) for code in MEANINGS]


def test_saved_rules_are_loaded_from_the_service(place: Place, classify: Program, service: ClassifyService) -> None:
    parameters = json.dumps({"rules": [{"type": "invoice", "description": "has an invoice number and line items"}]})
    saved = classify("configs", "create", "--name", "mine", "--parameters", parameters).only["id"]
    place.write("inbox/bill.txt", "invoice")
    [line] = classify("run", "inbox/bill.txt", "--configuration-id", saved).lines
    assert line["type"] == "invoice"


def test_saved_rules_that_do_not_exist_exit_with_4_and_make_no_file(place: Place, classify: Program) -> None:
    ended = classify("run", "inbox", "--configuration-id", "cfg-none", "--out", "results.jsonl")
    assert (ended.code, ended.out) == (4, "")
    assert not (place.root / "results.jsonl").exists()


def test_a_broken_rule_is_told_with_the_command_that_tells_all(place: Place, classify: Program) -> None:
    place.write("my rules.yaml", "- {type: invoice, description: short}")
    ended = classify("run", "inbox", "--rules", "my rules.yaml", "--backend", "local")
    assert ended.code == 2
    assert "`classify rules check 'my rules.yaml'`" in ended.err


def test_hosted_without_a_key_says_how_to_give_one(place: Place, classify: Program) -> None:
    ended = classify("run", "inbox", *HOSTED, LLAMA_CLOUD_API_KEY=None)
    assert ended.code == 3
    assert "--api-key" in ended.err


def test_every_plan_with_published_limits_can_be_named() -> None:
    assert {name.value for name in PlanName} == set(PLANS)
