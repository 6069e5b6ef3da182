from __future__ import annotations

import asyncio
import hmac
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from classify_core import InvalidOptionError
from classify_core.server.keys import KeptKey, keys_from
from classify_core.server.middleware.authentication import GUESS_DELAY_SECONDS, GuessGuard
from classify_core.server.options import ServerOptions
from classify_core.server.service import Service
from classify_core.testing.server import ClassifyServer
from tests.clocks import QuickClock
from tests.server.projects import KEYS, own_server
from tests.server.wire import answer_on, head, wire_to

JOBS = "/api/v2/classify"


def _plain(keys: tuple[SecretStr, ...]) -> list[str]:
    return [key.get_secret_value() for key in keys]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", "Bearer llx-wrong")],
        [("Authorization", b"Bearer \xff\xfe")],
        [("Authorization", "llx-no-scheme")],
        [("X-API-Key", "llx-elsewhere")],
    ],
)
def test_a_missing_a_malformed_and_a_wrong_key_are_answered_alike(
    classify_server: ClassifyServer, headers: list[tuple[str, str]]
) -> None:
    answered = httpx.get(classify_server.base_url + JOBS, headers=headers)
    assert (answered.status_code, answered.json()) == (401, {"detail": "Invalid API key"})
    assert answered.headers["www-authenticate"] == "Bearer"


def test_the_right_key_under_another_scheme_or_beside_another_one_is_refused(classify_server: ClassifyServer) -> None:
    right = f"Bearer {classify_server.api_key}"
    for headers in (
        [("Authorization", f"Basic {classify_server.api_key}")],
        [("Authorization", right), ("Authorization", "Bearer llx-wrong")],
        [("Authorization", right.upper())],
    ):
        assert httpx.get(classify_server.base_url + JOBS, headers=headers).status_code == 401
    assert httpx.get(classify_server.base_url + JOBS, headers={"Authorization": right}).status_code == 200


def test_paths_that_do_not_exist_need_a_key_too(classify_server: ClassifyServer) -> None:
    assert httpx.get(f"{classify_server.base_url}/no/such/path").status_code == 401


@pytest.mark.parametrize(
    ("path", "content"),
    [("/healthz", '{"status":"ok"}'), ("/docs", "/openapi.json"), ("/openapi.json", "Classify API")],
)
def test_health_and_documentation_need_no_key(classify_server: ClassifyServer, path: str, content: str) -> None:
    answered = httpx.get(classify_server.base_url + path)
    assert answered.status_code == 200
    assert content in answered.text


@pytest.mark.parametrize(
    "path", ["/healthz/../api/v2/classify", "/healthz/", "//api/v2/classify", "/%61pi/v2/classify"]
)
def test_no_spelling_of_a_path_goes_round_the_key(classify_server: ClassifyServer, path: str) -> None:
    with wire_to(classify_server.base_url) as wire:
        wire.sendall(head("GET", path, "llx-wrong"))
        assert answer_on(wire)[0] == 401


def test_a_wrong_key_is_refused_before_the_body_is_read(classify_server: ClassifyServer) -> None:
    with wire_to(classify_server.base_url) as wire:
        wire.sendall(head("POST", "/api/v1/beta/files", "llx-wrong", "Content-Length: 100000000"))
        assert answer_on(wire)[0] == 401


@pytest.mark.parametrize("kind", ["existing", "unknown", "unhyphenated", "second"])
def test_a_project_that_is_not_the_keys_is_forbidden(classify_server: ClassifyServer, kind: str) -> None:
    classify_server.another_key()
    [theirs] = [
        project.id for project in classify_server._projects.values() if project.id != classify_server.project_id
    ]
    named = {
        "existing": [theirs],
        "unknown": [str(uuid4())],
        "unhyphenated": [theirs.replace("-", "")],
        "second": [classify_server.project_id, theirs],
    }[kind]
    answered = httpx.get(
        classify_server.base_url + JOBS, params={"project_id": named}, headers=_bearer(classify_server)
    )
    assert answered.status_code == 403
    assert answered.json() == {"detail": "This key does not belong to the project"}


def test_the_keys_own_project_is_accepted_and_what_is_no_uuid_is_invalid(classify_server: ClassifyServer) -> None:
    for named, status in ((classify_server.project_id, 200), (classify_server.project_id.upper(), 200), ("mine", 422)):
        answered = httpx.get(
            classify_server.base_url + JOBS, params={"project_id": named}, headers=_bearer(classify_server)
        )
        assert answered.status_code == status


def test_another_project_is_forbidden_before_the_body_is_read(classify_server: ClassifyServer) -> None:
    with wire_to(classify_server.base_url) as wire:
        path = f"/api/v1/beta/files?project_id={uuid4()}"
        wire.sendall(head("POST", path, classify_server.api_key, "Content-Length: 100000000"))
        assert answer_on(wire)[0] == 403


