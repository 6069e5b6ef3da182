"""What is refused, and with which of the client's errors."""

from __future__ import annotations

from uuid import uuid4

from tests.peers.checks import same
from tests.peers.face import PeerV2
from tests.peers.material import CONFIGURATION, RULES, invoice
from tests.peers.scenario import Scenarios

scenario = Scenarios()


@scenario()
def what_does_not_exist_is_not_found(peer: PeerV2) -> None:
    job_id, file_id, config_id = str(uuid4()), f"dfl-{uuid4()}", f"cfg-{uuid4()}"
    peer.refused("unknown", peer.get, job_id)
    peer.refused("unknown", peer.cancel, job_id)
    peer.refused("unknown", peer.get_file, file_id)
    peer.refused("unknown", peer.get_configuration, config_id)
    peer.refused("unknown", peer.update_configuration, config_id, name="other")
    peer.refused("rejected", peer.create, file_input=file_id, configuration=CONFIGURATION)
    peer.refused("rejected", peer.create, file_input=f"pjb-{uuid4()}", configuration=CONFIGURATION)
    peer.refused("rejected", peer.create, file_input=peer.upload_text(invoice()), configuration_id=config_id)


@scenario(official_only=True)
def deleting_what_does_not_exist_is_not_found(peer: PeerV2) -> None:
    peer.refused("unknown", peer.delete, str(uuid4()))
    peer.refused("unknown", peer.delete_file, f"dfl-{uuid4()}")
    peer.refused("unknown", peer.delete_configuration, f"cfg-{uuid4()}")


@scenario()
def a_wrong_key_is_refused(peer: PeerV2) -> None:
    stranger = peer.with_key("llx-a-key-that-nobody-gave-out")
    try:
        stranger.refused("unauthorised", stranger.create, file_input="dfl-any", configuration=CONFIGURATION)
        stranger.refused("unauthorised", stranger.upload, "note.txt", invoice())
        stranger.refused("unauthorised", lambda: list(stranger.list()))
        same({answer.status for answer in stranger.answers}, {401}, "the statuses that a wrong key gets")
    finally:
        stranger.close()


@scenario()
def another_project_sees_nothing(peer: PeerV2) -> None:
    file_id = peer.upload_text(invoice())
    job = peer.run(file_input=file_id, configuration=CONFIGURATION)
    saved = peer.create_configuration("office", CONFIGURATION)
    other = peer.with_key(peer.connection.other_api_key)
    try:
        same(list(other.list()), [], "the jobs of another project")
        same(list(other.list_files()), [], "the files of another project")
        other.refused("unknown", other.get, job["id"])
        other.refused("unknown", other.get_file, file_id)
        other.refused("unknown", other.get_configuration, saved["id"])
        own = other.upload_text(invoice())
        other.refused("rejected", other.create, file_input=file_id, configuration=CONFIGURATION)
        other.refused("rejected", other.create, file_input=job["parse_job_id"], configuration=CONFIGURATION)
        other.refused("rejected", other.create, file_input=own, configuration_id=saved["id"])
    finally:
        other.close()


@scenario()
def rules_beyond_the_limits_are_invalid(peer: PeerV2) -> None:
    file_id = peer.upload_text(invoice())
    description = RULES[0]["description"]
    bad_rules = {
        "a short description": [{"type": "invoice", "description": "a bill"}],
        "a long description": [{"type": "invoice", "description": "x" * 501}],
        "a long type": [{"type": "x" * 51, "description": description}],
        "a type with a slash": [{"type": "in/voice", "description": description}],
        "a type twice": [RULES[0], RULES[0]],
        "no rule": [],
    }
    for rules in bad_rules.values():
        peer.refused("against the rules' limits", peer.create, file_input=file_id, configuration={"rules": rules})
    same(list(peer.list()), [], "the jobs that were made with bad rules")


@scenario()
def a_contradiction_is_invalid(peer: PeerV2) -> None:
    file_id = peer.upload_text(invoice())
    saved = peer.create_configuration("office", CONFIGURATION)["id"]
    peer.refused("contradictory", peer.create, file_input=file_id, configuration=CONFIGURATION, configuration_id=saved)
    peer.refused("contradictory", peer.create, file_input=file_id)
    same(list(peer.list()), [], "the jobs that were made of contradictions")


@scenario()
def options_out_of_range_are_invalid(peer: PeerV2) -> None:
    file_id = peer.upload_text(invoice())
    peer.refused("out of range", lambda: list(peer.list(page_size=0)))
    peer.refused("out of range", lambda: list(peer.list(page_size=101)))
    for parsing in ({"max_pages": 0}, {"target_pages": "0"}, {"target_pages": "3-"}):
        configuration = {**CONFIGURATION, "parsing_configuration": parsing}
        peer.refused("out of range", peer.create, file_input=file_id, configuration=configuration)
