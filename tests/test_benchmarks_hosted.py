"""What `benchmarks/hosted.py` measures and tells, of us and, where its environment was made, of the official SDK."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import hosted
from benchmarks.paired.case import Case, Column, Measured, Settings
from benchmarks.paired.cases_limits import PUBLISHED_LIMITS
from benchmarks.paired.clients import Client, ClientFailedError, SdkUse, official_client, our_client
from benchmarks.paired.documents import documents
from benchmarks.paired.possible import possible_time
from benchmarks.paired.processor_time import pinned, processor_seconds
from benchmarks.paired.report import CaseReport, Round, table
from classify_core.limits import PLANS, RateLimits
from tests.waiting import wait_until

NOWHERE = Path("nowhere") / "bin" / "python"
ROOT = Path(__file__).parents[1]
PROC = Path("/proc")
SDK = ROOT / ".venv-peer-sdk" / "bin" / "python"
UNLIMITED = RateLimits(creates_per_second=None, uploads_per_5_seconds=None)


def test_without_limits_the_longest_job_is_the_possible_time() -> None:
    possible = possible_time([1.0, 3.0, 2.0], UNLIMITED)
    assert (possible.requests, possible.uploaded, possible.created, possible.known) == (7, 0.0, 0.0, 3.0)


def test_jobs_wait_for_a_place_in_the_order_of_their_creation() -> None:
    assert possible_time([2.0, 1.0, 1.0, 4.0], UNLIMITED, concurrent_jobs=2).known == 6.0


def test_uploads_and_creations_wait_for_their_windows() -> None:
    possible = possible_time([2.0] * 200, RateLimits(), concurrent_jobs=50)
    assert possible.uploaded == 15.0
    assert possible.created == 16.0  # of the last 50, 40 at once and 10 a second later
    assert possible.known == 18.0


def test_a_minute_of_the_free_tier_holds_uploads_creations_and_the_look_together() -> None:
    possible = possible_time([2.0] * 20, PLANS["free"])
    assert possible.created == 60.0  # ten documents in each of the first two minutes
    assert possible.ended == 64.0  # five at once
    assert possible.known == 120.0  # the look is the 41st request


def test_a_creation_goes_before_an_upload() -> None:
    limits = RateLimits(requests_per_minute=2)
    assert possible_time([1.0, 1.0], limits).ended == 61.0


def test_documents_are_distinct_and_the_same_for_the_same_seed() -> None:
    made = list(documents(50, seed=3))
    assert made == list(documents(50, seed=3))
    assert len({document.text for document in made} | {next(documents(1, seed=4)).text}) == 51
    assert all(1_500 < len(document.text) < 2_500 for document in made)


@pytest.mark.skipif(processor_seconds(os.getpid()) is None, reason="the system tells nothing of other processes")
def test_processor_time_counts_children_that_run_and_those_that_have_ended() -> None:
    before = processor_seconds(os.getpid())
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", busy], check=True)
    ended = processor_seconds(os.getpid())
    assert ended - before >= 0.25  # the system counts in ticks
    with subprocess.Popen([sys.executable, "-c", f"{busy}\nprint(flush=True)\ninput()"], stdin=-1, stdout=-1) as child:
        child.stdout.readline()
        assert processor_seconds(os.getpid()) - ended >= 0.25
        child.communicate(b"\n")


def test_what_is_begun_while_pinned_keeps_to_the_cores() -> None:
    with pinned(1) as is_pinned:
        command = (
            [sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"] if is_pinned else ["echo", "1"]
        )
        assert subprocess.run(command, check=True, capture_output=True).stdout.strip() == b"1"


def _report(columns: tuple[Column, ...], *, sdk: list[dict[str, float]], ours: list[dict[str, float]]) -> CaseReport:
    case = Case(1, "title", "target", columns, lambda *_: Measured({}))
    official = official_client(SDK, SdkUse())
    rounds = [Round(official, Measured(figures)) for figures in sdk]
    return CaseReport(case, [*rounds, *(Round(our_client(), Measured(figures)) for figures in ours)])


def test_rounds_that_differ_are_told_as_a_range_and_the_worst_of_ours_decides() -> None:
    columns = (Column("requests", 2, at_most=2.05), Column("refusals", at_most=0))
    sdk = [{"requests": 4.1, "refusals": 0}, {"requests": 5.5, "refusals": 1281}]
    good, bad = {"requests": 2.05, "refusals": 0}, {"requests": 2.04, "refusals": 1}
    assert _report(columns, sdk=sdk, ours=[good]).row() == (
        "title",
        "4.10..5.50 / 0..1,281",
        "2.05 / 0",
        "target",
        "yes",
    )
    assert _report(columns, sdk=sdk, ours=[good, bad]).row()[2:] == ("2.04..2.05 / 0..1", "target", "no")
    assert _report(columns, sdk=sdk, ours=[good | {"requests": 2.0501}]).row()[2:] == ("2.05 / 0", "target", "no")


def test_a_ratio_is_held_against_the_best_of_the_sdk() -> None:
    columns = (Column("rate", at_least_of_sdk=2.0), Column("client", at_most_of_sdk=0.5), Column("server"))
    sdk = [{"rate": 30, "client": 6}, {"rate": 40, "client": 8}]
    assert _report(columns, sdk=sdk, ours=[{"rate": 80, "client": 3, "server": 9}]).row()[-1] == "yes"
    assert _report(columns, sdk=sdk, ours=[{"rate": 79, "client": 3}]).row()[-1] == "no"
    assert _report(columns, sdk=sdk, ours=[{"rate": 80, "client": 3.1}]).row()[-1] == "no"
    assert _report(columns, sdk=[], ours=[{"rate": 80, "client": 3}]).row()[1:] == (
        "- / - / -",
        "80 / 3 / -",
        "target",
        "-",
    )


def test_who_lost_documents_is_told_and_does_not_shine() -> None:
    columns = (Column("seconds", 1, at_most=1),)
    sdk, ours = [{"seconds": 0.1, "lost": 7}, {"seconds": 2.0, "lost": 0}], [{"seconds": 0.5, "lost": 1}]
    _, official, own, _, met = _report(columns, sdk=sdk, ours=ours).row()
    assert official == "2.0; 7 documents lost: official SDK, async, 50 at once"
    assert (own, met) == ("0.5; 1 documents lost: ours", "no")


def test_the_table_is_one_of_markdown() -> None:
    lines = table([_report((Column("jobs"),), sdk=[{"jobs": 9}], ours=[{"jobs": 1}])]).splitlines()
    assert lines[1] == "| --- | --- | --- | --- | --- |"
    assert lines[2] == "| title | 9 | 1 | target | - |"


def _measured(cases: str, folder: Path, *further: str, sdk: Path = NOWHERE) -> list[dict]:
    """What a quick run told of some cases; it must end well."""
    path = folder / "figures.json"
    with pytest.raises(SystemExit) as ending:
        hosted.main(["--quick", "--cases", cases, "--sdk", str(sdk), "--json", str(path), *further])
    assert ending.value.code == 0
    return json.loads(path.read_text())["cases"]


def test_without_the_sdk_ours_is_measured_and_the_way_to_the_sdk_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [case, speed] = _measured("3,4", tmp_path)
    printed = capsys.readouterr().out
    assert "make .venv-peer-sdk/.ready" in printed
    assert [each["client"] for each in case["rounds"]] == ["ours"]
    assert case["rounds"][0]["figures"]["seconds"] > 0
    assert case["rounds"][0]["figures"]["lost"] == speed["rounds"][0]["figures"]["lost"] == 0
    assert speed["rounds"][0]["figures"]["client"] > 0
    assert "| 1 document, job ready at once" in printed


def test_faults_and_kills_are_survived_without_a_second_job(tmp_path: Path) -> None:
    faults, kills = (case["rounds"][0]["figures"] for case in _measured("5,6", tmp_path))
    assert (faults["lost"], faults["duplicates"]) == (0, 0)
    assert faults["requests"] > 2  # some were in vain
    assert (kills["extra_without"], kills["extra_with"], kills["lost"]) == (0, 0, 0)


def test_all_chunks_of_a_pdf_are_labelled_by_one_job(tmp_path: Path) -> None:
    [case] = _measured("7", tmp_path)
    assert case["rounds"][0]["figures"] == {"jobs": 1, "lost": 0}


def test_the_possible_time_of_the_published_limits_is_explained(tmp_path: Path) -> None:
    [limits, possible] = PUBLISHED_LIMITS.explain(Settings(seed=7, is_quick=False, folder=tmp_path))
    assert "50 uploads in 5 s, 40 creations a second, 50 jobs at once; durations: median and sigma 2,0.35" in limits
    assert "401 requests; the last upload at 15.00 s, the last creation at 16.00 s" in possible


@pytest.mark.skipif(not SDK.exists(), reason="make .venv-peer-sdk/.ready makes the official SDK's environment")
def test_the_official_sdk_is_measured_beside_ours(tmp_path: Path) -> None:
    [case] = _measured("3", tmp_path, sdk=SDK)
    assert [each["client"] for each in case["rounds"]] == ["official SDK, async, 1 at once", "ours"]
    assert all(each["figures"]["lost"] == 0 for each in case["rounds"])


@pytest.mark.parametrize("wrong", [["--cases", "9"], ["--cases", "all"], ["--repeat", "0"]])
def test_what_cannot_be_measured_is_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        hosted.main(wrong)
    assert ending.value.code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_interrupted_it_leaves_neither_processes_nor_files(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "hosted.py"), "--cases", "8", "--sdk", str(NOWHERE)]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        wait_until(lambda: any(log.stat().st_size > 20_000 for log in tmp_path.glob("*/log.jsonl")))  # some are done
        begun = _children(running.pid)
        assert len(begun) >= 2 or not PROC.exists()  # a server and a client
        running.send_signal(signal.SIGTERM)  # which it takes as Ctrl-C
        running.communicate(timeout=30)
    assert running.returncode != 0
    assert not list(tmp_path.iterdir())
    wait_until(lambda: not any((PROC / pid).exists() for pid in begun))


def _children(pid: int) -> list[str]:
    tasks = PROC / str(pid) / "task" / str(pid) / "children"
    return tasks.read_text().split() if tasks.exists() else []


def test_what_a_client_says_when_it_fails_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\ncat > /dev/null\necho no such module >&2\nexit 3\n")
    broken.chmod(0o755)
    client = official_client(broken, SdkUse())
    assignment = Settings(seed=7, is_quick=True, folder=tmp_path).assignment(client, "many", 1)
    with pytest.raises(ClientFailedError, match=r"official SDK, async, 50 at once ended with 3:\nno such module"):
        client.run(assignment)


def test_where_one_client_fails_the_others_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(_: Settings, client: Client) -> Measured:
        if not client.is_ours:
            raise ClientFailedError("it is broken")
        return Measured({"jobs": 1})

    monkeypatch.setattr(hosted, "CASES", (Case(1, "title", "target", (Column("jobs", at_most=1),), measure),))
    with pytest.raises(SystemExit) as ending:
        hosted.main(["--cases", "1", "--sdk", sys.executable])
    assert ending.value.code == 1
    printed = capsys.readouterr().out
    assert "FAILED it is broken" in printed
    assert "| title | - | 1 | target | yes |" in printed