def test_a_key_has_the_same_project_after_a_restart_and_no_other_key_has_it(tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        with own_server(tmp_path / "data") as running:
            found.append([running.service.keys.project_of(f"Bearer {key}") for key in KEYS])
    assert found[0] == found[1]
    mine, theirs = found[0]
    assert len({mine.id, mine.user_id, theirs.id, theirs.user_id}) == 4


def test_every_key_is_compared_whichever_is_right(
    classify_server: ClassifyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = classify_server._service.keys
    others = [classify_server.another_key() for _ in range(3)]
    compared: list[bytes] = []

    def counting(known: bytes, given: bytes) -> bool:
        compared.append(known)
        return compare_digest(known, given)

    compare_digest = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", counting)
    counts = []
    for key in (classify_server.api_key, others[-1], "llx-wrong"):
        compared.clear()
        keys.project_of(f"Bearer {key}")
        counts.append(len(compared))
    assert counts == [len(keys._projects)] * 3


def test_after_twenty_wrong_keys_in_a_minute_an_address_waits_and_others_do_not() -> None:
    clock = QuickClock()
    guard = GuessGuard(clock)

    async def guess(times: int, address: str) -> int:
        before = len(clock.pauses)
        for _ in range(times):
            await guard.hold_back(address)
        return len(clock.pauses) - before

    assert asyncio.run(guess(20, "192.0.2.1")) == 0
    assert asyncio.run(guess(5, "192.0.2.1")) == 5
    assert set(clock.pauses) == {GUESS_DELAY_SECONDS}
    assert asyncio.run(guess(20, "192.0.2.2")) == 0
    clock.time += 61
    assert asyncio.run(guess(20, "192.0.2.1")) == 0


def test_a_right_key_is_never_held_back(tmp_path: Path) -> None:
    with own_server(tmp_path) as running:
        held_back: list[str] = []

        async def hold_back(_self: GuessGuard, address: str) -> None:
            held_back.append(address)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(GuessGuard, "hold_back", hold_back)
            statuses = [
                httpx.get(running.base_url + JOBS, headers={"Authorization": f"Bearer {key}"}).status_code
                for key in (*KEYS, "llx-wrong")
            ]
    assert statuses == [200, 200, 401]
    assert held_back == ["127.0.0.1"]


def test_keys_are_given_as_they_are_or_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("keys").write_text("# of the team\nllx-in-file-1\n\n  llx-in-file-2  \n")
    Path("llx-name").write_text("llx-not-read\n")
    assert _plain(keys_from(["llx-plain", "keys"])) == ["llx-plain", "llx-in-file-1", "llx-in-file-2"]
    assert _plain(keys_from(["@keys"])) == ["llx-in-file-1", "llx-in-file-2"]
    assert _plain(keys_from(["llx-name", "other"])) == ["llx-name", "other"]
    assert keys_from([]) == ()


@pytest.mark.parametrize("key", ["", "llx-with space", "llx-ünicode", "llx-line\nend", "llx-nul\0"])
def test_what_cannot_be_a_key_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(InvalidOptionError, match="API key 2") as refusal:
        keys_from(["llx-good", key])
    assert "llx" not in str(refusal.value)


def test_a_key_that_is_given_twice_is_refused_and_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match="API key 2 is given twice") as refusal:
        ServerOptions(data=tmp_path, api_keys=(SecretStr("llx-one"), SecretStr("llx-one")))
    assert "llx" not in str(refusal.value)


@pytest.mark.parametrize("content", [None, b"", b"# nothing\n", b"\xff\xfe"])
def test_a_file_without_keys_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidOptionError, match="keys"):
        keys_from([f"@{file}"])


def test_a_server_without_keys_makes_one_for_its_owner_alone_and_keeps_it(tmp_path: Path) -> None:
    kept = KeptKey(tmp_path)
    key = kept.read_or_make()
    assert key.get_secret_value().startswith("llx-")
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert KeptKey(tmp_path).read_or_make() == key
    assert [path.name for path in tmp_path.iterdir()] == ["api-key"]


def test_a_key_that_was_half_written_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "api-key.new").write_text("llx-ha")
    assert len(KeptKey(tmp_path).read_or_make().get_secret_value()) > 40


@pytest.mark.parametrize("content", ["", "llx-one\nllx-two\n"])
def test_a_spoilt_kept_key_is_refused_with_the_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / "api-key").write_text(content)
    with pytest.raises(InvalidOptionError, match="api-key"):
        KeptKey(tmp_path).read_or_make()


def test_keys_are_in_no_repr(tmp_path: Path) -> None:
    options = ServerOptions(data=tmp_path, api_keys=keys_from(["llx-secret"]))
    service = Service(options)
    assert "secret" not in repr(options) + repr(vars(service.keys))


def _bearer(server: ClassifyServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.api_key}"}
