"""The deprecated high-level client: files in any shape, uploaded, classified and told with their files."""

from __future__ import annotations

from tests.peers.checks import holds, same
from tests.peers.face import Json, ServicesPeer
from tests.peers.material import BROKEN_PDF, CONTRACT_DOCX, CONTRACT_PDF, INVOICE_PDF, invoice, recipe
from tests.peers.scenario import Scenarios

scenario = Scenarios()


def _types(results: Json) -> dict[str, str | None]:
    """The type of each file by its name; None where there is no result."""
    return {item["file"]["name"]: (item.get("result") or {}).get("type") for item in results["items"]}


@scenario()
def files_are_classified_from_their_paths(peer: ServicesPeer) -> None:
    results = peer.classify([str(INVOICE_PDF), CONTRACT_PDF, CONTRACT_DOCX])
    expected = {INVOICE_PDF.name: "invoice", CONTRACT_PDF.name: "contract", CONTRACT_DOCX.name: "contract"}
    same(_types(results), expected, "the types by file")
    holds(all(item["file"]["id"] == item["file_id"] for item in results["items"]), "each result has its own file")


@scenario()
def one_file_needs_no_list(peer: ServicesPeer) -> None:
    same(_types(peer.classify(INVOICE_PDF)), {INVOICE_PDF.name: "invoice"}, "the type of one file")


@scenario()
def texts_bytes_and_open_files_are_classified(peer: ServicesPeer) -> None:
    uploaded = peer.upload_bytes(recipe(), "uploaded.txt")
    with INVOICE_PDF.open("rb") as opened:
        results = peer.classify(
            [
                peer.source(text_content=invoice().decode(), filename="text.txt"),
                peer.source(file=recipe(), filename="bytes.txt"),
                peer.source(file=CONTRACT_PDF),
                peer.source(file_id=uploaded["id"]),
                opened,
            ]
        )
    expected = {"text.txt": "invoice", "bytes.txt": "recipe", "uploaded.txt": "recipe"}
    same(_types(results), {**expected, CONTRACT_PDF.name: "contract", INVOICE_PDF.name: "invoice"}, "the types by file")


@scenario()
def uploaded_files_are_classified_by_their_ids(peer: ServicesPeer) -> None:
    ids = [peer.upload_bytes(content, "note.txt")["id"] for content in (invoice(), recipe())]
    results = peer.classify_ids(ids)
    found = {item["file_id"]: item["result"]["type"] for item in results["items"]}
    same(found, dict(zip(ids, ("invoice", "recipe"), strict=True)), "the types by file ID")


@scenario()
def a_parsing_configuration_is_taken(peer: ServicesPeer) -> None:
    results = peer.classify(CONTRACT_PDF, parsing={"lang": "en", "max_pages": 1, "target_pages": [0]})
    same(_types(results), {CONTRACT_PDF.name: "contract"}, "the type by the first page")


@scenario()
def a_partial_success_is_no_error(peer: ServicesPeer) -> None:
    good = peer.source(file=invoice(), filename="good.txt")
    broken = peer.source(file=BROKEN_PDF, filename="broken.pdf")
    for raise_on_error in (True, False):
        results = peer.classify([good, broken], raise_on_error=raise_on_error)
        same(_types(results), {"good.txt": "invoice", "broken.pdf": None}, "the types of a good and a broken file")


@scenario()
def a_job_without_any_success_is_an_error_on_request(peer: ServicesPeer) -> None:
    broken = peer.source(file=BROKEN_PDF, filename="broken.pdf")
    peer.refused("failed", peer.classify, [broken])
    same(_types(peer.classify([broken], raise_on_error=False)), {"broken.pdf": None}, "the types where it may fail")


@scenario()
def a_file_is_kept_as_it_was_sent(peer: ServicesPeer) -> None:
    content = INVOICE_PDF.read_bytes()
    uploaded = peer.upload_bytes(content, "bill.pdf")
    same(uploaded["name"], "bill.pdf", "the uploaded file's name")
    same(uploaded["external_file_id"], "bill.pdf", "the client's own ID of the file")
    same(peer.get_file(uploaded["id"])["id"], uploaded["id"], "the file that is got again")
    same(peer.read_file(uploaded["id"]), content, "the content of the file")


@scenario()
def a_job_is_created_and_waited_for_by_hand(peer: ServicesPeer) -> None:
    created = peer.create([peer.upload_bytes(invoice(), "note.txt")["id"]])
    same(peer.wait(created["id"])["status"], "SUCCESS", "the status of the job that was waited for")


@scenario()
def the_older_names_still_work(peer: ServicesPeer) -> None:
    same(_types(peer.classify_path(INVOICE_PDF)), {INVOICE_PDF.name: "invoice"}, "the type of one path")
    expected = {INVOICE_PDF.name: "invoice", CONTRACT_PDF.name: "contract"}
    same(_types(peer.classify_paths([INVOICE_PDF, CONTRACT_PDF])), expected, "the types of several paths")
