"""Labelled documents from folders and files, and what is refused before anything is classified."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from classify_core import Rule
from classify_core.errors import InvalidOptionError
from classify_core.evaluation import Labelled, load_labelled, sample

RULES = [Rule(type=name, description="a document") for name in ("purchase invoice", "contract", "SEC filing")]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_folder_s_name_is_the_label_of_all_files_below_it(folder: Path, rules: list[Rule], labels: dict) -> None:
    labelled = load_labelled(folder, rules)
    assert {Path(each.name).name: each.label for each in labelled} == labels
    assert [each.name for each in labelled] == sorted(each.name for each in labelled)


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("purchase_invoice", "purchase invoice"),
        ("purchase invoice", "purchase invoice"),
        ("Purchase_Invoice", "purchase invoice"),
        ("sec_filing", "SEC filing"),
        ("null", None),
        ("uncategorized", None),
    ],
)
def test_underscores_and_case_of_a_folder_s_name_do_not_matter(tmp_path: Path, written: str, label: str | None) -> None:
    write(tmp_path / written / "deep" / "a.txt", "text")
    [only] = load_labelled(tmp_path, RULES)
    assert (only.label, only.name) == (label, f"{written}/deep/a.txt")


def test_a_rule_called_uncategorised_by_its_own_name_is_a_type(tmp_path: Path) -> None:
    write(tmp_path / "null" / "a.txt", "text")
    [only] = load_labelled(tmp_path, [Rule(type="null", description="an empty form")])
    assert only.label == "null"


def test_a_label_that_no_rule_produces_is_refused_with_near_types_and_its_place(tmp_path: Path) -> None:
    write(tmp_path / "contracts" / "a.txt", "text")
    write(tmp_path / "weather" / "b.txt", "text")
    with pytest.raises(InvalidOptionError) as refused:
        load_labelled(tmp_path, RULES)
    told = refused.value.message
    assert "'contracts' (folder contracts/; near are 'contract')" in told
    assert "'weather' (folder weather/" in told
    assert "write null for documents of no type" in told


def test_a_file_in_no_type_s_folder_is_refused_unless_it_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "contract" / "a.txt", "text")
    rules_file = write(tmp_path / "rules.yaml", "[]")
    write(tmp_path / ".hidden", "x")
    with pytest.raises(InvalidOptionError, match=r"'rules.yaml' lies in no type's folder"):
        load_labelled(tmp_path, RULES)
    assert len(load_labelled(tmp_path, RULES, left_out=[rules_file])) == 1


@pytest.mark.parametrize("name", ["missing", "empty", "labels.xlsx", "x" * 300])
def test_what_holds_no_labelled_documents_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "labels.xlsx", "x")
    with pytest.raises(InvalidOptionError, match=name):
        load_labelled(tmp_path / name, RULES)


def test_a_type_s_folder_may_be_a_link_and_links_below_it_are_followed_to_files_only(tmp_path: Path) -> None:
    write(tmp_path / "archive" / "a.txt", "text")
    write(tmp_path / "labelled" / "null" / "b.txt", "text")
    (tmp_path / "labelled" / "contract").symlink_to(tmp_path / "archive")
    (tmp_path / "labelled" / "null" / "up").symlink_to(tmp_path / "labelled")
    (tmp_path / "labelled" / ".hidden").mkdir()
    labelled = load_labelled(tmp_path / "labelled", RULES)
    assert [(each.name, each.label) for each in labelled] == [("contract/a.txt", "contract"), ("null/b.txt", None)]


def test_a_document_that_lies_in_two_types_folders_is_refused(tmp_path: Path) -> None:
    original = write(tmp_path / "contract" / "a.txt", "text")
    (tmp_path / "null").mkdir()
    (tmp_path / "null" / "b.txt").symlink_to(original)
    with pytest.raises(InvalidOptionError, match=r"\(null/b.txt\) 'no type' that folder contract/ labels 'contract'"):
        load_labelled(tmp_path, RULES)


def test_accents_written_apart_from_their_letters_make_no_other_label(tmp_path: Path) -> None:
    write(tmp_path / "re\u0301sume\u0301" / "a.txt", "text")
    [only] = load_labelled(tmp_path, [Rule(type="r\u00e9sum\u00e9", description="a life in dates")])
    assert only.label == "r\u00e9sum\u00e9"


def test_what_programs_write_for_nothing_is_nothing(tmp_path: Path) -> None:
    rows = write(tmp_path / "a.csv", "text,type,,name\nhello,contract,,,\n,,,\n\n")
    lines = write(tmp_path / "a.jsonl", '{"path": null, "text": "hello", "name": null, "type": "contract"}\n')
    assert [each.name for each in load_labelled(rows, RULES)] == ["a.csv:2"]
    assert [each.name for each in load_labelled(lines, RULES)] == ["a.jsonl:1"]


def test_json_lines_hold_paths_and_texts(tmp_path: Path) -> None:
    write(tmp_path / "docs" / "a.txt", "a contract")
    rows = [
        {"path": "docs/a.txt", "type": "contract"},
        {"text": "Invoice 7", "type": "purchase_invoice", "name": "mail 7"},
        {"text": "A poem", "type": None},
    ]
    file = write(tmp_path / "labels.jsonl", "\n".join(map(json.dumps, rows)) + "\n\n")
    first, second, third = load_labelled(file, RULES)
    assert (first.source.value, first.label, first.name) == (tmp_path / "docs/a.txt", "contract", "docs/a.txt")
    assert (second.source.value, second.label, second.name) == ("Invoice 7", "purchase invoice", "mail 7")
    assert (third.label, third.name) == (None, "labels.jsonl:3")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_with_any_usual_delimiter_and_long_texts(tmp_path: Path, delimiter: str) -> None:
    long = "Invoice, line; items\n" * 20_000
    file = tmp_path / "labels.csv"
    with file.open("w", newline="", encoding="utf-8-sig") as opened:
        writer = csv.writer(opened, delimiter=delimiter)
        writer.writerows([["Text", "Type", "note"], [long, "contract", "x"], ["A poem", "null", ""]])
    before = csv.field_size_limit()
    first, second = load_labelled(file, RULES)
    assert (first.source.value, first.label) == (long, "contract")
    assert second.label is None
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "path,type\nmissing.txt,contract\n", "a.csv:2: there is no file 'missing.txt'"),
        ("a.csv", "text,type\nhello,\n", "a.csv:2: has no label"),
        ("a.csv", "text,label\nhello,contract\n", "the first line must name the columns"),
        ("a.csv", 'text,type\n"hello,contract\n', "a.csv:2: is no CSV"),
        ("a.csv", "type,text\ncontract,hello, world\n", "a.csv:2: has more cells than the first line"),
        ("a.csv", "type,text,type\ncontract,hello,contract\n", "each once"),
        ("a.csv", "text,type\nhello,contract\n".encode("utf-16"), "save it as UTF-8"),
        ("a.csv", "text,type\nhello,contracts\n", "near are 'contract'"),
        ("a.jsonl", '{"text": "hello"}\n', "a.jsonl:1: has no label"),
        ("a.jsonl", '{"type": "contract"}\n', "tells no document"),
        ("a.jsonl", '{"text": "x", "path": "y", "type": "contract"}\n', "tells no document"),
        ("a.jsonl", '{"text": 7, "type": "contract"}\n', "text must be a text"),
        ("a.jsonl", '\n{"text": "x", ', "a.jsonl:2: is no JSON"),
        ("a.jsonl", "[1]\n", "is no object"),
        ("a.jsonl", "[" * 200_000, "a.jsonl:1: is no labelled document: it is nested too deeply"),
        ("a.jsonl", b"\xff\xfe", "is not UTF-8"),
        ("a.jsonl", '{"text": "x", "type": "contract"}\n{"text": "x", "type": null}\n', "a.jsonl:2: labels a document"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_with_its_line(
    tmp_path: Path, name: str, text: str | bytes, told: str
) -> None:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InvalidOptionError) as refused:
        load_labelled(file, RULES)
    assert told in refused.value.message


def test_a_sample_is_the_same_each_time_in_any_order_and_keeps_the_order(folder: Path, rules: list[Rule]) -> None:
    labelled = load_labelled(folder, rules)
    drawn = sample(labelled, 4)
    assert drawn == [each for each in labelled if each in drawn]
    assert {each.name for each in sample(labelled[::-1], 4)} == {each.name for each in drawn}
    assert {each.name for each in drawn} < {each.name for each in sample(labelled, 5)}
    assert len({each.label for each in sample(labelled, 8)}) > 2
    assert sample(labelled, 999) == labelled
    assert len(sample([*labelled, Labelled.of("text", None, name="\ud800")], 99)) == len(labelled) + 1
    with pytest.raises(InvalidOptionError):
        sample(labelled, 0)
