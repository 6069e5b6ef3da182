"""A loopback service that speaks the hosted classify API, for tests.

It is a real HTTP/1.1 server in a thread on 127.0.0.1, small and stateful. Read it as a specification of what the
hosted service does; the facts are those of the contract.

    with ClassifyService() as service:
        client = ClassifyClient(base_url=service.base_url, api_key=service.api_key)

What it answers
    `ClassifyService(decide=..., looks_until_done=1, seconds_until_done=0.0, api_key=..., project_id=...)`
    A job is decided by `decide(content, rules) -> {"type", "confidence", "reasoning"}`; by default the first rule whose
    type occurs in the text. It is done at its `looks_until_done`-th look (a GET of the job, or of a list that holds
    it; 0: the create's own answer is final) and not before `seconds_until_done` have passed.

What single documents do
    `service.outcome_for(document, status=..., error_message=..., type=..., looks_until_done=..., ...)`
    `document` is a file's name or ID, a piece of its text, or "*". Of several that fit, the latest holds.
        service.outcome_for("secret.pdf", status="FAILED", error_message="PDF_IS_PROTECTED: no password")
        service.outcome_for("*", status="RUNNING")           never ends
        service.outcome_for("*", status="CANCELLED")
        service.outcome_for("*", type="alien")               a type that is in no rule
        service.outcome_for("*", status="HIBERNATING")       a status nobody knows

What goes wrong
    `service.fail_next(route, ..., times=1)`; `route` is a pattern: "POST /api/v2/classify", "GET */classify/*".
        status=500, body={"detail": "..."}, headers={...}    that answer; nothing is done (`work=True`: it is done)
        action="cut"                                         the work is done, the connection ends without an answer
        action="cut_half_way"                                the work is done, the answer ends in its middle
        action="broken_json"                                 a good status with half of the JSON
        body=...                                             the good status with another body (str: sent as it is)
        delay=2.0                                            the answer comes that many seconds later
    `work=False` with "cut": nothing was done either. Scripts are used up in the order they were given.

What was asked
    `service.requests`: each with `.method .path .route .query .headers .body_size .json .form .connection`;
    `service.requests_to(route)`, `service.connections` (TCP connections so far), `service.most_at_once` (requests).

What it holds
    `service.jobs`, `service.v1_jobs`, `service.files`, `service.configurations`: by ID, in the order made;
    `service.add_file(name, content)` and `service.add_parse_job(content)` return an ID to classify.
"""

from tests.service.records import Request
from tests.service.server import ClassifyService
from tests.service.store import decide_by_type_in_text

__all__ = ["ClassifyService", "Request", "decide_by_type_in_text"]
