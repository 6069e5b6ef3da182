"""Jobs: created in every way, followed, cancelled, deleted."""

from __future__ import annotations

from tests.peers.checks import holds, same
from tests.peers.face import Json, PeerV2
from tests.peers.material import (
    CONFIGURATION,
    CONTRACT_DOCX,
    CONTRACT_PAGES,
    CONTRACT_PDF,
    INVOICE_PDF,
    RECIPE_ONLY,
    RULES,
    invoice,
    recipe,
)
from tests.peers.scenario import Scenarios

scenario = Scenarios()


def _completed(peer: PeerV2, **body: object) -> Json:
    created = peer.create(**body)
    return peer.wait(created["id"])


def _pages_parsed(peer: PeerV2, parsing_configuration: Json) -> Json:
    """The completed job of a document with several pages, with its usage."""
    file_id = peer.upload(CONTRACT_PDF.name, CONTRACT_PDF.read_bytes())["id"]
    configuration = {**CONFIGURATION, "parsing_configuration": parsing_configuration}
    job = _completed(peer, file_input=file_id, configuration=configuration)
    return peer.get(job["id"], expand=["usage"])


@scenario()
def documents_of_each_format_are_classified(peer: PeerV2) -> None:
    documents = [
        ("note.txt", recipe(), "recipe"),
        (INVOICE_PDF.name, INVOICE_PDF.read_bytes(), "invoice"),
        (CONTRACT_DOCX.name, CONTRACT_DOCX.read_bytes(), "contract"),
    ]
    for name, content, expected in documents:
        job = _completed(peer, file_input=peer.upload(name, content)["id"], configuration=CONFIGURATION)
        same(job["result"]["type"], expected, f"the type of {name}")
        holds(0.0 <= job["result"]["confidence"] <= 1.0, "a confidence is between 0 and 1")
        holds(job["result"]["reasoning"], "a result has its reasoning")


@scenario()
def a_job_tells_what_it_was_created_with(peer: PeerV2) -> None:
    file_id = peer.upload_text(invoice())
    created = peer.create(file_input=file_id, configuration=CONFIGURATION, transaction_id="told")
    holds(created["status"] in {"PENDING", "RUNNING", "COMPLETED"}, f"a new job is {created['status']}")
    ended = peer.wait(created["id"])
    for job in (created, ended):
        same(job["document_input_type"], "file_id", "the kind of input")
        same(job["file_input"], file_id, "the input")
        same(job["configuration"]["rules"], RULES, "the rules")
        same(job["configuration"]["mode"], "FAST", "the mode")
        same(job["configuration_id"], None, "the saved configuration's ID, where none was used")
        same(job["transaction_id"], "told", "the transaction ID")
        same(job["error_message"], None, "the error of a job that did not fail")
        same(job["usage"], None, "the usage, where it was not asked for")
    for part in ("id", "project_id", "user_id", "created_at"):
        same(ended[part], created[part], f"{part} of the job when it has ended")
    holds(ended["updated_at"] >= created["updated_at"], "a job's updated_at does not go back")
    holds(ended["parse_job_id"].startswith("pjb-"), "a completed file job carries a parse job")


@scenario()
def no_rule_may_match(peer: PeerV2) -> None:
    job = _completed(peer, file_input=peer.upload_text(b"Grey was the ferry, and slow."), configuration=RECIPE_ONLY)
    same(job["status"], "COMPLETED", "the status where no rule matches")
    same(job["result"]["type"], None, "the type where no rule matches")


@scenario()
def a_saved_configuration_is_used_by_its_id(peer: PeerV2) -> None:
    saved = peer.create_configuration("office", CONFIGURATION)
    job = _completed(peer, file_input=peer.upload_text(recipe()), configuration_id=saved["id"])
    same(job["configuration_id"], saved["id"], "the saved configuration's ID")
    same(job["configuration"]["rules"], RULES, "the saved rules")
    same(job["result"]["type"], "recipe", "the type")


@scenario()
def a_parse_job_is_classified_again_for_nothing(peer: PeerV2) -> None:
    first = _completed(peer, file_input=peer.upload_text(recipe()), configuration=CONFIGURATION)
    again = _completed(peer, file_input=first["parse_job_id"], configuration=CONFIGURATION)
    same(again["document_input_type"], "parse_job_id", "the kind of input")
    same(again["file_input"], first["parse_job_id"], "the input")
    same(again["result"], first["result"], "the result of the same text")
    usage = peer.get(again["id"], expand=["usage"])["usage"]
    same(usage, {"credits": 0, "parse_credits": None}, "the usage of a job on a parse job")


@scenario(official_only=True)
def the_deprecated_spellings_of_the_input_are_accepted(peer: PeerV2) -> None:
    file_id = peer.upload_text(recipe())
    first = _completed(peer, file_id=file_id, configuration=CONFIGURATION)
    same(first["file_input"], file_id, "the input that was given as file_id")
    again = _completed(peer, parse_job_id=first["parse_job_id"], configuration=CONFIGURATION)
    same(again["file_input"], first["parse_job_id"], "the input that was given as parse_job_id")
    same(again["document_input_type"], "parse_job_id", "the kind of input")


