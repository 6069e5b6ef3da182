"""The file of results: kept through kills, repaired, taken up again, and never mixed."""

from __future__ import annotations

import csv
import io
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from classify_core.classification import Status
from classify_core.cli.run_formats import COLUMNS, Csv, JsonLines, RecordFormat, whole_records
from classify_core.cli.run_lock import locked
from classify_core.cli.run_records import ResultRecord
from classify_core.errors import InvalidOptionError
from tests.cli.conftest import Program
from tests.cli.runs import HOSTED, INVOICE, LOCAL, OTHER_RULES, PROGRAM, RECIPE, RULES, Place, count_of_lines
from tests.service import ClassifyService
from tests.waiting import wait_until

FORMATS = ["results.jsonl", "results.csv"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(tmp_path)
    place.write("rules.yaml", RULES)
    for number in range(6):
        place.write(f"inbox/{number}.txt", f"{INVOICE} {number}")
    monkeypatch.chdir(tmp_path)
    return place


def records(place: Place, name: str) -> list[dict[str, Any]]:
    """The records of either format, as a program without knowledge of ours reads them."""
    if name.endswith(".jsonl"):
        return place.read(name)
    return list(csv.DictReader(io.StringIO((place.root / name).read_bytes().decode(), newline="")))


def paths(place: Place, name: str) -> list[str]:
    return sorted(record["path"] for record in records(place, name))


ALL_PATHS = [f"inbox/{number}.txt" for number in range(6)]


@pytest.mark.parametrize("name", FORMATS)
def test_a_finished_run_has_nothing_left_to_do(place: Place, classify: Program, name: str) -> None:
    assert classify("run", "inbox", *LOCAL, "--out", name).out == ""
    before = (place.root / name).read_bytes()
    again = classify("run", "inbox", *LOCAL, "--out", name, "--summary")
    assert (again.code, again.only["done_before"], again.only["classified"]) == (0, 6, 6)
    assert (place.root / name).read_bytes() == before
    assert paths(place, name) == ALL_PATHS


def test_a_killed_run_is_completed_without_a_document_lost_or_twice(place: Place) -> None:
    count = 150
    for number in range(count):
        place.write(f"many/{number:03}.txt", f"{INVOICE} {number} " + "word " * 4000)
    out = place.root / "results.jsonl"
    command = ("many", *LOCAL, "--max-concurrency", "2", "--out", "results.jsonl")
    for lines in (10, 30):
        with place.start(*command) as process:
            wait_until(lambda lines=lines: count_of_lines(out) >= lines)
            process.kill()
            process.wait()
        assert lines <= count_of_lines(out) < count
    done = out.read_bytes()[: out.read_bytes().rindex(b"\n") + 1]
    code, _, _ = place.run(*command)
    assert code == 0
    assert paths(place, "results.jsonl") == [f"many/{number:03}.txt" for number in range(count)]
    assert out.read_bytes().startswith(done)  # what was done is not done again


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("left", [1, 9, 40, 200])
def test_half_a_last_line_is_removed_and_its_document_classified_again(
    place: Place, classify: Program, name: str, left: int
) -> None:
    classify("run", "inbox", *LOCAL, "--out", name)
    out = place.root / name
    lines = out.read_bytes().splitlines(keepends=True)
    *whole, last = whole_records(lines, JsonLines() if name.endswith(".jsonl") else Csv())
    out.write_bytes(b"".join(whole) + last[:left])
    ended = classify("run", "inbox", *LOCAL, "--out", name)
    assert ended.code == 0
    assert "cut off" in ended.err
    assert paths(place, name) == ALL_PATHS
    assert out.read_bytes().startswith(b"".join(whole))


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_off_in_its_first_line_is_begun_anew(place: Place, classify: Program, name: str) -> None:
    classify("run", "inbox", *LOCAL, "--out", name)
    out = place.root / name
    out.write_bytes(out.read_bytes()[:7])
    assert classify("run", "inbox", *LOCAL, "--out", name).code == 0
    assert paths(place, name) == ALL_PATHS


@pytest.mark.parametrize("name", FORMATS)
def test_a_changed_file_is_classified_again_and_its_old_line_removed(
    place: Place, classify: Program, name: str
) -> None:
    classify("run", "inbox", *LOCAL, "--out", name)
    place.write("inbox/3.txt", RECIPE)
    ended = classify("run", "inbox", *LOCAL, "--out", name, "--summary")
    assert ended.only["done_before"] == 5
    types = {record["path"]: record["type"] for record in records(place, name)}
    assert types == {path: "recipe" if path == "inbox/3.txt" else "invoice" for path in ALL_PATHS}
    assert paths(place, name) == ALL_PATHS


def test_a_new_file_is_classified_beside_the_known_ones(place: Place, classify: Program) -> None:
    classify("run", "inbox", *LOCAL, "--out", "results.jsonl")
    place.write("inbox/new.txt", RECIPE)
    assert classify("run", "inbox", *LOCAL, "--out", "results.jsonl", "--summary").only["done_before"] == 6
    assert len(place.read("results.jsonl")) == 7


@pytest.mark.parametrize("name", FORMATS)
def test_a_failed_document_is_tried_again_and_leaves_one_line(place: Place, classify: Program, name: str) -> None:
    missing = ("run", "inbox", "late.txt", *LOCAL, "--out", name)
    assert classify(*missing).code == 1
    assert paths(place, name) == [*ALL_PATHS, "late.txt"]
    assert classify(*missing).code == 1
    assert paths(place, name) == [*ALL_PATHS, "late.txt"]
    place.write("late.txt", INVOICE)
    assert classify(*missing).code == 0
    assert [record["status"] for record in records(place, name)] == ["completed"] * 7


@pytest.mark.parametrize(
    "changed", [("--min-confidence", "0.5"), ("--max-pages", "2")], ids=["min-confidence", "max-pages"]
)
def test_results_under_other_options_are_not_mixed(place: Place, classify: Program, changed: tuple[str, ...]) -> None:
    classify("run", "inbox", *LOCAL, "--out", "results.jsonl")
    before = (place.root / "results.jsonl").read_bytes()
    refused = classify("run", "inbox", *LOCAL, *changed, "--out", "results.jsonl")
    assert refused.code == 2
    assert "--overwrite" in refused.err
    assert (place.root / "results.jsonl").read_bytes() == before


@pytest.mark.parametrize("name", FORMATS)
def test_overwrite_begins_anew_under_other_rules(place: Place, classify: Program, name: str) -> None:
    classify("run", "inbox", *LOCAL, "--out", name)
    [old] = {record["rules_id"] for record in records(place, name)}
    place.write("rules.yaml", OTHER_RULES)
    assert classify("run", "inbox", *LOCAL, "--out", name).code == 2
    assert classify("run", "inbox", *LOCAL, "--out", name, "--overwrite").code == 0
    assert paths(place, name) == ALL_PATHS
    assert old not in {record["rules_id"] for record in records(place, name)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("results.jsonl", b'{"my": "data"}\n'),
        ("results.jsonl", b"my notes without an end"),
        ("results.jsonl", b"\n"),
        ("results.csv", b"name,price\r\nlamp,20\r\n"),
        ("results.csv", b"my notes without an end"),
        ("results.csv", b"path,type\r\n"),
    ],
)
def test_a_file_that_holds_something_else_is_left_alone(
    place: Place, classify: Program, name: str, content: bytes
) -> None:
    (place.root / name).write_bytes(content)
    ended = classify("run", "inbox", *LOCAL, "--out", name)
    assert (ended.code, ended.out) == (2, "")
    assert "no result of classify run" in ended.err
    assert (place.root / name).read_bytes() == content


