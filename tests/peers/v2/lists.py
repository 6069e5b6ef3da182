"""Listing jobs: every filter, and pages that stay right while jobs are added."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from tests.peers.checks import holds, same
from tests.peers.face import Json, PeerV2
from tests.peers.material import BROKEN_PDF, CONFIGURATION, invoice
from tests.peers.scenario import Scenarios

JOBS = "/api/v2/classify"

scenario = Scenarios()


def _create(peer: PeerV2, number: int, **body: object) -> Json:
    file_id = peer.upload_text(invoice(number))
    return peer.create(file_input=file_id, **(body or {"configuration": CONFIGURATION}))


def _ids(jobs: object) -> list[str]:
    return [job["id"] for job in jobs]  # type: ignore[attr-defined] - an iterable of jobs, whichever the client has


@scenario()
def pages_hold_each_job_once_while_others_are_added(peer: PeerV2) -> None:
    created = {_create(peer, number)["id"] for number in range(7)}
    listing = iter(peer.list(page_size=2))
    seen = _ids(islice(listing, 3))
    added = {_create(peer, number)["id"] for number in range(7, 10)}
    seen += _ids(listing)
    same(len(seen), len(set(seen)), "the number of jobs listed, each counted once")
    holds(created <= set(seen), "no job is missed")
    holds(set(seen) <= created | added, "no unknown job is listed")


@scenario()
def a_page_holds_no_more_than_was_asked_for(peer: PeerV2) -> None:
    created = [_create(peer, number)["id"] for number in range(5)]
    same(sorted(_ids(peer.list(page_size=2))), sorted(created), "the jobs listed")
    same(peer.count("GET", JOBS), 3, "the number of pages of five jobs, two a page")


@scenario()
def jobs_are_listed_with_their_results_by_status(peer: PeerV2) -> None:
    good = [peer.wait(_create(peer, number)["id"])["id"] for number in range(2)]
    broken = peer.create(file_input=peer.upload("broken.pdf", BROKEN_PDF)["id"], configuration=CONFIGURATION)["id"]
    peer.how_it_ends(broken)
    completed = list(peer.list(status="COMPLETED"))
    same(sorted(_ids(completed)), sorted(good), "the completed jobs")
    same([job["result"]["type"] for job in completed], ["invoice", "invoice"], "the listed results")
    [failed] = peer.list(status="FAILED")
    same(failed["id"], broken, "the failed job")
    holds(failed["error_message"].startswith("PDF_IS_BROKEN"), f"{failed['error_message']!r} names the code")
    same(_ids(peer.list(status="CANCELLED")), [], "the cancelled jobs")


@scenario()
def jobs_are_listed_by_configuration(peer: PeerV2) -> None:
    saved = peer.create_configuration("office", CONFIGURATION)["id"]
    _create(peer, 1)
    own = [_create(peer, number, configuration_id=saved)["id"] for number in range(2, 5)]
    listed = list(peer.list(configuration_id=saved, page_size=2))
    same(sorted(_ids(listed)), sorted(own), "the jobs of a saved configuration")
    same({job["configuration_id"] for job in listed}, {saved}, "the configuration that they tell")


@scenario()
def jobs_are_listed_by_id(peer: PeerV2) -> None:
    created = [_create(peer, number)["id"] for number in range(4)]
    same(sorted(_ids(peer.list(job_ids=created[1:3]))), sorted(created[1:3]), "the jobs by their IDs")
    same(_ids(peer.list(job_ids=[created[0]])), [created[0]], "the job by its ID")


@scenario()
def jobs_are_listed_by_the_time_of_creation(peer: PeerV2) -> None:
    created = [_create(peer, number) for number in range(4)]
    ids = [job["id"] for job in created]
    moments = [datetime.fromisoformat(job["created_at"]) for job in created]
    since = peer.list(created_at_on_or_after=moments[2])
    same(sorted(_ids(since)), sorted(ids[2:]), "the jobs since the third, itself included")
    until = peer.list(created_at_on_or_before=moments[1])
    same(sorted(_ids(until)), sorted(ids[:2]), "the jobs until the second, itself included")
    between = peer.list(created_at_on_or_after=moments[1], created_at_on_or_before=moments[2], page_size=1)
    same(sorted(_ids(between)), sorted(ids[1:3]), "the jobs between, over pages")
    same(_ids(peer.list(created_at_on_or_after=moments[3] + timedelta(days=1))), [], "the jobs of tomorrow")
