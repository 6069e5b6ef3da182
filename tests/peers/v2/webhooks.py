"""Webhooks, with a receiver on loopback."""

from __future__ import annotations

import json

from tests.peers.checks import holds, same
from tests.peers.face import Json, PeerV2
from tests.peers.material import CONFIGURATION, invoice
from tests.peers.receiver import Receiver
from tests.peers.scenario import Scenarios

SECRET = "whsec-of-a-scenario"

scenario = Scenarios()


def _completed(peer: PeerV2, webhook: Json) -> Json:
    file_id = peer.upload_text(invoice())
    job = peer.create(file_input=file_id, configuration=CONFIGURATION, webhook_configurations=[webhook])
    return peer.wait(job["id"])


@scenario()
def a_webhook_tells_each_step_signed(peer: PeerV2) -> None:
    with Receiver() as receiver:
        webhook = {
            "webhook_url": receiver.url,
            "webhook_output_format": "json",
            "webhook_headers": {"X-Own": "kept"},
            "webhook_signing_secret": SECRET,
        }
        job = _completed(peer, webhook)
        for event_type in ("classify.pending", "classify.running", "classify.success"):
            delivery = receiver.delivery_of(event_type)
            holds(delivery.is_signed_with(SECRET), f"the signature of {event_type} is right")
            same(delivery.headers.get("x-own"), "kept", "the configured header")
            event = json.loads(delivery.body)
            same(event["event_type"], event_type, "the event's type in its body")
            same(event["event_id"], delivery.headers.get("x-webhook-event-id"), "the event's ID in body and header")
            same(event["data"]["job_id"], job["id"], "the job that the event is about")


@scenario()
def a_webhook_may_be_json_inside_a_string(peer: PeerV2) -> None:
    with Receiver() as receiver:
        job = _completed(peer, {"webhook_url": receiver.url, "webhook_output_format": "string"})
        body = json.loads(receiver.delivery_of("classify.success").body)
        holds(isinstance(body, str), "the body is a JSON string")
        same(json.loads(body)["data"]["job_id"], job["id"], "the job inside the string")


@scenario()
def only_the_chosen_events_come(peer: PeerV2) -> None:
    with Receiver() as receiver:
        _completed(peer, {"webhook_url": receiver.url, "webhook_events": ["classify.success"]})
        delivery = receiver.delivery_of("classify.success")
        same([each.event_type for each in receiver.received], ["classify.success"], "the events that came")
        same(delivery.headers.get("lc-signature"), None, "the signature where there is no secret")
