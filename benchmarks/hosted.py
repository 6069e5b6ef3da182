"""Measures us and the official SDK in turn against `classify serve`, and prints both beside what we want to reach.

    python benchmarks/hosted.py [--cases 1,2,...] [--sdk PYTHON] [--repeat N] [--quick] [--json FILE]

The official SDK, llama-cloud, is used unchanged from an environment of its own, which `make .venv-peer-sdk/.ready`
makes; without it only our client is measured. Each client and each server is a process of its own, each server begins
with an empty folder, and both clients get the same documents, rules, durations and faults. Requests and refusals are
counted by the server's log, the clients' times and processor times begin when their programs are loaded. The clients
take turns, in every second round from the last to the first. It ends with 1 where a client failed; a target that is
not met is told in the table alone. Interrupted, it ends what it began and removes what it wrote.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.paired.case import Case, Settings
from benchmarks.paired.cases_limits import FREE_TIER, PUBLISHED_LIMITS
from benchmarks.paired.cases_mishaps import FAULTY_SERVICE, KILLED_CLIENT
from benchmarks.paired.cases_speed import MANY_DOCUMENTS, ONE_DOCUMENT
from benchmarks.paired.cases_volume import MEMORY, ONE_PDF
from benchmarks.paired.clients import Client, ClientFailedError, official_client, official_version, our_client
from benchmarks.paired.report import CaseReport, Round, machine, table
from benchmarks.paired.served import ROOT

CASES = (
    PUBLISHED_LIMITS,
    FREE_TIER,
    ONE_DOCUMENT,
    MANY_DOCUMENTS,
    FAULTY_SERVICE,
    KILLED_CLIENT,
    ONE_PDF,
    MEMORY,
)
_PEER_SDK = ROOT / ".venv-peer-sdk"


def main(arguments: list[str] | None = None) -> None:
    """Measures the chosen cases and prints the table."""
    options = _options(arguments)
    chosen = [case for case in CASES if case.number in options.cases]
    where = machine()
    if options.sdk.exists():
        where["official SDK"] = official_version(options.sdk)
    print(", ".join(f"{name}: {value}" for name, value in where.items()))
    if not options.sdk.exists():
        print(f"no official SDK at {options.sdk}; make its environment with: make {_PEER_SDK.name}/.ready")
    with TemporaryDirectory(prefix="classify-benchmark-") as folder:
        settings = Settings(seed=options.seed, is_quick=options.quick, folder=Path(folder))
        reports = [_report(case, settings, options) for case in chosen]
    print(f"\n{table(reports)}")
    if options.quick:
        print("\nWith --quick: of the documents that the cases name there were only a few.")
    if options.json is not None:
        written = {"machine": where, "quick": options.quick, "cases": [report.as_json() for report in reports]}
        options.json.write_text(f"{json.dumps(written, indent=1)}\n", encoding="utf-8")
    sys.exit(1 if any(report.failures for report in reports) else 0)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = ",".join(str(case.number) for case in CASES)
    parser.add_argument("--cases", type=_numbers, default=every, help="which, by their numbers; by default all")
    parser.add_argument(
        "--sdk", type=Path, default=_PEER_SDK / "bin" / "python", help="the Python that has llama-cloud"
    )
    parser.add_argument("--repeat", type=int, default=1, help="rounds of each case, one client after the other")
    parser.add_argument("--seed", type=int, default=7, help="of documents, durations and faults")
    parser.add_argument("--quick", action="store_true", help="few documents, to see that it works; proves nothing")
    parser.add_argument("--json", type=Path, help="a file for everything that was measured")
    options = parser.parse_args(arguments)
    if options.repeat < 1:
        parser.error("--repeat is at least 1")
    return options


def _numbers(text: str) -> set[int]:
    try:
        numbers = {int(part) for part in text.split(",")}
    except ValueError:
        numbers = {0}
    known = {case.number for case in CASES}
    if not numbers <= known:
        raise argparse.ArgumentTypeError(f"cases are numbers of {min(known)} to {max(known)}, such as 1,3")
    return numbers


def _report(case: Case, settings: Settings, options: argparse.Namespace) -> CaseReport:
    """Measures a case, the clients in turn, and tells how it goes."""
    report = CaseReport(case, explanation=case.explain(settings))
    print(f"\n{case.number}. {case.title}")
    for line in report.explanation:
        print(f"   {line}")
    clients = _clients(case, options.sdk)
    for number in range(options.repeat):
        # Whoever is always the last would find the system's caches warm.
        for client in clients if number % 2 == 0 else reversed(clients):
            try:
                report.rounds.append(_round(case, settings, client))
            except ClientFailedError as error:
                report.failures.append(str(error))
                print(f"   FAILED {error}", flush=True)
    for ratio in report.ratios():
        print(f"   {ratio}")
    return report


def _round(case: Case, settings: Settings, client: Client) -> Round:
    measured = case.measure(settings, client)
    for note in measured.notes:
        print(f"   {client.name}: {note}", flush=True)
    return Round(client, measured)


def _clients(case: Case, sdk: Path) -> Sequence[Client]:
    """Those that a case is for, where they are there."""
    official = [official_client(sdk, use) for use in case.sdk_uses]
    return (*(official if sdk.exists() else ()), our_client())


if __name__ == "__main__":
    # As Ctrl-C, so that no server and no client outlives it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
