from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from classify_core.server.signed_addresses import AddressSigner
from classify_core.server.store import files
from classify_core.testing.server import ClassifyServer
from tests.server.files_api import FILES, uploaded
from tests.server.projects import KEYS, client_of, own_server, stored


def address_of(client: httpx.Client, file: dict[str, Any], **query: Any) -> httpx.URL:
    answer = client.get(f"{FILES}/{file['id']}/content", params=query)
    assert answer.status_code == 200, answer.text
    return httpx.URL(answer.json()["url"])


def test_an_address_works_without_a_key(client: httpx.Client) -> None:
    answer = httpx.get(address_of(client, uploaded(client)))
    assert (answer.status_code, answer.content) == (200, b"an invoice")


def test_a_download_is_never_shown_or_run_by_a_browser(client: httpx.Client) -> None:
    answer = httpx.get(address_of(client, uploaded(client, "evil.html", b"<script>alert(1)</script>")))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="evil.html"'
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("/etc/cron.d/job", 'attachment; filename="job"'),
        ("..", 'attachment; filename="{id}"'),
        ('a"; filename=b', "attachment; filename*=utf-8''a%22%3B%20filename%3Db"),
        ("März.txt", "attachment; filename*=utf-8''M%C3%A4rz.txt"),
    ],
)
def test_the_name_of_a_download_stays_in_the_folder_of_who_saves_it(
    client: httpx.Client, name: str, disposition: str
) -> None:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nparse\r\n--b\r\nContent-Disposition: form-data; '
    )
    quoted = name.replace('"', '\\"')
    form += f'name="file"; filename="{quoted}"\r\n\r\nx\r\n--b--\r\n'.encode()
    file = client.post(FILES, content=form, headers={"content-type": "multipart/form-data; boundary=b"}).json()
    answer = httpx.get(address_of(client, file))
    assert answer.headers["content-disposition"] == disposition.format(id=file["id"].removeprefix("dfl-"))


def test_an_address_is_of_the_host_that_was_asked(classify_server: ClassifyServer, client: httpx.Client) -> None:
    file = uploaded(client)
    assert str(address_of(client, file)).startswith(f"{classify_server.base_url}/")
    answer = client.get(f"{FILES}/{file['id']}/content", headers={"host": "classify.example:8443"})
    assert answer.json()["url"].startswith("http://classify.example:8443/downloads/")


@pytest.mark.parametrize("host", ["[", "a b", "a/b", "x:y", "\N{SNOWMAN}"])
def test_no_host_header_breaks_the_server(client: httpx.Client, host: str) -> None:
    file = uploaded(client)
    answer = client.get(f"{FILES}/{file['id']}/content", headers={b"host": host.encode()})
    assert answer.status_code in {200, 400}


def test_an_address_works_for_an_hour_unless_told_otherwise(client: httpx.Client) -> None:
    file = uploaded(client)
    begin = datetime.now(UTC)
    for seconds, query in [(3600, {}), (60, {"expires_at_seconds": 60}), (1, {"expires_at_seconds": 1})]:
        answer = client.get(f"{FILES}/{file['id']}/content", params=query).json()
        until = datetime.fromisoformat(answer["expires_at"])
        assert begin + timedelta(seconds=seconds - 1) <= until <= datetime.now(UTC) + timedelta(seconds=seconds)
        assert parse_qs(urlsplit(answer["url"]).query)["expires"] == [str(int(until.timestamp()))]


def test_an_address_works_no_longer_than_its_file(client: httpx.Client) -> None:
    file = uploaded(client)
    answer = client.get(f"{FILES}/{file['id']}/content", params={"expires_at_seconds": 48 * 3600}).json()
    assert datetime.fromisoformat(answer["expires_at"]) <= datetime.fromisoformat(file["expires_at"])


@pytest.mark.parametrize("seconds", ["0", "-1", "172801", "9" * 40, "1.5", "soon"])
def test_the_time_of_an_address_is_bounded(client: httpx.Client, seconds: str) -> None:
    file = uploaded(client)
    answer = client.get(f"{FILES}/{file['id']}/content", params={"expires_at_seconds": seconds})
    assert answer.status_code == 422