@pytest.mark.parametrize("name", FORMATS)
def test_a_line_that_somebody_damaged_is_told_by_its_number(place: Place, classify: Program, name: str) -> None:
    classify("run", "inbox", *LOCAL, "--out", name)
    lines = (place.root / name).read_bytes().splitlines(keepends=True)
    lines[3] = b"damaged\n"
    (place.root / name).write_bytes(b"".join(lines))
    ended = classify("run", "inbox", *LOCAL, "--out", name)
    assert ended.code == 2
    assert f"record {4 if name.endswith('.jsonl') else 3}" in ended.err


def test_two_runs_do_not_write_one_file(place: Place, classify: Program) -> None:
    with locked(place.root / "results.jsonl"):
        ended = classify("run", "inbox", *LOCAL, "--out", "results.jsonl")
    assert ended.code == 2
    assert "another run is writing it" in ended.err
    assert classify("run", "inbox", *LOCAL, "--out", "results.jsonl").code == 0


def test_a_lock_is_the_process_s_own_and_ends_with_a_kill(place: Place) -> None:
    program = (
        "import sys, time; from pathlib import Path; from classify_core.cli.run_lock import locked\n"
        "with locked(Path('results.jsonl')): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=place.root, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(InvalidOptionError), locked(place.root / "results.jsonl"):
            pass
        holder.kill()
    with locked(place.root / "results.jsonl"):
        pass
    assert not list(place.root.glob(".*"))


def test_the_run_s_own_files_are_no_documents(place: Place, classify: Program) -> None:
    command = ("run", ".", *LOCAL, "--out", "results.jsonl", "--cache", "answers.sqlite")
    assert classify(*command).code == 0
    assert classify(*command).code == 0
    assert paths(place, "results.jsonl") == ALL_PATHS


def test_a_link_stays_a_link_where_lines_are_replaced(place: Place, classify: Program) -> None:
    (place.root / "results.jsonl").symlink_to(place.root / "real.jsonl")
    for _ in range(2):
        classify("run", "inbox", "late.txt", *LOCAL, "--out", "results.jsonl")
    assert (place.root / "results.jsonl").is_symlink()
    assert len(place.read("real.jsonl")) == 7


@pytest.mark.parametrize("target", ["/dev/full", "."])
def test_what_is_no_file_cannot_hold_results(place: Place, classify: Program, target: str) -> None:
    (place.root / "results.jsonl").symlink_to(target)
    ended = classify("run", "inbox", *LOCAL, "--out", "results.jsonl")
    assert ended.code == 2
    assert "no file" in ended.err


def test_a_folder_that_does_not_exist_is_told(place: Place, classify: Program) -> None:
    ended = classify("run", "inbox", *LOCAL, "--out", "nowhere/results.jsonl")
    assert ended.code == 2
    assert "No such file or directory" in ended.err
    assert "that its folder exists" in ended.err


def test_a_full_disk_ends_the_run_with_its_reason_and_the_next_run_goes_on(place: Place) -> None:
    for number in range(40):
        place.write(f"inbox/{number}.txt", f"{INVOICE} {number}")
    command = shlex.join([*PROGRAM, "inbox", *LOCAL, "--out", "results.jsonl"])
    limited = subprocess.run(
        ["bash", "-c", f"ulimit -f 4; exec {command}"], cwd=place.root, capture_output=True, text=True, check=False
    )
    assert limited.returncode == 1
    assert "File too large" in limited.stderr
    assert "Traceback" not in limited.stderr
    code, _, _ = place.run("inbox", *LOCAL, "--out", "results.jsonl")
    assert code == 0
    assert paths(place, "results.jsonl") == sorted(f"inbox/{number}.txt" for number in range(40))


def test_a_name_that_is_no_utf_8_is_told_and_found_again(place: Place, classify: Program) -> None:
    odd = bytes(place.root / "inbox") + b"/caf\xe9.txt"
    try:
        with open(odd, "wb") as file:  # noqa: PTH123 - pathlib takes no bytes
            file.write(RECIPE.encode())
    except OSError:
        pytest.skip("this file system knows names in UTF-8 only")
    for name in FORMATS:
        assert classify("run", "inbox", *LOCAL, "--out", name).code == 0
        assert "inbox/caf\\udce9.txt" in paths(place, name)
        assert classify("run", "inbox", *LOCAL, "--out", name, "--summary").only["done_before"] == 7


NASTY = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r\n",
    "'",
    "'=1",
    "''=1",
    'a "b", c',
    "a\nb",
    "ä\u2028ö",
    "a,b",
    " x ",
]


