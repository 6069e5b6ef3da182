"""Which service a command speaks to, and as whom."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Annotated

import httpx
import typer
from pydantic import SecretStr

from classify_core.api import ClassifyClient, find_api_key, resolve_base_url
from classify_core.api.connection import KEY_VARIABLES
from classify_core.api.flow import Send
from classify_core.cli.commands import OptionGroup
from classify_core.cli.concealment import conceal
from classify_core.cli.output import tell
from classify_core.cli.values import naming, text_of
from classify_core.errors import AuthenticationError


@dataclass(frozen=True)
class ConnectionOptions(OptionGroup):
    """The service and the account."""

    api_key: Annotated[
        str | None,
        typer.Option(
            "--api-key",
            metavar="KEY",
            help="Unless given, LLAMA_CLOUD_API_KEY or LLAMA_PARSE_API_KEY in the environment. @FILE reads it from a "
            "file, which keeps it out of the list of processes.",
        ),
    ] = field(default=None, repr=False)
    base_url: Annotated[
        str | None,
        typer.Option(
            "--base-url",
            metavar="REGION|URL",
            help="The service: us, eu or an address. Unless given, LLAMA_CLOUD_BASE_URL in the environment, else us.",
        ),
    ] = None
    organization_id: Annotated[str | None, typer.Option("--organization-id", metavar="ID")] = None
    project_id: Annotated[
        str | None, typer.Option("--project-id", metavar="ID", help="A key belongs to one project anyway.")
    ] = None
    debug: Annotated[
        bool, typer.Option("--debug", help="Tell each request, its status and its time on standard error.")
    ] = False

    def found_key(self) -> SecretStr | None:
        """The key that was given, else that of the environment, else None.

        Raises:
            AuthenticationError: it holds characters that no key has.
            InvalidOptionError: the file that holds it cannot be read.
        """
        if self.api_key is None:
            key = find_api_key()
        else:
            text = text_of("--api-key", self.api_key)
            with naming("--api-key"):
                key = find_api_key(text)
        if key is not None:
            conceal(key.get_secret_value())
        return key

    def service_address(self) -> str:
        """The service's address.

        Raises:
            InvalidOptionError: it is not usable.
        """
        with naming("--base-url"):
            return resolve_base_url(self.base_url)

    def key(self) -> SecretStr:
        """The key that was given, else that of the environment.

        Raises:
            AuthenticationError: there is none, or it holds characters that no key has.
            InvalidOptionError: the file that holds it cannot be read.
        """
        key = self.found_key()
        if key is None:
            raise AuthenticationError(
                f"there is no API key; give --api-key, where @FILE reads it from a file, or set {KEY_VARIABLES[0]}. "
                "Keys are made in the service's console and begin with llx-"
            )
        return key

    def client(self) -> ClassifyClient:
        """A client of the service, to be closed.

        Raises:
            AuthenticationError: there is no usable key.
            InvalidOptionError: another option cannot work.
        """
        kind = _ToldClient if self.debug else ClassifyClient
        return kind(
            api_key=self.key(),
            base_url=self.service_address(),
            organization_id=self.organization_id,
            project_id=self.project_id,
        )


class _ToldClient(ClassifyClient):
    """Tells of each request what --debug promises; neither its query nor its headers nor its body."""

    def _send(self, step: Send, key: SecretStr) -> httpx.Response:
        begun = time.monotonic()
        outcome = "not sent"
        try:
            response = super()._send(step, key)
            outcome = str(response.status_code)
        except httpx.RequestError as fault:
            outcome = type(fault).__name__
            raise
        finally:
            tell(f"{step.call.method} {step.call.path} {outcome} {time.monotonic() - begun:.3f} s")
        return response