def test_an_address_whose_time_is_over_is_refused(classify_server: ClassifyServer, client: httpx.Client) -> None:
    file = uploaded(client)
    signer = AddressSigner(stored(classify_server._running, files.signing_key))
    for moved, status in [(60, 200), (-1, 403), (-(10**6), 403)]:
        until = datetime.now(UTC) + timedelta(seconds=moved)
        path = signer.path(file["project_id"], file["id"].removeprefix("dfl-"), until)
        assert httpx.get(classify_server.base_url + path).status_code == status


def test_an_address_cannot_be_changed(client: httpx.Client, stranger: httpx.Client) -> None:
    file, another = uploaded(client), uploaded(client)
    theirs = uploaded(stranger)
    address = address_of(client, file)
    bare = file["id"].removeprefix("dfl-")
    later = str(int(address.params["expires"]) + 1)
    changed = [
        address.copy_with(path=address.path.replace(bare, another["id"].removeprefix("dfl-"))),
        address.copy_with(path=address.path.replace(bare, theirs["id"].removeprefix("dfl-"))),
        address.copy_with(path=address.path.replace(file["project_id"], theirs["project_id"])),
        address.copy_with(path=address.path.replace(bare, bare.upper())),
        address.copy_with(path=address.path.replace(bare, file["id"])),
        address.copy_set_param("expires", later),
        address.copy_set_param("expires", "+" + address.params["expires"]),
        address.copy_set_param("expires", "9" * 5000),
        address.copy_set_param("expires", "never"),
        address.copy_remove_param("expires"),
        address.copy_remove_param("signature"),
        address.copy_set_param("signature", ""),
        address.copy_set_param("signature", "\N{SNOWMAN}"),
        address.copy_set_param("signature", address.params["signature"].upper()),
        address.copy_set_param("signature", address_of(client, another).params["signature"]),
        address.copy_set_param("signature", address.params["signature"][:-1]),
    ]
    assert [httpx.get(url).status_code for url in changed] == [403] * len(changed)
    assert httpx.get(address).status_code == 200


def test_an_address_reads_and_does_nothing_else(client: httpx.Client) -> None:
    file = uploaded(client)
    address = address_of(client, file)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert httpx.request(method, address).status_code == 405
    for path in (f"{FILES}/{file['id']}", FILES):
        assert httpx.get(address.copy_with(path=path)).status_code == 401


@pytest.mark.parametrize("path", ["", "x", "x/y", "..%2f..%2fclassify.sqlite3/x", "%2e%2e/%2e%2e/etc/passwd"])
def test_nothing_but_signed_addresses_is_below_their_path(classify_server: ClassifyServer, path: str) -> None:
    answer = httpx.get(f"{classify_server.base_url}/downloads/{path}?expires=9999999999&signature=00")
    assert answer.status_code in {401, 403, 404}


def test_a_part_of_a_file_can_be_downloaded(client: httpx.Client) -> None:
    address = address_of(client, uploaded(client))
    answer = httpx.get(address, headers={"range": "bytes=3-5"})
    assert (answer.status_code, answer.content) == (206, b"inv")
    assert httpx.get(address, headers={"range": "bytes=100-"}).status_code == 416


def test_an_address_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    with own_server(tmp_path / "data") as running, client_of(running.base_url, KEYS[0]) as client:
        address = address_of(client, uploaded(client))
    with own_server(tmp_path / "data") as running:
        assert httpx.get(httpx.URL(running.base_url).join(address.raw_path.decode())).content == b"an invoice"


def test_no_two_servers_accept_each_others_addresses(tmp_path: Path) -> None:
    with (
        own_server(tmp_path / "one") as one,
        own_server(tmp_path / "two") as two,
        client_of(one.base_url, KEYS[0]) as client,
    ):
        address = address_of(client, uploaded(client))
        assert httpx.get(httpx.URL(two.base_url).join(address.raw_path.decode())).status_code == 403


def test_a_file_whose_bytes_were_lost_is_not_found(classify_server: ClassifyServer, client: httpx.Client) -> None:
    file = uploaded(client)
    address = address_of(client, file)
    classify_server._service.file_folder.path_of(file["project_id"], file["id"].removeprefix("dfl-")).unlink()
    answer = httpx.get(address)
    assert (answer.status_code, list(answer.json())) == (404, ["detail"])


def test_a_signer_does_not_show_its_key() -> None:
    assert "secret" not in repr(AddressSigner(b"secret"))
