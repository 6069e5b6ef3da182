from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from classify_core.server.store.paging import token_of
from tests.server.projects import KEYS, client_of, own_server

CONFIGURATIONS = "/api/v1/beta/configurations"
INVOICE = {"type": "invoice", "description": "contains invoice number, line items, and total amount"}
RECEIPT = {"type": "receipt", "description": "purchase receipt with merchant details"}


def parameters(*rules: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"product_type": "classify_v2", "rules": list(rules or (INVOICE,))} | more


def saved(client: httpx.Client, name: str = "mine", *rules: dict[str, str]) -> dict[str, Any]:
    answer = client.post(CONFIGURATIONS, json={"name": name, "parameters": parameters(*rules)})
    assert answer.status_code == 201, answer.text
    return answer.json()


def listed(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(CONFIGURATIONS, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_a_configuration_is_answered_as_published(client: httpx.Client) -> None:
    parsing = {"lang": "de", "max_pages": 3, "target_pages": "1,3,5-7"}
    body = {"name": "Meine Regeln", "parameters": parameters(INVOICE, RECEIPT, parsing_configuration=parsing)}
    configuration = client.post(CONFIGURATIONS, json=body).json()

    assert client.get(f"{CONFIGURATIONS}/{configuration['id']}").json() == configuration
    assert configuration.pop("id").startswith("cfg-")
    moments = {datetime.fromisoformat(configuration.pop(name)) for name in ("version", "created_at", "updated_at")}
    assert len(moments) == 1
    assert configuration == body | {
        "product_type": "classify_v2",
        "parameters": body["parameters"] | {"mode": "FAST"},
    }


def test_saving_under_a_name_again_makes_a_new_version_of_the_same_configuration(client: httpx.Client) -> None:
    versions = [saved(client, "mine", *rules) for rules in ((INVOICE,), (RECEIPT,), (RECEIPT,))]

    assert len({version["id"] for version in versions}) == len({version["created_at"] for version in versions}) == 1
    assert [version["version"] for version in versions] == sorted({version["version"] for version in versions})
    assert listed(client) == versions[-1:]
    assert versions[-1]["parameters"]["rules"] == [RECEIPT]


def test_no_two_versions_are_the_same_however_quickly_they_follow(client: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as threads:
        versions = list(threads.map(lambda _: saved(client)["version"], range(40)))
    assert len(set(versions)) == 40


def test_a_name_that_is_saved_twice_at_once_is_one_configuration(client: httpx.Client) -> None:
    for name in map(str, range(10)):
        with ThreadPoolExecutor(2) as threads:
            pair = list(threads.map(lambda rule, name=name: saved(client, name, rule), (INVOICE, RECEIPT)))
        assert len({configuration["id"] for configuration in pair}) == 1
        assert len(listed(client, name=name)) == 1


def test_names_are_told_apart_exactly(client: httpx.Client) -> None:
    names = ["a", "A", "a ", "ä", "a\u0308", "%", "a" * 255]
    assert len({saved(client, name)["id"] for name in names}) == len(names)
    assert [configuration["name"] for configuration in listed(client, name="a")] == ["a"]


def test_each_project_has_its_own_names(client: httpx.Client, stranger: httpx.Client) -> None:
    mine, theirs = saved(client, "same", INVOICE), saved(stranger, "same", RECEIPT)
    assert mine["id"] != theirs["id"]
    assert listed(client) == [mine]


def test_a_configuration_of_another_project_is_answered_as_one_that_is_not_there(
    client: httpx.Client, stranger: httpx.Client
) -> None:
    theirs, nobodys = saved(stranger)["id"], f"cfg-{uuid4()}"
    for method, body in [("GET", None), ("DELETE", None), ("PUT", {"name": "x"}), ("PUT", {})]:
        known, unknown = (client.request(method, f"{CONFIGURATIONS}/{i}", json=body) for i in (theirs, nobodys))
        assert (known.status_code, known.text) == (404, unknown.text.replace(nobodys, theirs))
    assert listed(client) == []
    assert listed(stranger)[0]["name"] == "mine"


@pytest.mark.parametrize("config_id", ["cfg-", "x", "%00", "..%2f..", "9" * 3000, "' OR 1=1 --"])
def test_an_unknown_configuration_is_not_found(client: httpx.Client, config_id: str) -> None:
    saved(client)
    assert client.get(f"{CONFIGURATIONS}/{config_id}").status_code == 404


def test_a_change_touches_what_it_names_alone(client: httpx.Client) -> None:
    before = saved(client, "before", INVOICE)
    path = f"{CONFIGURATIONS}/{before['id']}"

    renamed = client.put(path, json={"name": "after"}).json()
    changed = client.put(path, json={"parameters": parameters(RECEIPT), "name": None}).json()
    assert (renamed["name"], renamed["parameters"]) == ("after", before["parameters"])
    assert (changed["name"], changed["parameters"]["rules"]) == ("after", [RECEIPT])
    assert {before["id"]} == {renamed["id"], changed["id"]}
    assert before["version"] < renamed["version"] < changed["version"] == changed["updated_at"]
    assert client.get(path).json() == changed


def test_a_change_of_nothing_makes_no_version(client: httpx.Client) -> None:
    before = saved(client)
    for body in ({}, {"name": None, "parameters": None}):
        assert client.put(f"{CONFIGURATIONS}/{before['id']}", json=body).json() == before


def test_a_name_that_another_configuration_has_cannot_be_taken(client: httpx.Client) -> None:
    mine, other = saved(client, "mine"), saved(client, "other")
    assert client.put(f"{CONFIGURATIONS}/{mine['id']}", json={"name": "other"}).status_code == 409
    assert listed(client) == [other, mine]
    assert client.put(f"{CONFIGURATIONS}/{mine['id']}", json={"name": "mine"}).status_code == 200


def test_a_name_is_free_again_after_its_configuration_was_renamed_or_deleted(client: httpx.Client) -> None:
    first = saved(client, "name")
    client.put(f"{CONFIGURATIONS}/{first['id']}", json={"name": "other"})
    second = saved(client, "name")
    assert client.delete(f"{CONFIGURATIONS}/{second['id']}").content == b""
    assert len({first["id"], second["id"], saved(client, "name")["id"]}) == 3


def test_a_deleted_configuration_is_gone(client: httpx.Client) -> None:
    path = f"{CONFIGURATIONS}/{saved(client)['id']}"
    assert client.delete(path).status_code == 204
    assert {client.get(path).status_code, client.delete(path).status_code} == {404}
    assert listed(client) == []


@pytest.mark.parametrize("body", [{}, {"name": "x"}, {"parameters": parameters()}, {"name": None, "parameters": None}])
def test_a_new_configuration_needs_a_name_and_parameters(client: httpx.Client, body: dict[str, Any]) -> None:
    assert client.post(CONFIGURATIONS, json=body).status_code == 422
    assert listed(client) == []


@pytest.mark.parametrize(
    "part",
    [
        {"name": ""},
        {"name": "n" * 256},
        {"name": "\ud800"},
        {"name": 1},
        {"parameters": []},
        {"parameters": parameters(mode="SLOW")},
        {"parameters": parameters(product_type="extract_v2")},
        {"parameters": {"rules": [INVOICE]}},
        {"parameters": {"product_type": "classify_v2", "rules": []}},
        {"parameters": parameters(INVOICE, INVOICE)},
        {"parameters": parameters({"type": "a!", "description": "long enough to be one"})},
        {"parameters": parameters({"type": "a", "description": "short"})},
        {"parameters": parameters({"type": "a", "description": "half a character: \ud800"})},
        {"parameters": parameters(parsing_configuration={"max_pages": 0})},
        {"parameters": parameters(parsing_configuration={"target_pages": "0"})},
        {"parameters": parameters(parsing_configuration={"lang": "\ud800"})},
    ],
)
def test_what_is_invalid_is_neither_saved_nor_changed(client: httpx.Client, part: dict[str, Any]) -> None:
    kept = saved(client, "kept")
    # Python's own JSON is ASCII, in which half a character can be sent.
    body = json.dumps({"name": "x", "parameters": parameters()} | part)
    for method, path in [("POST", CONFIGURATIONS), ("PUT", f"{CONFIGURATIONS}/{kept['id']}")]:
        answer = client.request(method, path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422
    assert listed(client) == [kept]


@pytest.mark.parametrize("body", [[], None, "text", 1])
def test_a_body_that_is_no_object_is_refused(client: httpx.Client, body: Any) -> None:
    assert client.post(CONFIGURATIONS, json=body).status_code == 422


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"name": NaN}'])
def test_a_body_that_is_no_json_is_refused(client: httpx.Client, content: bytes) -> None:
    answer = client.post(CONFIGURATIONS, content=content, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}


def test_configurations_are_listed_newest_first_over_pages_while_they_come_and_go(client: httpx.Client) -> None:
    before = [saved(client, f"old {number}")["id"] for number in range(5)]
    query: dict[str, Any] = {"page_size": 2}
    seen: list[str] = []
    for turn in itertools.count():
        page = client.get(CONFIGURATIONS, params=query).json()
        seen += [configuration["id"] for configuration in page["items"]]
        if page["next_page_token"] is None:
            break
        saved(client, f"new {turn}")
        saved(client, "old 4", RECEIPT)  # a change moves none
        client.delete(f"{CONFIGURATIONS}/{seen[0]}" if turn else f"{CONFIGURATIONS}/x")
        query["page_token"] = page["next_page_token"]
    assert seen == before[::-1]


def test_configurations_can_be_found(client: httpx.Client) -> None:
    one, two = saved(client, "one"), saved(client, "two")
    assert listed(client, name="one") == [one]
    assert listed(client, name="none") == listed(client, product_type="extract_v2") == []
    assert listed(client, product_type=["extract_v2", "classify_v2"]) == listed(client, latest_only=True) == [two, one]
    assert client.get(CONFIGURATIONS).json()["total_size"] == 2


@pytest.mark.parametrize(
    "query", [{"page_size": 0}, {"page_size": 1001}, {"product_type": "classify_v9"}, {"latest_only": "perhaps"}]
)
def test_an_invalid_filter_is_refused(client: httpx.Client, query: dict[str, Any]) -> None:
    assert client.get(CONFIGURATIONS, params=query).status_code == 422


@pytest.mark.parametrize("token", ["x", token_of("a", "b"), token_of("files created_at DESC, id DESC", "a", "b")])
def test_a_forged_page_token_is_refused(client: httpx.Client, token: str) -> None:
    assert client.get(CONFIGURATIONS, params={"page_token": token}).status_code == 400


def test_configurations_survive_a_restart(tmp_path: Path) -> None:
    with own_server(tmp_path) as running, client_of(running.base_url, KEYS[0]) as client:
        configuration = saved(client)
    with own_server(tmp_path) as running, client_of(running.base_url, KEYS[0]) as client:
        assert listed(client) == [configuration]
        assert saved(client)["id"] == configuration["id"]