@scenario()
def a_transaction_id_makes_one_job(peer: PeerV2) -> None:
    file_id = peer.upload_text(invoice())
    first = peer.create(file_input=file_id, configuration=CONFIGURATION, transaction_id="once")
    again = peer.create(file_input=file_id, configuration=RECIPE_ONLY, transaction_id="once")
    other = peer.create(file_input=file_id, configuration=CONFIGURATION, transaction_id="twice")
    same(again["id"], first["id"], "the job of a repeated transaction ID")
    same(again["configuration"], first["configuration"], "its configuration, since the new body is ignored")
    same({job["id"] for job in peer.list()}, {first["id"], other["id"]}, "the jobs that were made")


@scenario()
def target_pages_limit_what_is_read(peer: PeerV2) -> None:
    job = _pages_parsed(peer, {"lang": "en", "target_pages": "1,3"})
    expected = {"lang": "en", "max_pages": None, "target_pages": "1,3"}
    same(job["configuration"]["parsing_configuration"], expected, "the parsing configuration")
    same(job["usage"], {"credits": 2, "parse_credits": 2}, "the usage of two of three pages")


@scenario()
def max_pages_limits_what_is_read(peer: PeerV2) -> None:
    job = _pages_parsed(peer, {"max_pages": 1})
    same(job["configuration"]["parsing_configuration"]["max_pages"], 1, "max_pages")
    same(job["usage"], {"credits": 1, "parse_credits": 1}, "the usage of one page")


@scenario()
def every_page_costs_and_the_same_content_is_free(peer: PeerV2) -> None:
    first, again = _pages_parsed(peer, {}), _pages_parsed(peer, {})
    same(first["usage"], {"credits": CONTRACT_PAGES, "parse_credits": CONTRACT_PAGES}, "the usage of every page")
    same(again["usage"], {"credits": 0, "parse_credits": 0}, "the usage of content that was read before")


@scenario(server="slow")
def a_running_job_is_cancelled(peer: PeerV2) -> None:
    job_id = peer.create(file_input=peer.upload_text(invoice()), configuration=CONFIGURATION)["id"]
    same(peer.cancel(job_id)["status"], "CANCELLED", "the status that cancelling answers")
    same(peer.get(job_id)["status"], "CANCELLED", "the status of the job")
    same([job["id"] for job in peer.list(status="CANCELLED")], [job_id], "the cancelled jobs")
    peer.refused("in the wrong state", peer.cancel, job_id)


@scenario(server="slow")
def more_jobs_than_may_run_wait_as_pending(peer: PeerV2) -> None:
    file_id = peer.upload_text(invoice())
    first, second = (peer.create(file_input=file_id, configuration=CONFIGURATION)["id"] for _ in range(2))
    _until_running(peer, first)
    same(peer.get(second)["status"], "PENDING", "the status of the job that waits")
    same(peer.cancel(second)["status"], "CANCELLED", "the status of the waiting job when it is cancelled")
    same(peer.get(first)["status"], "RUNNING", "the status of the other job")


@scenario(server="slow")
def a_running_job_is_not_deleted(peer: PeerV2) -> None:
    job_id = peer.create(file_input=peer.upload_text(invoice()), configuration=CONFIGURATION)["id"]
    peer.refused("in the wrong state", peer.delete, job_id)
    peer.cancel(job_id)
    same(peer.delete(job_id)["id"], job_id, "the ID of the deleted job")


@scenario()
def a_finished_job_is_not_cancelled_but_deleted(peer: PeerV2) -> None:
    job = _completed(peer, file_input=peer.upload_text(invoice()), configuration=CONFIGURATION)
    peer.refused("in the wrong state", peer.cancel, job["id"])
    same(peer.get(job["id"])["status"], "COMPLETED", "the status after it was not cancelled")
    deleted = peer.delete(job["id"])
    same(deleted, {"id": job["id"], "project_id": job["project_id"]}, "what deleting answers")
    peer.refused("unknown", peer.get, job["id"])
    same(list(peer.list()), [], "the jobs that are left")


@scenario(official_only=True)
def a_raw_answer_is_json_with_its_headers(peer: PeerV2) -> None:
    job = _completed(peer, file_input=peer.upload_text(invoice()), configuration=CONFIGURATION)
    raw = peer.raw_get(job["id"])
    same(raw["status"], 200, "the status of the raw answer")
    holds(raw["headers"]["content-type"].startswith("application/json"), "the raw answer is JSON")
    same(raw["parsed"], job, "the job that is parsed from the raw answer")


def _until_running(peer: PeerV2, job_id: str) -> None:
    status = "PENDING"
    # Bounded by looks, not by the clock: a server that never begins the job ends this scenario.
    for _ in range(2000):
        status = peer.get(job_id)["status"]
        if status != "PENDING":
            break
    same(status, "RUNNING", "the status of a job that was begun")
