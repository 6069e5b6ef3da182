"""Uploaded files: kept, found, fetched, deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.request import urlopen

from tests.peers.checks import holds, same
from tests.peers.face import PeerV2
from tests.peers.material import CONFIGURATION, CONTRACT_DOCX, INVOICE_PDF, invoice
from tests.peers.scenario import Scenarios

FILES = "/api/v1/beta/files"

scenario = Scenarios()


@scenario()
def files_of_each_format_are_kept(peer: PeerV2) -> None:
    documents = {"note.txt": invoice(), "bill.pdf": INVOICE_PDF.read_bytes(), "loan.docx": CONTRACT_DOCX.read_bytes()}
    for name, content in documents.items():
        uploaded = peer.upload(name, content, external_file_id=f"own-{name}")
        holds(uploaded["id"].startswith("dfl-"), f"{uploaded['id']} begins with dfl-")
        same(uploaded["name"], name, "the uploaded file's name")
        same(uploaded["external_file_id"], f"own-{name}", "the client's own ID of a file")
        same(uploaded["purpose"], "classify", "the file's purpose")
        same(uploaded["file_type"], name.rpartition(".")[2], "the file's type")
        same(peer.get_file(uploaded["id"]), uploaded, "the file that is got again")


@scenario()
def a_file_lives_for_48_hours(peer: PeerV2) -> None:
    uploaded = peer.upload("note.txt", invoice())
    left = datetime.fromisoformat(uploaded["expires_at"]) - datetime.now(UTC)
    holds(timedelta(hours=47) < left <= timedelta(hours=48), f"the file expires in about 48 hours, not in {left}")


@scenario()
def files_are_found_by_each_filter(peer: PeerV2) -> None:
    beta = peer.upload("beta.txt", invoice(1), external_file_id="second")["id"]
    alpha = peer.upload("alpha.txt", invoice(2), external_file_id="first")["id"]
    gamma = peer.upload("gamma.txt", invoice(3))["id"]
    found = {
        "file_ids": [file["id"] for file in peer.list_files(file_ids=[alpha, gamma], order_by="name")],
        "file_name": [file["id"] for file in peer.list_files(file_name="beta.txt")],
        "external_file_id": [file["id"] for file in peer.list_files(external_file_id="first")],
        "no such name": list(peer.list_files(file_name="beta")),
        "order_by name": [file["id"] for file in peer.list_files(order_by="name")],
        "order_by id": [file["id"] for file in peer.list_files(order_by="id")],
        "order_by created_at": [file["id"] for file in peer.list_files(order_by="created_at")],
    }
    same(found["file_ids"], [alpha, gamma], "the files by file_ids")
    same(found["file_name"], [beta], "the files by file_name")
    same(found["external_file_id"], [alpha], "the files by external_file_id")
    same(found["no such name"], [], "file_name matches exactly")
    same(found["order_by name"], [alpha, beta, gamma], "the files by name")
    same(found["order_by id"], sorted([alpha, beta, gamma]), "the files by ID")
    same(found["order_by created_at"], [gamma, alpha, beta], "the newest file first")


@scenario()
def file_pages_hold_each_file_once(peer: PeerV2) -> None:
    uploaded = {peer.upload_text(invoice(number), f"{number}.txt") for number in range(7)}
    listed = [file["id"] for file in peer.list_files(page_size=3)]
    same(len(listed), 7, "the number of files listed")
    same(set(listed), uploaded, "the files listed")
    same(peer.count("GET", FILES), 3, "the number of pages")


@scenario()
def a_download_address_gives_the_content(peer: PeerV2) -> None:
    content = INVOICE_PDF.read_bytes()
    file_id = peer.upload("bill.pdf", content)["id"]
    same(peer.get_file(file_id)["download_url"], None, "the address where none was asked for")
    [listed] = peer.list_files(file_ids=[file_id], expand=["download_url"])
    for file in (peer.get_file(file_id, expand=["download_url"]), listed):
        with urlopen(file["download_url"]["url"]) as answer:
            same(answer.read(), content, "the content behind a download address, fetched without a key")


@scenario(official_only=True)
def a_content_address_gives_the_content(peer: PeerV2) -> None:
    file_id = peer.upload_text(invoice())
    address = peer.content_address(file_id)
    with urlopen(address["url"]) as answer:
        same(answer.read(), invoice(), "the content behind a content address")


@scenario(official_only=True)
def the_older_query_finds_files(peer: PeerV2) -> None:
    first, _ = peer.upload_text(invoice(1), "one.txt"), peer.upload_text(invoice(2), "two.txt")
    same([file["id"] for file in peer.query_files(filter={"file_name": "one.txt"})], [first], "the files by name")
    same([file["id"] for file in peer.query_files(filter={"file_ids": [first]})], [first], "the files by ID")


@scenario()
def a_deleted_file_is_gone(peer: PeerV2) -> None:
    kept, deleted = peer.upload_text(invoice(1)), peer.upload_text(invoice(2))
    peer.delete_file(deleted)
    peer.refused("unknown", peer.get_file, deleted)
    same([file["id"] for file in peer.list_files()], [kept], "the files that are left")
    peer.refused("rejected", peer.create, file_input=deleted, configuration=CONFIGURATION)
