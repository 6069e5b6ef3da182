"""Every route of the service as one small function, and the table that finds it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.service.bodies import ChangeBody, JobBody, SavedBody, V1JobBody, read_body
from tests.service.records import Answer, RefusedError, Request
from tests.service.store import Store, StoredJob, now

Handler = Callable[[Store, Request, str], Answer]


def create_job(store: Store, request: Request, _: str) -> Answer:
    body = read_body(JobBody, request.json)
    project_id = request.first("project_id") or store.project_id
    earlier = store.same_transaction(project_id, body.transaction_id)
    if earlier is not None:
        return Answer(200, earlier.as_json())
    file = store.files.get(body.file_input or body.file_id or body.parse_job_id or "")
    if file is None:
        raise RefusedError(400, "The file or parse job does not belong to this project")
    job = store.add_job(
        file,
        project_id=project_id,
        configuration=_configuration_of(store, body),
        configuration_id=body.configuration_id,
        transaction_id=body.transaction_id,
    )
    return Answer(200, job.as_json())


def _configuration_of(store: Store, body: JobBody) -> dict[str, Any]:
    if body.configuration is not None:
        return body.configuration.model_dump()
    if body.configuration_id not in store.configurations:
        raise RefusedError(400, f"Invalid configuration {body.configuration_id}")
    saved: dict[str, Any] = store.configurations[body.configuration_id]["parameters"]
    return {key: value for key, value in saved.items() if key != "product_type"}


def list_jobs(store: Store, request: Request, _: str) -> Answer:
    found = [job for job in store.jobs.values() if _is_asked_for(job, request)]
    page = _page(found, request, largest=100)
    for job in page["items"]:
        job.look()
    return Answer(200, {**page, "items": [job.as_json() for job in page["items"]]})


def _is_asked_for(job: StoredJob, request: Request) -> bool:
    created = datetime.fromisoformat(job.created_at)
    after, before = request.first("created_at_on_or_after"), request.first("created_at_on_or_before")
    return (
        request.first("status") in {None, job.status}
        and request.first("configuration_id") in {None, job.configuration_id}
        and job.id in request.query.get("job_ids", [job.id])
        and (after is None or created >= datetime.fromisoformat(after))
        and (before is None or created <= datetime.fromisoformat(before))
    )


def get_job(store: Store, request: Request, identifier: str) -> Answer:
    job = store.job(identifier)
    job.look()
    return Answer(200, job.as_json(with_usage="usage" in request.query.get("expand", [])))


def cancel_job(store: Store, _: Request, identifier: str) -> Answer:
    job = store.job(identifier)
    if job.is_terminal:
        raise RefusedError(409, f"Job is in the terminal state {job.status} and cannot be cancelled")
    job.status = "CANCELLED"
    return Answer(200, job.as_json())


def delete_job(store: Store, _: Request, identifier: str) -> Answer:
    job = store.job(identifier)
    if not job.is_terminal:
        raise RefusedError(409, f"Job is {job.status}; only terminal jobs can be deleted")
    del store.jobs[identifier]
    return Answer(200, {"id": job.id, "project_id": job.project_id})


def upload_file(store: Store, request: Request, _: str) -> Answer:
    form = request.form
    if "file" not in form or "purpose" not in form:
        raise RefusedError(422, [{"loc": ["body", "file"], "msg": "Field required", "type": "missing"}])
    part = form["file"]
    if not part.content or not part.file_name:
        raise RefusedError(400, "The file is empty or has no name")
    external = form.get("external_file_id")
    file = store.add_file(
        part.file_name,
        part.content,
        purpose=form["purpose"].content.decode(),
        external_file_id=None if external is None else external.content.decode(),
        project_id=request.first("project_id") or store.project_id,
    )
    return Answer(201, file.as_json())


def list_files(store: Store, request: Request, _: str) -> Answer:
    found = [
        file
        for file in store.files.values()
        if file.id in request.query.get("file_ids", [file.id])
        and request.first("file_name") in {None, file.name}
        and request.first("external_file_id") in {None, file.external_file_id}
    ]
    with_url = "download_url" in request.query.get("expand", [])
    page = _page(found, request, largest=1000)
    return Answer(200, {**page, "items": [file.as_json(with_url=with_url) for file in page["items"]]})


def get_file(store: Store, request: Request, identifier: str) -> Answer:
    with_url = "download_url" in request.query.get("expand", [])
    return Answer(200, store.file(identifier).as_json(with_url=with_url))


def delete_file(store: Store, _: Request, identifier: str) -> Answer:
    del store.files[store.file(identifier).id]
    return Answer(204)


def save_configuration(store: Store, request: Request, _: str) -> Answer:
    body = read_body(SavedBody, request.json)
    same = (saved for saved in store.configurations.values() if saved["name"] == body.name)
    saved: dict[str, Any] = next(
        same, {"id": f"cfg-{uuid4()}", "name": body.name, "product_type": "classify_v2", "created_at": now()}
    )
    saved |= {"parameters": body.parameters.model_dump(), "version": now(), "updated_at": now()}
    store.configurations[saved["id"]] = saved
    return Answer(201, saved)


def list_configurations(store: Store, request: Request, _: str) -> Answer:
    found = [
        saved
        for saved in store.configurations.values()
        if saved["product_type"] in request.query.get("product_type", [saved["product_type"]])
        and request.first("name") in {None, saved["name"]}
    ]
    return Answer(200, _page(found, request, largest=1000))


def get_configuration(store: Store, _: Request, identifier: str) -> Answer:
    return Answer(200, store.configuration(identifier))


def update_configuration(store: Store, request: Request, identifier: str) -> Answer:
    saved = store.configuration(identifier)
    saved |= read_body(ChangeBody, request.json).model_dump(exclude_none=True)
    saved |= {"version": now(), "updated_at": now()}
    return Answer(200, saved)


def delete_configuration(store: Store, _: Request, identifier: str) -> Answer:
    del store.configurations[store.configuration(identifier)["id"]]
    return Answer(204)


def create_v1_job(store: Store, request: Request, _: str) -> Answer:
    body = read_body(V1JobBody, request.json)
    rules = [rule.model_dump() for rule in body.rules]
    files = [store.file(identifier) for identifier in body.file_ids]
    job = {
        "id": str(uuid4()),
        "project_id": request.first("project_id") or store.project_id,
        "user_id": "user-1",
        "status": "PENDING",
        "rules": rules,
        "mode": body.mode,
        "parsing_configuration": body.parsing_configuration.model_dump(),
        "error_message": None,
        "created_at": now(),
        "updated_at": now(),
    }
    outcomes = [store.outcome_of(file) for file in files]
    ended = {"FAILED": "ERROR"}.get(outcomes[0].status or "", outcomes[0].status) or "SUCCESS"
    if len({outcome.status for outcome in outcomes}) > 1:
        ended = "PARTIAL_SUCCESS"
    results = [
        {
            "id": str(uuid4()),
            "classify_job_id": job["id"],
            "file_id": file.id,
            "result": store.classify(file, rules) if outcome.status is None else None,
        }
        for file, outcome in zip(files, outcomes, strict=True)
    ]
    looks = max(outcome.looks_until_done or 0 for outcome in outcomes)
    error = next((outcome.error_message for outcome in outcomes if outcome.error_message), None)
    store.v1_jobs[str(job["id"])] = {"job": job, "ended": ended, "looks": looks, "results": results, "error": error}
    return Answer(200, job)


def _v1_job(store: Store, identifier: str) -> dict[str, Any]:
    if identifier not in store.v1_jobs:
        raise RefusedError(404, f"Classify job {identifier} not found")
    return store.v1_jobs[identifier]


def list_v1_jobs(store: Store, request: Request, _: str) -> Answer:
    return Answer(200, _page([entry["job"] for entry in store.v1_jobs.values()], request, largest=1000))


def get_v1_job(store: Store, _: Request, identifier: str) -> Answer:
    entry = _v1_job(store, identifier)
    entry["looks"] -= 1
    if entry["looks"] <= 0:
        entry["job"] |= {"status": entry["ended"], "error_message": entry["error"]}
    return Answer(200, entry["job"])


def list_v1_results(store: Store, request: Request, identifier: str) -> Answer:
    return Answer(200, _page(_v1_job(store, identifier)["results"], request, largest=500))


def _page(found: Iterable[Any], request: Request, *, largest: int) -> dict[str, Any]:
    everything = list(found)
    size = int(request.first("page_size") or min(50, largest))
    if not 1 <= size <= largest:
        raise RefusedError(422, [{"loc": ["query", "page_size"], "msg": f"1 to {largest}", "type": "range"}])
    token = request.first("page_token") or "after-0"
    if re.fullmatch(r"after-\d+", token) is None:
        raise RefusedError(422, [{"loc": ["query", "page_token"], "msg": "unknown page token", "type": "value_error"}])
    begin = int(token.removeprefix("after-"))
    following = f"after-{begin + size}" if begin + size < len(everything) else None
    return {"items": everything[begin : begin + size], "next_page_token": following, "total_size": len(everything)}


ROUTES: Mapping[str, Handler] = {
    "POST /api/v2/classify": create_job,
    "GET /api/v2/classify": list_jobs,
    "GET /api/v2/classify/{id}": get_job,
    "POST /api/v2/classify/{id}/cancel": cancel_job,
    "DELETE /api/v2/classify/{id}": delete_job,
    "POST /api/v1/beta/files": upload_file,
    "GET /api/v1/beta/files": list_files,
    "GET /api/v1/beta/files/{id}": get_file,
    "DELETE /api/v1/beta/files/{id}": delete_file,
    "POST /api/v1/beta/configurations": save_configuration,
    "GET /api/v1/beta/configurations": list_configurations,
    "GET /api/v1/beta/configurations/{id}": get_configuration,
    "PUT /api/v1/beta/configurations/{id}": update_configuration,
    "DELETE /api/v1/beta/configurations/{id}": delete_configuration,
    "POST /api/v1/classifier/jobs": create_v1_job,
    "GET /api/v1/classifier/jobs": list_v1_jobs,
    "GET /api/v1/classifier/jobs/{id}": get_v1_job,
    "GET /api/v1/classifier/jobs/{id}/results": list_v1_results,
}

_PATTERNS = [(re.compile(re.escape(route).replace(r"\{id\}", "([^/]+)")), handler) for route, handler in ROUTES.items()]


def find(route: str) -> tuple[Handler, str]:
    """The function of a route and the ID in its path ("" where there is none)."""
    for pattern, handler in _PATTERNS:
        match = pattern.fullmatch(route)
        if match is not None:
            return handler, match[1] if match.groups() else ""
    raise RefusedError(404, "Not Found")