@pytest.mark.parametrize("form", [JsonLines(), Csv()], ids=["jsonl", "csv"])
@pytest.mark.parametrize("text", NASTY)
def test_each_text_comes_back_as_it_was(form: RecordFormat, text: str) -> None:
    record = ResultRecord(
        path=text, type="t", confidence=0.5, reasoning=text, status=Status.COMPLETED, backend="b", rules_id="r"
    )
    assert form.decode(form.encode(record)) == record


@pytest.mark.parametrize("text", NASTY[:5])
def test_no_cell_of_a_table_is_a_formula(place: Place, text: str) -> None:
    code, *_ = place.run("-", "--name", text, *LOCAL, "--out", "results.csv", given=INVOICE.encode())
    assert code == 0
    [cells] = records(place, "results.csv")
    assert cells["path"] == f"'{text}"


def test_a_table_can_be_read_by_its_columns(place: Place, classify: Program) -> None:
    classify("run", "inbox", "missing.txt", *LOCAL, "--out", "results.csv")
    rows = records(place, "results.csv")
    assert list(rows[0]) == list(COLUMNS)
    failed = next(row for row in rows if row["status"] == "failed")
    assert (failed["type"], failed["confidence"], failed["error_code"]) == ("", "", "UnreadableDocumentError")
    assert float(next(row for row in rows if row["type"])["confidence"]) > 0.5


def test_lines_come_in_the_order_in_which_documents_are_done(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    service.outcome_for("0.txt", seconds_until_done=0.6)
    classify("run", "inbox", "--rules", "rules.yaml", "--backend", "hosted", "--out", "results.jsonl")
    lines = place.read("results.jsonl")
    assert len(lines) == 6
    assert lines[-1]["path"] == "inbox/0.txt"


def test_equal_documents_share_a_job_and_its_price_counts_once(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    place.write("twins/a.txt", "invoice")
    place.write("twins/b.txt", "invoice")
    ended = classify("run", "twins", *HOSTED, "--usage", "--out", "r.jsonl", "--summary")
    first, second = place.read("r.jsonl")
    assert first["job_id"] == second["job_id"]
    assert ended.only["credits"] == first["credits"] == second["credits"]


def test_a_line_is_in_the_file_before_the_next_document_is_done(place: Place) -> None:
    """Read while the run goes on: each line is whole JSON."""
    for number in range(200):
        place.write(f"many/{number:03}.txt", f"{INVOICE} {number} " + "word " * 2000)
    out = place.root / "results.jsonl"
    with place.start("many", *LOCAL, "--max-concurrency", "1", "--out", "results.jsonl") as process:
        wait_until(lambda: count_of_lines(out) >= 3)
        seen = out.read_bytes()
        running = process.poll() is None
        process.communicate(timeout=60)
    assert running
    assert all(json.loads(line)["status"] == "completed" for line in seen[: seen.rindex(b"\n")].split(b"\n"))
