"""What every LangChain component here shares: arguments, serialisation, secrets and what a failure does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from langchain_core.load.serializable import Serializable, SerializedConstructor, SerializedNotImplemented
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from classify_core.api import find_api_key
from classify_core.backend import Backend
from classify_core.component import ClassifierFields
from classify_core.limits import RateLimits
from classify_core.models import Rule
from classify_core.written_examples import can_be_read_again, written_examples
from langchain_classify.rebuilding import Origin, rebuilt_arguments

if TYPE_CHECKING:
    import httpx

    from classify_core.classifier import Classifier
    from classify_core.session import OnError

# A mistyped argument is an error that does not show its value: it may be a key. Each class states it for itself, since
# LangChain's own bases, which come last, ignore what they do not know.
COMPONENT_CONFIG: Final = ConfigDict(extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)

Rules: TypeAlias = Iterable[Rule | Mapping[str, Any]]

API_KEY_VARIABLE: Final = "LLAMA_CLOUD_API_KEY"
# Fields whose values are models of ours or paths: LangChain's dumper knows neither.
_DUMPED_AS_DATA: Final = ("rules", "parsing", "metadata_schema", "plan", "cache")


class ClassifyComponent(ClassifierFields, Serializable):
    """A component that holds a `Classifier`, shared or its own.

    It is dumped with its backend resolved and its key by name only, so that what was built hosted never turns local:
    loaded where there is no key it raises an `AuthenticationError`. A component with a part that JSON cannot hold (a
    backend or a cache of your own, a function, an example that is no file) is dumped as `not_implemented`, as
    LangChain's own components are; no dump holds the text of an example.

    Args:
        rules: as for `Classifier`, like all further arguments of its.
        classifier: a classifier to share, instead of those arguments.
        prefix: of the metadata keys; short for `metadata_schema=MetadataSchema(prefix=...)`.
        api_key: the hosted service's key; by default from `LLAMA_CLOUD_API_KEY`.
        http_client: your own `httpx.AsyncClient`; never dumped or pickled.
        fields: the component's own fields.

    Raises:
        InvalidOptionError: `classifier=` stands beside arguments of a Classifier.
        AuthenticationError: the backend is hosted and there is no key.

    A subclass states its `__init__`, else type checkers make one of the fields alone.
    """

    model_config = COMPONENT_CONFIG

    api_key: SecretStr | None = Field(default=None, repr=False)
    http_client: Any = Field(default=None, exclude=True, repr=False)
    origin: Any = Field(default=None, exclude=True, repr=False)
    """Only for `configurable_fields`, which rebuilds a component from its fields."""

    def __init__(
        self,
        rules: Rules | None = None,
        *,
        classifier: Classifier | None = None,
        prefix: str | None = None,
        api_key: str | SecretStr | None = None,
        http_client: httpx.AsyncClient | None = None,
        origin: Origin | None = None,
        **fields: Any,
    ) -> None:
        given = {"rules": rules, "api_key": api_key, "http_client": http_client, **fields}
        if origin is not None:
            given = rebuilt_arguments(origin, given)
        elif classifier is not None:
            given["classifier"] = classifier
        if isinstance(given.get("plan"), Mapping):
            given["plan"] = RateLimits(**given["plan"])
        super().__init__(prefix=prefix, **given)
        self._keep_connection(api_key, http_client, shared="classifier" in given and origin is None)

    def _keep_connection(
        self, api_key: str | SecretStr | None, http_client: httpx.AsyncClient | None, *, shared: bool
    ) -> None:
        """Keeps what a rebuilt component needs to reach the service; a shared classifier's key stays its own."""
        if not shared:
            known = find_api_key(api_key) if api_key is not None or self.backend == "hosted" else None
            self.api_key = known
            self.http_client = http_client
        self.origin = Origin(self.classifier, self.api_key, self.http_client)

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """True."""
        return True

    @property
    def lc_secrets(self) -> dict[str, str]:
        """The key is dumped as the name of its environment variable."""
        return {"api_key": API_KEY_VARIABLE}

    @property
    def lc_attributes(self) -> dict[str, Any]:
        """Constructor arguments as JSON data, in place of models that LangChain's dumper does not know."""
        values = {name: _as_data(getattr(self, name)) for name in _DUMPED_AS_DATA}
        values["examples"] = written_examples(self.examples)
        data = {name: value for name, value in values.items() if value is not None and value is not True}
        if self.backend == "hosted":
            data["api_key"] = API_KEY_VARIABLE  # replaced by its name, also where the key is a shared classifier's
        return data

    def to_json(self) -> SerializedConstructor | SerializedNotImplemented:
        """The dumped form; `not_implemented` where a part of the component has none in JSON."""
        if not can_be_read_again(self.examples):
            return self.to_json_not_implemented()
        dumped = super().to_json()
        try:
            json.dumps(dumped)
        except (TypeError, ValueError):
            return self.to_json_not_implemented()
        return dumped

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            # A backend of the user's own may show its key in its repr.
            yield name, value.name if isinstance(value, Backend) else value

    def _picklable_fields(self) -> dict[str, Any]:
        """Without key, client and origin: the key is found again in the environment."""
        dropped = self._never_pickled()
        return {name: value for name, value in self.own_fields().items() if name not in dropped}

    def _never_pickled(self) -> frozenset[str]:
        return frozenset({"api_key", "http_client", "origin"})


def on_error_for(on_failure: Literal["raise", "annotate"]) -> OnError:
    """A classifier's word for a component's policy."""
    return "raise" if on_failure == "raise" else "record"


def _as_data(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list):
        return [_as_data(item) for item in value]
    return str(value) if isinstance(value, Path) else value
