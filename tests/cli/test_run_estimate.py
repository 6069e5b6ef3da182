"""`classify run --estimate`: what a run would cost, without sending a document or writing a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Program
from tests.cli.runs import HOSTED, LOCAL, Place
from tests.service import ClassifyService


def files_of(place: Place) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in place.root.rglob("*") if path.is_file()}


def test_an_estimate_has_the_documented_fields_in_their_order(place: Place, classify: Program) -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    table = page.partition("### What it would cost")[2].partition("###")[0]
    documented = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert list(classify("run", "inbox", *HOSTED, "--estimate").only) == documented


def test_nothing_is_sent_and_no_file_is_written(place: Place, classify: Program, service: ClassifyService) -> None:
    before = files_of(place)
    ended = classify("run", "inbox", *HOSTED, "--estimate", "--out", "results.jsonl")
    assert (ended.code, ended.only["documents"], ended.only["pages"]) == (0, 2, 2)
    assert (ended.only["credits"], ended.only["dollars"], ended.only["is_exact"]) == (2.0, 0.0025, True)
    assert service.requests == []
    assert files_of(place) == before


def test_equal_documents_and_what_is_in_the_cache_cost_nothing(place: Place, classify: Program) -> None:
    place.write("inbox/twin.txt", (place.root / "inbox/bill.txt").read_text())
    command = ("run", "inbox", *HOSTED, "--cache", "answers.db")
    first = classify(*command, "--estimate").only
    assert (first["documents"], first["distinct"], first["cached"], first["credits"]) == (3, 2, 0, 2.0)
    classify("run", "inbox/bill.txt", *HOSTED, "--cache", "answers.db")
    second = classify(*command, "--estimate").only
    assert (second["documents"], second["distinct"], second["cached"], second["credits"]) == (3, 2, 1, 1.0)


def test_what_cannot_be_read_or_counted_is_named_by_its_path_and_is_no_failure(place: Place, classify: Program) -> None:
    place.write("inbox/a/scan.png", b"\x89PNG\r\n\x1a\n a picture")
    place.write("inbox/b/empty.txt", "")
    ended = classify("run", "inbox", "missing.pdf", *HOSTED, "--estimate")
    told = ended.only
    assert (ended.code, told["documents"], told["is_exact"]) == (0, 5, False)
    assert told["uncounted"] == ["inbox/a/scan.png"]
    assert {entry["name"] for entry in told["unreadable"]} == {"inbox/b/empty.txt", "missing.pdf"}
    assert all(entry["reason"] for entry in told["unreadable"])


def test_a_person_gets_a_table_and_a_line_for_what_is_left_out(place: Place, classify: Program) -> None:
    place.write("inbox/scan.png", b"\x89PNG\r\n\x1a\n a picture")
    place.write("inbox/\x1b[31mempty.txt", "")
    shown = classify("run", "inbox", *HOSTED, "--estimate", "--format", "pretty").out
    rows = [line.split() for line in shown.splitlines()]
    assert ["documents", "4"] in rows
    assert ["credits", "at", "least", "3"] in rows
    assert ["dollars", "at", "least", "0.00"] in rows
    assert "pages not counted: inbox/scan.png" in shown
    assert "cannot be read: inbox/\\x1b[31mempty.txt: " in shown
    assert "\x1b" not in shown


def test_of_many_that_are_left_out_a_person_sees_the_first(place: Place, classify: Program) -> None:
    for number in range(25):
        place.write(f"many/{number:02}.txt", "")
    shown = classify("run", "many", *HOSTED, "--estimate", "--format", "pretty").out
    assert shown.count("cannot be read: many/") == 20
    assert "cannot be read: 5 more; --json names all" in shown


def test_local_documents_cost_nothing(place: Place, classify: Program) -> None:
    told = classify("run", "inbox", *LOCAL, "--estimate").only
    assert (told["documents"], told["pages"], told["credits"]) == (2, 2, 0.0)


@pytest.mark.parametrize("name", ["results.jsonl", "results.csv"])
def test_a_run_that_is_taken_up_again_costs_only_what_is_left(place: Place, classify: Program, name: str) -> None:
    classify("run", "inbox/bill.txt", *HOSTED, "--out", name)
    before = files_of(place)
    command = ("run", "inbox", *HOSTED, "--out", name)
    left = classify(*command, "--estimate").only
    assert (left["documents"], left["done_before"], left["distinct"], left["credits"]) == (2, 1, 1, 1.0)
    anew = classify(*command, "--overwrite", "--estimate").only
    assert (anew["done_before"], anew["credits"]) == (0, 2.0)
    assert files_of(place) == before


def test_a_half_line_of_a_killed_run_is_left_for_the_run_to_remove(place: Place, classify: Program) -> None:
    classify("run", "inbox", *HOSTED, "--out", "results.jsonl")
    out = place.root / "results.jsonl"
    out.write_bytes(out.read_bytes()[:-20])
    before = out.read_bytes()
    told = classify("run", "inbox", *HOSTED, "--out", "results.jsonl", "--estimate").only
    assert (told["done_before"], told["distinct"]) == (1, 1)
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--summary"], "--summary"),
        (["--out", "foreign.jsonl"], "no result of classify run"),
        (["--out", "inbox/x.jsonl/y.jsonl"], "cannot read --out"),
    ],
)
def test_a_mistake_exits_with_2(place: Place, classify: Program, options: list[str], told: str) -> None:
    place.write("foreign.jsonl", json.dumps({"a": 1}) + "\n")
    place.write("inbox/x.jsonl", "")
    ended = classify("run", "inbox", *HOSTED, "--estimate", *options)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


def test_saved_rules_are_loaded_and_no_document_is_sent(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    parameters: dict[str, Any] = {"rules": [{"type": "invoice", "description": "has an invoice number and line items"}]}
    saved = classify("configs", "create", "--name", "mine", "--parameters", json.dumps(parameters)).only["id"]
    service.requests.clear()
    assert classify("run", "inbox", "--configuration-id", saved, "--estimate").only["credits"] == 2.0
    assert {request.method for request in service.requests} == {"GET"}
