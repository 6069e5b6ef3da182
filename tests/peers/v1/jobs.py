"""Jobs of the deprecated API: many documents each, some of which may fail alone."""

from __future__ import annotations

from tests.peers.checks import holds, same
from tests.peers.face import Json, PeerV1
from tests.peers.material import BROKEN_PDF, CONTRACT_PDF, INVOICE_PDF, RULES, invoice, recipe
from tests.peers.scenario import Scenarios

scenario = Scenarios()


def _ended(peer: PeerV1, documents: dict[str, bytes]) -> tuple[Json, dict[str, Json]]:
    """The ended job of some documents, and what was found for each by its name."""
    names = {peer.upload(name, content)["id"]: name for name, content in documents.items()}
    job = peer.wait(peer.create(file_ids=list(names), rules=RULES)["id"])
    items = peer.results(job["id"])
    same(sorted(item["file_id"] for item in items), sorted(names), "the files that have results, one each")
    return job, {names[item["file_id"]]: item for item in items}


@scenario()
def many_documents_are_classified_in_one_job(peer: PeerV1) -> None:
    documents = {"bill.pdf": INVOICE_PDF.read_bytes(), "cake.txt": recipe(), "work.pdf": CONTRACT_PDF.read_bytes()}
    job, found = _ended(peer, documents)
    same(job["status"], "SUCCESS", "the status of the job")
    types = {name: item["result"]["type"] for name, item in found.items()}
    same(types, {"bill.pdf": "invoice", "cake.txt": "recipe", "work.pdf": "contract"}, "the types by document")
    same({item["classify_job_id"] for item in found.values()}, {job["id"]}, "the job that the results name")
    holds(all(item["result"]["reasoning"] for item in found.values()), "each result has its reasoning")


@scenario()
def a_job_tells_what_it_was_created_with_in_v1(peer: PeerV1) -> None:
    file_id = peer.upload("note.txt", invoice())["id"]
    parsing = {"lang": "en", "max_pages": 2, "target_pages": [0, 1]}
    created = peer.create(file_ids=[file_id], rules=RULES, mode="FAST", parsing_configuration=parsing)
    got = peer.get(created["id"])
    for job in (created, got):
        same(job["rules"], RULES, "the rules")
        same(job["mode"], "FAST", "the mode")
        told = {part: job["parsing_configuration"][part] for part in parsing}
        same(told, parsing, "the parsing configuration")
    same(got["project_id"], created["project_id"], "the project")
    holds(got["status"] in {"PENDING", "SUCCESS"}, f"a job that was just made is {got['status']}")


@scenario()
def a_document_that_fails_alone_leaves_the_others(peer: PeerV1) -> None:
    job, found = _ended(peer, {"good.txt": invoice(), "broken.pdf": BROKEN_PDF})
    same(job["status"], "PARTIAL_SUCCESS", "the status of the job")
    same(found["good.txt"]["result"]["type"], "invoice", "the type of the good document")
    same(found["broken.pdf"]["result"], None, "the result of the broken document")


@scenario()
def jobs_are_listed_once_over_pages(peer: PeerV1) -> None:
    file_id = peer.upload("note.txt", invoice())["id"]
    created = sorted(peer.create(file_ids=[file_id], rules=RULES)["id"] for _ in range(5))
    same(sorted(job["id"] for job in peer.list(page_size=2)), created, "the jobs listed")


@scenario()
def a_job_where_every_document_fails_is_an_error(peer: PeerV1) -> None:
    file_id = peer.upload("broken.pdf", BROKEN_PDF)["id"]
    job_id = peer.create(file_ids=[file_id], rules=RULES)["id"]
    same(peer.how_it_ends(job_id), peer.wait_words["failed"], "how the wait ends")
    job = peer.get(job_id)
    same(job["status"], "ERROR", "the status of the job")
    holds(job["error_message"], "a job that ended as an error says why")
    [item] = peer.results(job_id)
    same((item["file_id"], item["result"]), (file_id, None), "the broken document's result")


@scenario()
def what_is_wrong_is_refused_in_v1(peer: PeerV1) -> None:
    file_id = peer.upload("note.txt", invoice())["id"]
    unknown = "11111111-2222-4333-8444-555555555555"
    peer.refused("unknown", peer.get, unknown)
    peer.refused("unknown", lambda: list(peer.results(unknown)))
    peer.refused("rejected", peer.create, file_ids=[unknown], rules=RULES)
    short = [{"type": "invoice", "description": "a bill"}]
    peer.refused("against the rules' limits", peer.create, file_ids=[file_id], rules=short)
    stranger = peer.with_key("llx-a-key-that-nobody-gave-out")
    try:
        stranger.refused("unauthorised", stranger.get, unknown)
    finally:
        stranger.close()
