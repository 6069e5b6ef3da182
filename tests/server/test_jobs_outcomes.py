"""How a job ends, and that it alone bears its faults."""

from __future__ import annotations

import httpx
import pytest

from classify_core.server import RunningServer
from classify_core.server.workers.pool import WorkerPool
from classify_core.testing.server import ClassifyServer
from tests.local import files
from tests.server.jobs_api import INVOICE, V1, V2, create, create_v1, ended, ended_v1, got, upload
from tests.server.projects import end, stored

RECIPE = b"A cooking recipe. Ingredients: 300 g flour, two eggs. Steps of preparation: mix and bake."


def test_a_job_of_several_files_succeeds_in_part(client: httpx.Client) -> None:
    contents = {"a.txt": INVOICE, "broken.pdf": b"%PDF-1.7 no more", "b.txt": RECIPE, "zip.bin": b"PK\x03\x04"}
    file_ids = [upload(client, content, name) for name, content in contents.items()]

    job = ended_v1(client, create_v1(client, file_ids)["id"])
    results = got(client, f"{V1}/{job['id']}/results")["items"]

    assert job["status"] == "PARTIAL_SUCCESS"
    assert job["error_message"].startswith("PDF_IS_BROKEN: 2 of 4 files failed, the first because it is damaged")
    assert [item["file_id"] for item in results] == file_ids
    assert [item["result"] and item["result"]["type"] for item in results] == ["invoice", None, "recipe", None]


def test_a_job_all_of_whose_files_fail_is_an_error(client: httpx.Client) -> None:
    job = ended_v1(client, create_v1(client, [upload(client, b"%PDF-1.7 no more", "broken.pdf")])["id"])

    assert job["status"] == "ERROR"
    assert job["error_message"].startswith("PDF_IS_BROKEN: 1 of 1 files failed")


@pytest.mark.parametrize(("pages", "expected"), [([0], "invoice"), ([1], "recipe"), ([1, 7], "recipe")])
def test_a_v1_job_counts_its_target_pages_from_zero(client: httpx.Client, pages: list[int], expected: str) -> None:
    file_id = upload(client, files.pdf([INVOICE.decode(), RECIPE.decode()]), "a.pdf")

    job = create_v1(client, [file_id], parsing_configuration={"target_pages": pages})
    ended_v1(client, job["id"])

    [item] = got(client, f"{V1}/{job['id']}/results")["items"]
    assert item["result"]["type"] == expected


def test_a_file_that_expires_before_its_job_begins_fails_it(
    client: httpx.Client, classify_server: ClassifyServer, running: RunningServer
) -> None:
    classify_server.concurrent_jobs = 1
    classify_server.faults.job("hang", times=1)
    first, file_id = create(client), upload(client)
    waiting = create(client, file_id)

    stored(running, end, file_id)
    client.post(f"{V2}/{first['id']}/cancel")

    failed = ended(client, waiting["id"])
    assert failed["status"] == "FAILED"
    assert failed["error_message"].startswith("NO_DATA_FOUND_IN_FILE: its file is gone")


def test_what_nobody_foresaw_fails_one_job_without_a_word_of_it(
    client: httpx.Client, running: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise LookupError("quotes the secret text")

    with monkeypatch.context() as patched:
        patched.setattr(WorkerPool, "decide", fail)
        failed = ended(client, create(client)["id"])

    assert failed["status"] == "FAILED"
    assert failed["error_message"] == "the server failed to work on it; the server's log tells where"
    assert ended(client, create(client)["id"])["status"] == "COMPLETED"
