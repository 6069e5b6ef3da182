from __future__ import annotations

import itertools
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from classify_core.server.store.paging import token_of
from tests.server.files_api import FILES, listed, uploaded


def test_the_filter_of_a_query_reaches_no_other_project(client: httpx.Client, stranger: httpx.Client) -> None:
    theirs = uploaded(stranger)
    uploaded(client)
    for project_id in (theirs["project_id"], str(uuid4())):
        answer = client.post(f"{FILES}/query", json={"filter": {"project_id": project_id}})
        assert (answer.status_code, answer.json()["items"]) == (200, [])


def test_the_files_of_a_project_can_be_found(client: httpx.Client) -> None:
    one = uploaded(client, "one.txt", external_file_id="first")
    two = uploaded(client, "two.txt")
    uploaded(client, "ONE.txt")

    assert listed(client, file_name="one.txt") == [one]
    assert listed(client, external_file_id="first") == [one]
    assert listed(client, file_ids=[one["id"], two["id"], "no-id"]) == [two, one]
    assert listed(client, file_ids=[one["id"]], file_name="two.txt") == []
    assert client.get(FILES).json()["total_size"] == 3


def test_a_query_has_the_filters_of_the_listing(client: httpx.Client) -> None:
    one = uploaded(client, "one.txt", external_file_id="first")
    two = uploaded(client, "two.txt")

    def found(**body: Any) -> list[dict[str, Any]]:
        return client.post(f"{FILES}/query", json=body).json()["items"]

    assert found() == found(filter=None) == found(filter={"only_manually_uploaded": True}) == [two, one]
    assert found(filter={"file_name": "one.txt"}) == found(filter={"external_file_id": "first"}) == [one]
    assert found(filter={"project_id": one["project_id"]}, order_by="name") == [one, two]
    assert found(filter={"data_source_id": str(uuid4())}) == found(filter={"file_ids": []}) == []


def test_a_query_may_ask_for_larger_pages_than_there_are(client: httpx.Client) -> None:
    file = uploaded(client)
    assert client.post(f"{FILES}/query", json={"page_size": 10**30}).json()["items"] == [file]
    assert client.post(f"{FILES}/query", json={"page_size": 0}).status_code == 422


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        (None, "cba"),
        ("", "cba"),
        ("created_at", "cba"),
        ("created_at desc", "cba"),
        ("created_at asc", "abc"),
        ("name", "abc"),
        ("name asc", "abc"),
        ("name DESC", "cba"),
        ("last_modified_at", "abc"),
        ("name desc, created_at", "cba"),
        ("expires_at desc,name", "cba"),
    ],
)
def test_files_are_listed_in_the_order_that_is_asked_for(
    client: httpx.Client, order_by: str | None, expected: str
) -> None:
    for name in "abc":
        uploaded(client, name)
    query = {} if order_by is None else {"order_by": order_by}
    assert "".join(file["name"] for file in listed(client, **query)) == expected


def test_files_are_listed_by_their_ids(client: httpx.Client) -> None:
    ids = sorted(uploaded(client)["id"] for _ in range(5))
    assert [file["id"] for file in listed(client, order_by="id")] == ids
    assert [file["id"] for file in listed(client, order_by="id desc")] == ids[::-1]


@pytest.mark.parametrize(
    "order_by",
    ["size", "name, size", "name,name desc", "created_at, last_modified_at", "name upwards", "name asc desc"],
)
def test_an_order_by_something_else_is_refused(client: httpx.Client, order_by: str) -> None:
    assert client.get(FILES, params={"order_by": order_by}).status_code == 400
    assert client.post(f"{FILES}/query", json={"order_by": order_by}).status_code == 400


@pytest.mark.parametrize("order_by", ["id;--", "project_id", "NAME", "-name", ",", "name,"])
def test_what_is_no_order_is_refused(client: httpx.Client, order_by: str) -> None:
    assert client.get(FILES, params={"order_by": order_by}).status_code == 400
    assert client.post(f"{FILES}/query", json={"order_by": order_by}).status_code == 400


ORDERS = ["created_at", "created_at asc", "name", "name desc", "id", "id desc"]
ORDERS += ["name, created_at desc", "name desc, id", "name desc, expires_at desc", "name, id, created_at desc"]


@pytest.mark.parametrize("order_by", ORDERS)
def test_pages_hold_each_file_once_while_files_come_and_go(client: httpx.Client, order_by: str) -> None:
    before = [uploaded(client, name)["id"] for name in ("a", "b", "b", "b", "c", "d")]
    query: dict[str, Any] = {"order_by": order_by, "page_size": 2}
    seen: list[str] = []
    for turn in itertools.count():
        page = client.get(FILES, params=query).json()
        seen += [file["id"] for file in page["items"]]
        if page["next_page_token"] is None:
            break
        uploaded(client, f"new {turn}")
        client.delete(f"{FILES}/{seen[0]}")  # what was told already
        query["page_token"] = page["next_page_token"]
    assert len(seen) == len(set(seen))
    assert set(before) <= set(seen)


def test_a_page_token_belongs_to_its_order(client: httpx.Client) -> None:
    for name in "ab":
        uploaded(client, name)
    tokens = [client.get(FILES, params={"order_by": o, "page_size": 1}).json()["next_page_token"] for o in ORDERS]
    for (order, _), (_, token) in itertools.permutations(zip(ORDERS, tokens, strict=True), 2):
        assert client.get(FILES, params={"order_by": order, "page_token": token}).status_code == 400


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "%%%",
        "\N{SNOWMAN}",
        token_of("x"),
        token_of(1, 2, 3),
        token_of("2026-11-22T00:00:00.000000Z", "00000000-0000-4000-8000-000000000000"),
        token_of("files created_at DESC, id DESC", 1, "x"),
        token_of("files created_at DESC, id DESC", "\ud800", "x"),
        token_of("files created_at DESC, id DESC", "x", 10**100),
        token_of("configurations created_at DESC, id DESC", "x", "x"),
        "W" * 5000,
    ],
)
def test_a_forged_page_token_is_refused(client: httpx.Client, token: str) -> None:
    assert client.get(FILES, params={"page_token": token}).status_code == 400
    assert client.post(f"{FILES}/query", json={"page_token": token}).status_code == 400


@pytest.mark.parametrize("page_size", ["0", "-1", "1001", "many", "9" * 40])
def test_a_page_has_1_to_1000_files(client: httpx.Client, page_size: str) -> None:
    assert client.get(FILES, params={"page_size": page_size}).status_code == 422


def test_a_page_has_50_files_unless_more_are_asked_for(client: httpx.Client) -> None:
    for _ in range(51):
        uploaded(client)
    assert [len(listed(client)), len(listed(client, page_size=1000))] == [50, 51]


@pytest.mark.parametrize("text", ["\ud800", "\x00", "'; DROP TABLE files; --", "%", "x" * 100_000])
@pytest.mark.parametrize("field", ["file_name", "external_file_id", "file_ids", "order_by", "page_token"])
def test_no_text_in_a_query_breaks_the_server(client: httpx.Client, field: str, text: str) -> None:
    in_filter = {"filter": {field: [text] if field == "file_ids" else text}}
    body = {field: text} if field in {"order_by", "page_token"} else in_filter
    # Python's own JSON is ASCII, in which half a character can be sent.
    answer = client.post(f"{FILES}/query", content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code in {200, 400, 422}
    assert uploaded(client)["name"] == "a.txt"
