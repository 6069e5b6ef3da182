"""How `configurable_fields` gets its component: LangChain passes all fields back to the constructor, some changed.

What did not change is kept as it is: the whole classifier where nothing of it changed, else its backend with key,
connections and pacing, so that a field configured for one call opens no second connection pool. Equal changes share a
classifier, and with it what it knows and how many documents are open at once: LangChain rebuilds for each input of a
batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from classify_core.backend_choice import HostedOptions
from classify_core.classifier import Classifier
from classify_core.component import ClassifierFields

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx
    from pydantic import SecretStr

_CONNECTION: Final = frozenset(option.name for option in fields(HostedOptions))
# A classifier tells no options that its backend does not have.
_DEFAULTS: Final = {name: own.default for name, own in ClassifierFields.model_fields.items()}
_KEPT: Final = 8
"""Classifiers kept for changes that may come again; more than a program configures, and no leak."""

_CLASSIFIER: Final = frozenset(ClassifierFields.model_fields) - {"metadata_schema"} | _CONNECTION


@dataclass(frozen=True, eq=False)
class Origin:
    """What a component was built with.

    Attributes:
        classifier: its classifier.
        api_key: the key it was given or found, if any.
        http_client: the client it was given, if any.
    """

    classifier: Classifier
    api_key: SecretStr | None = field(default=None, repr=False)
    http_client: httpx.AsyncClient | None = field(default=None, repr=False)
    _changed: list[tuple[dict[str, Any], Classifier]] = field(default_factory=list, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def arguments(self) -> dict[str, Any]:
        """All arguments of the classifier."""
        told = {"api_key": self.api_key, "http_client": self.http_client, **self.classifier.arguments()}
        return {name: told.get(name, _DEFAULTS.get(name)) for name in _CLASSIFIER}

    def changed(self, changes: dict[str, Any]) -> Classifier:
        """The classifier with some arguments changed; the same one for equal changes."""
        with self._lock:
            found = next((known for known in self._changed if known[0] == changes), None)
            if found is None:
                found = changes, Classifier(**self._arguments_with(changes))
            else:
                self._changed.remove(found)
            self._changed[:] = [*self._changed, found][-_KEPT:]
        return found[1]

    def _arguments_with(self, changes: dict[str, Any]) -> dict[str, Any]:
        superseded = _superseded(changes)
        kept = {name: value for name, value in self.arguments().items() if name not in superseded}
        if "backend" not in changes and _CONNECTION.isdisjoint(changes):
            kept = {name: value for name, value in kept.items() if name not in _CONNECTION}
            kept["backend"] = self.classifier.backend
        return {name: value for name, value in (kept | changes).items() if value is not None}


def rebuilt_arguments(origin: Origin, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The constructor arguments of a component whose fields are those of `origin`, some of them changed."""
    own = {name: value for name, value in fields.items() if name not in _CLASSIFIER}
    before = origin.arguments()
    changes = {name: fields[name] for name in _CLASSIFIER if name in fields and fields[name] != before[name]}
    return own | {"classifier": origin.changed(changes) if changes else origin.classifier}


def _superseded(changed: Mapping[str, Any]) -> frozenset[str]:
    """The arguments that a changed one stands for."""
    superseded = frozenset[str]()
    if changed.get("configuration_id") is not None:
        superseded |= {"rules", "parsing"}
    elif changed.get("rules") is not None:
        superseded |= {"configuration_id"}
    if not isinstance(changed.get("backend", ""), str):
        superseded |= _CONNECTION
    return superseded
