"""Which backend classifies: resolved once, so that what was built hosted never turns local and vice versa."""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from classify_core.api import find_api_key, region_name
from classify_core.backend import Backend
from classify_core.engine import Engine
from classify_core.errors import InvalidOptionError
from classify_core.hosted import HostedBackend
from classify_core.limits import limits_of
from classify_core.local import LocalBackend

if TYPE_CHECKING:
    import httpx
    from pydantic import SecretStr

    from classify_core.limits import Plan, RateLimits

logger = logging.getLogger(__name__)

BackendLike: TypeAlias = Literal["auto", "hosted", "local"] | Backend


@dataclass(frozen=True, kw_only=True)
class HostedOptions:
    """The arguments that only the hosted backend knows."""

    api_key: str | SecretStr | None = None
    base_url: str | None = None
    project_id: str | None = None
    organization_id: str | None = None
    http_client: httpx.AsyncClient | None = None
    plan: Plan | RateLimits | None = None
    retry_failed: bool = False
    usage: bool = False
    delete_after: bool = False
    cancel_remote: bool = False
    upload_expires_in: float | None = None

    def __repr__(self) -> str:
        return f"HostedOptions(given={self.given()})"

    def given(self) -> list[str]:
        """The names of those that were given."""
        return [name for name, value in vars(self).items() if value is not None and value is not False]


_HOSTED_OPTIONS: Final = tuple(option.name for option in fields(HostedOptions))


@dataclass(frozen=True)
class BackendChoice:
    """A resolved backend.

    Attributes:
        backend: what classifies.
        name: `"hosted"` or `"local"` where it was made by name; None where the user made it, who also closes it.
    """

    backend: Backend
    name: Literal["hosted", "local"] | None

    def refuse_pickling(self) -> None:
        """Raises InvalidOptionError where an HTTP client of the user's own would be lost on the way."""
        if isinstance(self.backend, HostedBackend):
            self.backend.refuse_pickling()

    def arguments(self) -> dict[str, Any]:
        """What makes the same choice again, without key and client."""
        if isinstance(self.backend, HostedBackend) and self.name is not None:
            chosen = self.backend.arguments()
            return {"backend": self.name} | {name: chosen[name] for name in _HOSTED_OPTIONS if name in chosen}
        return {"backend": self.backend if self.name is None else self.name}


def choose_backend(backend: BackendLike, options: HostedOptions) -> BackendChoice:
    """Resolves `backend=`; what `"auto"` came to is logged at INFO.

    Raises:
        InvalidOptionError: there is no such backend, or options of the hosted one stand beside one made by the user.
        AuthenticationError: hosted was asked for and there is no usable key.
    """
    if not isinstance(backend, str):
        return _own_backend(backend, options)
    if backend == "auto":
        name: Literal["hosted", "local"] = "local" if find_api_key(options.api_key) is None else "hosted"
        choice = _by_name(name, options)
        logger.info("backend='auto': classifying %s", _where(choice))
        return choice
    return _by_name(backend, options)


def _by_name(name: str, options: HostedOptions) -> BackendChoice:
    if name == "hosted":
        return BackendChoice(HostedBackend(**vars(options)), "hosted")
    if name == "local":
        limits_of(options.plan)  # a misspelt plan is said now, not only where there is a key
        return BackendChoice(LocalBackend(), "local")
    raise InvalidOptionError(f'there is no backend {name!r}; give "auto", "hosted", "local" or a Backend')


def _own_backend(backend: Backend, options: HostedOptions) -> BackendChoice:
    if isinstance(backend, type):
        raise InvalidOptionError(f"backend is the class {backend.__name__}; give an instance: {backend.__name__}()")
    if isinstance(backend, Engine):
        name = type(backend).__name__
        raise InvalidOptionError(f"{name} is an engine, what a backend decides with: backend=LocalBackend({name}(...))")
    if not isinstance(backend, Backend):
        raise InvalidOptionError(f"a {type(backend).__name__} is not a Backend; see classify_core.Backend")
    if options.given():
        raise InvalidOptionError(
            f"{', '.join(options.given())} cannot be given beside a backend of your own; give them to that backend"
        )
    return BackendChoice(backend, None)


def _where(choice: BackendChoice) -> str:
    if isinstance(choice.backend, HostedBackend):
        return f"hosted, region {region_name(choice.backend.base_url)}"
    return "locally (no LLAMA_CLOUD_API_KEY)"
