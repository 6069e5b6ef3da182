"""What a job costs, and what is read once for many."""

from __future__ import annotations

import sqlite3
from typing import Any

import httpx

from classify_core.server import RunningServer
from tests.local import files
from tests.server.jobs_api import INVOICE, RULES, V2, create, ended, got, upload
from tests.server.projects import stored


def _usage(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    ended(client, job["id"])
    return dict(got(client, f"{V2}/{job['id']}", expand="usage")["usage"])


def _free(credits: float | None = 0.0) -> dict[str, float | None]:  # noqa: A002 - the field's name
    return {"credits": 0.0, "parse_credits": credits}


def test_each_page_costs_a_credit_and_the_same_content_costs_none_again(client: httpx.Client) -> None:
    data = files.pdf([INVOICE.decode(), "two", "three"])
    first = create(client, upload(client, data, "a.pdf"))
    usage = _usage(client, first)
    second = create(client, upload(client, data, "other name.pdf"))

    assert usage == {"credits": 3.0, "parse_credits": 3.0}
    assert _usage(client, second) == _free()
    assert ended(client, second["id"])["parse_job_id"] == ended(client, first["id"])["parse_job_id"]


def test_only_the_pages_that_are_asked_for_are_counted(client: httpx.Client) -> None:
    file_id = upload(client, files.pdf([INVOICE.decode(), "two", "three"]), "a.pdf")
    configuration = {"rules": RULES, "parsing_configuration": {"max_pages": 2}}

    assert _usage(client, create(client, file_id, configuration=configuration))["credits"] == 2.0


def test_a_parse_job_is_classified_for_nothing(client: httpx.Client) -> None:
    parse_job_id = ended(client, create(client)["id"])["parse_job_id"]

    again = create(client, parse_job_id)

    assert _usage(client, again) == _free(None)
    assert ended(client, again["id"])["parse_job_id"] == parse_job_id
    assert ended(client, again["id"])["result"]["type"] == "invoice"


def test_content_that_was_read_is_not_read_again(client: httpx.Client, running: RunningServer) -> None:
    ended(client, create(client)["id"])
    again = upload(client)
    for path in running.service.options.data.glob(f"files/*/{again.removeprefix('dfl-')}"):
        path.unlink()

    assert ended(client, create(client, again)["id"])["result"]["type"] == "invoice"


def test_what_was_read_in_one_language_is_not_served_for_another(client: httpx.Client) -> None:
    file_id = upload(client)

    def read_in(lang: str) -> str:
        job = create(client, file_id, configuration={"rules": RULES, "parsing_configuration": {"lang": lang}})
        return str(ended(client, job["id"])["parse_job_id"])

    english, german = read_in("en"), read_in("de")

    assert english != german
    assert (read_in("en"), read_in("de")) == (english, german)


def test_many_jobs_of_one_content_share_one_reading_and_one_pays(client: httpx.Client) -> None:
    data = files.pdf([INVOICE.decode()] * 40)
    made = [create(client, upload(client, data, "a.pdf")) for _ in range(6)]

    assert sorted(_usage(client, job)["credits"] for job in made) == [0.0] * 5 + [40.0]
    assert len({ended(client, job["id"])["parse_job_id"] for job in made}) == 1


def test_the_same_content_is_read_apart_for_each_project(client: httpx.Client, stranger: httpx.Client) -> None:
    mine, theirs = create(client), create(stranger)

    assert [_usage(client, mine)["credits"], _usage(stranger, theirs)["credits"]] == [1.0, 1.0]
    assert ended(client, mine["id"])["parse_job_id"] != ended(stranger, theirs["id"])["parse_job_id"]


def test_after_48_hours_a_content_is_read_and_paid_again(client: httpx.Client, running: RunningServer) -> None:
    parse_job_id = ended(client, create(client)["id"])["parse_job_id"]

    def age(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE parse_jobs SET created_at = '2020' WHERE id = ?", (parse_job_id,))

    stored(running, age)
    again = create(client)

    assert client.post(V2, json={"file_input": parse_job_id, "configuration": {"rules": RULES}}).status_code == 400
    assert _usage(client, again)["credits"] == 1.0
    assert ended(client, again["id"])["parse_job_id"] != parse_job_id
