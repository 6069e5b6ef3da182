"""What goes wrong on purpose, and the clients' own retries."""

from __future__ import annotations

from tests.peers.checks import holds, same
from tests.peers.face import PeerV2
from tests.peers.material import CONFIGURATION, invoice
from tests.peers.scenario import Scenarios

JOBS = "/api/v2/classify"
UPLOADS_IN_5_SECONDS = 50

scenario = Scenarios()


@scenario(server="limited")
def creations_beyond_the_limit_are_waited_for(peer: PeerV2) -> None:
    file_id = peer.upload_text(invoice())
    created = {peer.create(file_input=file_id, configuration=CONFIGURATION)["id"] for _ in range(3)}
    same({job["id"] for job in peer.list()}, created, "the jobs that were made")
    holds(429 in {answer.status for answer in peer.answers}, "the limit was met, and the client tried again")


# The published window is 5 s, which is long for our own suite.
@scenario(server="limited", official_only=True)
def uploads_beyond_the_published_limit_are_waited_for(peer: PeerV2) -> None:
    uploaded = {peer.upload_text(invoice(number)) for number in range(UPLOADS_IN_5_SECONDS + 2)}
    same(len(uploaded), UPLOADS_IN_5_SECONDS + 2, "the number of files that were uploaded")
    holds(429 in {answer.status for answer in peer.answers}, "the limit was met, and the client tried again")


@scenario(server="failing")
def a_server_error_is_tried_again(peer: PeerV2) -> None:
    file_id = peer.upload_text(invoice())
    job = peer.create(file_input=file_id, configuration=CONFIGURATION, transaction_id="through-a-503")
    same([answer.status for answer in peer.answers if answer.path == JOBS], [503, 200], "the answers to creating")
    same([each["id"] for each in peer.list()], [job["id"]], "the jobs that were made")


@scenario(server="losing")
def a_lost_answer_with_a_transaction_id_makes_one_job(peer: PeerV2) -> None:
    file_id = peer.upload_text(invoice())
    job = peer.create(file_input=file_id, configuration=CONFIGURATION, transaction_id="answered-late")
    same(peer.sent.count(("POST", JOBS)), 2, "the requests to create, of which the first was not answered")
    same([each["id"] for each in peer.list()], [job["id"]], "the jobs that were made")


@scenario(server="losing_unkeyed", official_only=True)
def a_lost_answer_without_a_transaction_id_makes_two_jobs(peer: PeerV2) -> None:
    file_id = peer.upload_text(invoice())
    peer.create(file_input=file_id, configuration=CONFIGURATION)
    same(peer.sent.count(("POST", JOBS)), 2, "the requests to create, of which the first was not answered")
    same(len(list(peer.list())), 2, "the jobs that were made, as at the hosted service")
