"""What the LlamaIndex components share: the policy fields, an honest dictionary, and what may travel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, field_serializer

from classify_core.component import LabellingFields
from classify_core.errors import InvalidOptionError
from classify_core.grouping import GroupBy, identity_of
from llama_index_classify.events import observed
from llama_index_classify.progress import dispatched_progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from classify_core.grouping import Item
    from classify_core.labels import Labelling
    from classify_core.models import Rule


class LlamaIndexComponent(LabellingFields):
    """A classifier and a policy, to stand before LlamaIndex's own base class.

    The dictionary (`to_dict`) holds exactly what changes the output, because LlamaIndex's ingestion cache knows a step
    by it. How the work is done (`timeout`, `max_concurrency`, `max_credits`, `plan`, `cache`, ...) is not in it, and a
    key never is: `from_dict` finds it in the environment, or takes `api_key=`. Pass a limit such as `max_credits=`
    there again, since the dictionary does not hold it. Of `examples` it holds the paths of files, and of texts digests,
    so that `from_dict` wants those again. What was promised about privacy (`delete_after`,
    `upload_expires_in`) is in it, so that it holds for who rebuilds the component too.
    """

    rebuilt_by_name: ClassVar[tuple[str, ...]] = ("backend", "group_by")
    """Fields whose objects the dictionary can only name."""

    # How the work is done, not what it comes to.
    timeout: float | None = Field(default=None, exclude=True, frozen=True)
    max_concurrency: int | None = Field(default=None, exclude=True, frozen=True)
    max_credits: float | None = Field(default=None, exclude=True, frozen=True)
    plan: Any = Field(default=None, exclude=True, frozen=True)
    cache: Any = Field(default=True, exclude=True, frozen=True)
    refresh: bool = Field(default=False, exclude=True, frozen=True)
    retry_failed: bool = Field(default=False, exclude=True, frozen=True)
    usage: bool = Field(default=False, exclude=True, frozen=True)
    cancel_remote: bool = Field(default=False, exclude=True, frozen=True)

    def __init__(self, rules: Iterable[Rule | Mapping[str, Any]] | None = None, **arguments: Any) -> None:
        super().__init__(rules, **arguments)

    @field_serializer("backend")
    def _backend_by_name(self, backend: Any) -> Any:
        if isinstance(backend, str):
            return backend
        return {"name": str(backend.name), "base_url": getattr(backend, "base_url", None)}

    @field_serializer("group_by")
    def _group_by_by_name(self, group_by: GroupBy) -> str | dict[str, str | None] | None:
        return {"function": identity_of(group_by)} if callable(group_by) else group_by

    def labelling(
        self,
        items: Sequence[Item],
        *,
        show_progress: bool = False,
        deadline: float | None = None,
        adapt: bool | None = None,
    ) -> Labelling:
        """What the items come to; LlamaIndex's handlers are told of it.

        Args:
            items: the nodes, translated.
            show_progress: a bar on standard error.
            deadline: seconds for all documents together.
            adapt: False where the items are not all there are: then none teaches another what its type looks like.

        Raises:
            ForeignLabelError: an item carries a type that somebody else wrote; nothing was classified.
        """
        with observed(self.class_name(), self.metadata_schema, len(items)) as observation:
            return observation.ended(
                self.labeller().label(
                    items,
                    show_progress=show_progress,
                    deadline=deadline,
                    adapt=adapt,
                    on_progress=dispatched_progress(),
                )
            )

    async def alabelling(
        self,
        items: Sequence[Item],
        *,
        show_progress: bool = False,
        deadline: float | None = None,
        adapt: bool | None = None,
    ) -> Labelling:
        """The same, awaited."""
        with observed(self.class_name(), self.metadata_schema, len(items)) as observation:
            return observation.ended(
                await self.labeller().alabel(
                    items,
                    show_progress=show_progress,
                    deadline=deadline,
                    adapt=adapt,
                    on_progress=dispatched_progress(),
                )
            )

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by; each component gives its own."""
        return cls.__name__

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Everything that changes the output, as plain JSON data, equal in every process."""
        data = self.model_dump(**{"mode": "json", **kwargs})
        return data | {"answered_by": self.classifier.backend.name}

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> Self:
        """Makes an equal component of a dictionary.

        Args:
            data: what `to_dict` gave.
            kwargs: further arguments, and replacements, such as `api_key=`, `backend=` or `timeout=`.

        Raises:
            InvalidOptionError: the dictionary names an object (a backend, a function) that `kwargs` do not bring.
            AuthenticationError: it was hosted and there is no key.
        """
        arguments = {**data, **kwargs}
        for field in cls.rebuilt_by_name:
            if isinstance(arguments.get(field), dict):
                raise InvalidOptionError(_not_rebuildable(cls, field, arguments[field]))
        own = {name: value for name, value in arguments.items() if name not in {"class_name", "answered_by"}}
        return cls(**own)

    def __eq__(self, other: object) -> bool:
        # The classifiers inside are never the same object, so pydantic's comparison would always say no.
        return isinstance(other, LlamaIndexComponent) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # the fields can be assigned, as in every pydantic model

    def _picklable_fields(self) -> dict[str, Any]:
        """The own fields without those that LlamaIndex itself never stores, such as a callback manager."""
        excluded = {name for name, field in type(self).model_fields.items() if field.exclude}
        return {name: value for name, value in self.own_fields().items() if name not in excluded}


def _not_rebuildable(component: type[LlamaIndexComponent], field: str, described: dict[str, Any]) -> str:
    name = described.get("name") or described.get("function")
    return (
        f"{field}={name!r} was an object, which cannot be made again from its name; "
        f"pass it: {component.__name__}.from_dict(data, {field}=...)"
    )
