"""Who may ask: each key is one project's, and nothing but health and documentation is to be had without one."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs
from uuid import UUID

from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from classify_core.api.clock import Clock
from classify_core.server.keys import KeptKey
from classify_core.server.logs import log_event
from classify_core.server.middleware.answers import answer, header_values
from classify_core.server.options import ServerOptions
from classify_core.server.routes import documentation
from classify_core.server.signed_addresses import DOWNLOADS
from classify_core.server.store.database import Database
from classify_core.server.store.projects import Project, project_of_key
from classify_core.sliding_window import SlidingWindow

if TYPE_CHECKING:
    from classify_core.server.service import Service

FREE_PATHS: Final = documentation.PATHS | {"/healthz"}
"""Those that need no key, and are spared by faults too."""

SHORT_KEY: Final = 16
FREE_GUESSES: Final = 20
GUESS_SECONDS: Final = 60.0
GUESS_DELAY_SECONDS: Final = 1.0
MAX_ADDRESSES: Final = 10_000


class GuessGuard:
    """Makes it slow to try keys: answers to wrong ones are held back where many came from one address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: OrderedDict[str, SlidingWindow] = OrderedDict()

    async def hold_back(self, address: str) -> None:
        """Counts a wrong key, and waits where too many came."""
        window = self._windows.setdefault(address, SlidingWindow(FREE_GUESSES, GUESS_SECONDS))
        self._windows.move_to_end(address)
        if len(self._windows) > MAX_ADDRESSES:
            self._windows.popitem(last=False)
        now = self._clock.monotonic()
        is_suspect = window.free_at(now) > now
        window.count(now)
        if is_suspect:
            await self._clock.asleep(GUESS_DELAY_SECONDS)

    def forget(self) -> None:
        """Counts anew."""
        self._windows = OrderedDict()


class KeyRing:
    """The keys of a server and their projects. Of the keys only digests are compared.

    Attributes:
        guesses: counts the wrong ones.
    """

    def __init__(self, options: ServerOptions) -> None:
        self.guesses = GuessGuard(Clock())
        self._keys = options.api_keys
        self._kept = None if options.api_keys else KeptKey(options.data)
        self._projects: dict[bytes, Project] = {}
        self._database: Database | None = None

    async def start(self, database: Database) -> None:
        """Finds each key's project; where no key was given, reads the kept one or makes it.

        Raises:
            InvalidOptionError: the kept key cannot be read or written.
        """
        self._database = database
        if self._kept is not None:
            self._keys = (self._kept.read_or_make(),)
        for position, key in enumerate(self._keys, start=1):
            if len(key.get_secret_value()) < SHORT_KEY:
                log_event("key.short", level=logging.WARNING, position=position, recommended_length=SHORT_KEY)
            await self.add(key)

    @property
    def first_key(self) -> SecretStr:
        """The key that is told where one is enough."""
        return self._keys[0]

    @property
    def kept_in(self) -> Path | None:
        """The file of the key that the server made; None where keys were given."""
        return None if self._kept is None else self._kept.path

    async def add(self, key: SecretStr) -> Project:
        """Accepts a key from now on, and returns its project."""
        assert self._database is not None, "the keys are not started"
        digest = _digest(key.get_secret_value())
        project = await self._database.run(project_of_key, digest)
        self._projects = self._projects | {digest: project}
        return project

    def remove(self, key: SecretStr) -> None:
        """Refuses a key from now on; its project stays."""
        gone = _digest(key.get_secret_value())
        self._projects = {digest: project for digest, project in self._projects.items() if digest != gone}

    def project_of(self, authorization: str | None) -> Project | None:
        """Returns the project of an `Authorization` header; None where it holds none of the keys."""
        scheme, _, key = (authorization or "").partition(" ")
        digest = _digest(key.strip())
        found = None
        # No early end: how long this takes tells nothing about which key is near.
        for known, project in self._projects.items():
            if hmac.compare_digest(known, digest):
                found = project
        return found if scheme.lower() == "bearer" else None


class Authentication:
    """Answers 401 to a request without a key of ours, and 403 to one for another project; both before its body is read.

    A missing, a malformed and a wrong key are answered alike.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._keys = service.keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        if scope["type"] != "http" or scope["path"] in FREE_PATHS or scope["path"].startswith(DOWNLOADS):
            await self._app(scope, receive, send)
            return
        project = self._project_of(scope)
        if project is None:
            await self._keys.guesses.hold_back(_address(scope))
            await answer(send, 401, "Invalid API key", [(b"www-authenticate", b"Bearer")])
        elif _names_other_project(scope, project):
            await answer(send, 403, "This key does not belong to the project")
        else:
            scope["state"]["project"] = project
            scope["state"]["record"].project_id = project.id
            await self._app(scope, receive, send)

    def _project_of(self, scope: Scope) -> Project | None:
        values = header_values(scope, "authorization")
        # Of several, a proxy may have checked another one.
        return self._keys.project_of(values[0]) if len(values) == 1 else None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return "" if client is None else str(client[0])


def _names_other_project(scope: Scope, project: Project) -> bool:
    # The route refuses what is no UUID, as it does every invalid parameter.
    named = parse_qs(scope["query_string"].decode("latin-1")).get("project_id", [])
    return any(identifier is not None and identifier != UUID(project.id) for identifier in map(_uuid, named))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
