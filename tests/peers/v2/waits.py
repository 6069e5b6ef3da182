"""Waiting for jobs, in each client's own way."""

from __future__ import annotations

from tests.peers.checks import same
from tests.peers.face import PeerV2
from tests.peers.material import BROKEN_PDF, CONFIGURATION, invoice, recipe
from tests.peers.scenario import Scenarios

scenario = Scenarios()


@scenario()
def run_returns_the_completed_job(peer: PeerV2) -> None:
    job = peer.run(file_input=peer.upload_text(recipe()), configuration=CONFIGURATION)
    same(job["status"], "COMPLETED", "the status that run returns")
    same(job["result"]["type"], "recipe", "the type that run returns")


@scenario()
def many_runs_at_once_each_get_their_own_answer(peer: PeerV2) -> None:
    texts = [recipe() + str(number).encode() if number % 2 else invoice(number) for number in range(12)]
    bodies = [{"file_input": peer.upload_text(text), "configuration": CONFIGURATION} for text in texts]
    jobs = peer.run_together(bodies)
    same([job["file_input"] for job in jobs], [body["file_input"] for body in bodies], "the inputs, in order")
    same([job["result"]["type"] for job in jobs], ["invoice", "recipe"] * 6, "the types, in order")


@scenario()
def a_wait_for_a_finished_job_returns_it(peer: PeerV2) -> None:
    job_id = peer.run(file_input=peer.upload_text(invoice()), configuration=CONFIGURATION)["id"]
    same(peer.how_it_ends(job_id), peer.wait_words["completed"], "how the wait ends")


@scenario()
def a_failed_job_ends_the_wait(peer: PeerV2) -> None:
    file_id = peer.upload("broken.pdf", BROKEN_PDF)["id"]
    job_id = peer.create(file_input=file_id, configuration=CONFIGURATION)["id"]
    same(peer.how_it_ends(job_id), peer.wait_words["failed"], "how the wait for a failed job ends")
    job = peer.get(job_id)
    same(job["status"], "FAILED", "the status of the failed job")
    same(job["result"], None, "the result of the failed job")
    same(job["error_message"].partition(":")[0], "PDF_IS_BROKEN", "the code of its error")


@scenario(server="slow")
def a_wait_ends_with_its_time(peer: PeerV2) -> None:
    job_id = peer.create(file_input=peer.upload_text(invoice()), configuration=CONFIGURATION)["id"]
    same(peer.how_it_ends(job_id, timeout=0.2), peer.wait_words["late"], "how a wait that is too short ends")


@scenario(server="slow")
def a_cancelled_job_is_met_by_the_wait(peer: PeerV2) -> None:
    job_id = peer.create(file_input=peer.upload_text(invoice()), configuration=CONFIGURATION)["id"]
    peer.cancel(job_id)
    same(peer.how_it_ends(job_id, timeout=10), peer.wait_words["cancelled"], "how the wait for a cancelled job ends")
