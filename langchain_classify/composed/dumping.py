"""How classes of ours that derive from LangChain's own are dumped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_core.load.serializable import Serializable

if TYPE_CHECKING:
    from langchain_core.load.serializable import SerializedConstructor, SerializedNotImplemented


class DumpedFromHere(Serializable):
    """A mixin: dumped under the class's own module, and without what is at its default.

    LangChain dumps those too, and among them classes of errors, which have no JSON: its own cannot be loaded again.
    """

    @classmethod
    def get_lc_namespace(cls) -> list[str]:
        """The class's module, which LangChain's runnables replace by theirs."""
        return cls.__module__.split(".")

    def to_json(self) -> SerializedConstructor | SerializedNotImplemented:
        """The dumped form."""
        dumped = super().to_json()
        if dumped["type"] == "constructor":
            defaults = {name: field.default for name, field in type(self).model_fields.items()}
            dumped["kwargs"] = {
                name: value
                for name, value in dumped["kwargs"].items()
                if name not in defaults or value != defaults[name]
            }
        return dumped
