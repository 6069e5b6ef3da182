"""What every framework component shares: a classifier, given or made of the same arguments, mirrored in fields.

The fields are what a framework stores, compares and rebuilds a component from; the classifier itself, its key and its
HTTP client are not among them.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_serializer, field_validator

from classify_core.backend import Backend, BatchBackend
from classify_core.classifier import DEFAULT_TIMEOUT, Classifier
from classify_core.configuring import Adapt
from classify_core.errors import InvalidOptionError
from classify_core.grouping import GroupBy
from classify_core.labelling import Labeller
from classify_core.labels import LabelPolicy, OnFailure, SourceChoice
from classify_core.metadata import MetadataSchema, schema_of
from classify_core.models import ParsingConfiguration, Rule
from classify_core.pickling import restored
from classify_core.rules import refuse_unknown_types
from classify_core.written_examples import examples_again, written_examples

if TYPE_CHECKING:
    import httpx

_CONTAINERS: Final = (dict, list, set)
# Arguments of a Classifier that a component decides itself, here by `on_failure`.
_NOT_MIRRORED: Final = frozenset({"on_error"})


# Those that are no fields.
_ARGUMENTS: Final = ("classifier", "prefix", "api_key", "http_client")

# Fields of some components that name types: a name that no rule produces would silently do nothing.
_TYPE_LISTS: Final = ("keep_types", "drop_types")


class ClassifierFields(BaseModel):
    """A pydantic mixin, to stand before the framework's own base class.

    Args:
        rules: as for `Classifier`, like all further arguments of its.
        classifier: a classifier to share, instead of those arguments.
        prefix: of the metadata keys; short for `metadata_schema=MetadataSchema(prefix=...)`.
        api_key: as for `Classifier`; no field of this mixin, so that no framework stores or traces it.
        http_client: as for `Classifier`; no field of this mixin.
        fields: the component's own fields. `on_error` is none: what a failure does is `on_failure`.

    Raises:
        InvalidOptionError: there is no such argument, or `classifier=` stands beside arguments of a Classifier.
    """

    # Inputs are hidden in errors because a misspelt argument may hold a key.
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)

    default_timeout: ClassVar[float | None] = None
    """Seconds for a document where neither `timeout` nor `classifier` is given; None is the Classifier's default."""

    # Frozen: the classifier is made of them once, and a changed field would tell of another one.
    rules: list[Rule] | None = Field(default=None, frozen=True)
    configuration_id: str | None = Field(default=None, frozen=True)
    parsing: ParsingConfiguration | None = Field(default=None, frozen=True)
    backend: Any = Field(default="auto", frozen=True)
    base_url: str | None = Field(default=None, frozen=True)
    project_id: str | None = Field(default=None, frozen=True)
    organization_id: str | None = Field(default=None, frozen=True)
    min_confidence: float | None = Field(default=None, frozen=True)
    timeout: float | None = Field(default=None, frozen=True)
    max_concurrency: int | None = Field(default=None, frozen=True)
    max_credits: float | None = Field(default=None, frozen=True)
    adapt: Adapt = Field(default="auto", frozen=True)
    examples: Any = Field(default=None, frozen=True, repr=False)
    plan: Any = Field(default=None, frozen=True)
    cache: Any = Field(default=True, frozen=True)
    refresh: bool = Field(default=False, frozen=True)
    retry_failed: bool = Field(default=False, frozen=True)
    usage: bool = Field(default=False, frozen=True)
    delete_after: bool = Field(default=False, frozen=True)
    cancel_remote: bool = Field(default=False, frozen=True)
    upload_expires_in: float | None = Field(default=None, frozen=True)
    metadata_schema: MetadataSchema = Field(default_factory=MetadataSchema)

    _classifier: Classifier = PrivateAttr()

    def __init__(
        self,
        rules: Iterable[Rule | Mapping[str, Any]] | None = None,
        *,
        classifier: Classifier | None = None,
        prefix: str | None = None,
        api_key: Any = None,
        http_client: httpx.AsyncClient | None = None,
        **fields: Any,
    ) -> None:
        self._refuse_unknown(fields)
        own = {"rules": rules, "api_key": api_key, "http_client": http_client}
        own |= {name: fields.pop(name) for name in _classifier_fields() if name in fields}
        given = {name: value for name, value in own.items() if value is not None}
        if "examples" in given:
            given["examples"] = examples_again(given["examples"])
        if classifier is None:
            if self.default_timeout is not None:
                given.setdefault("timeout", self.default_timeout)
            classifier = Classifier(**given)
        elif given:
            raise InvalidOptionError(
                f"classifier= was given, so {', '.join(sorted(given))} cannot be; give one of the two"
            )
        if prefix is not None:
            fields["metadata_schema"] = schema_of(prefix, fields.get("metadata_schema"))
        mirrored = {name: value for name, value in classifier.arguments().items() if name not in _NOT_MIRRORED}
        super().__init__(**fields, **mirrored)
        self._classifier = classifier
        self.metadata_schema.refuse_ambiguous(self.rules or ())
        for name in _TYPE_LISTS:
            refuse_unknown_types(name, getattr(self, name, None), self.rules, self.metadata_schema.no_match_label)

    @classmethod
    def _refuse_unknown(cls, fields: Mapping[str, Any]) -> None:
        """Refuses a misspelt argument before a classifier is made: of `rule=` it would only say that rules are missing.

        Raises:
            InvalidOptionError: there is one; its value, which may be a key, is not told.
        """
        own = {alias for field in cls.model_fields.values() if (alias := field.alias) is not None}
        known = sorted(own.union(cls.model_fields, _ARGUMENTS))
        for name in fields:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=3)
                told = f"; near are {', '.join(near)}" if near else f"; see {cls.__name__} and Classifier"
                raise InvalidOptionError(f"{cls.__name__} has no argument {name}{told}")

    @property
    def classifier(self) -> Classifier:
        """The classifier that does the work."""
        return self._classifier

    @property
    def adapts(self) -> bool:
        """Whether the documents of a call that has all of them may teach each other."""
        return self.adapt is not False and isinstance(self._classifier.backend, BatchBackend)

    @property
    def deadline(self) -> float | None:
        """Seconds for all documents of a call, where a person waits for it.

        That is `timeout`; but the component's own default where a shared classifier was left with the Classifier's,
        which is meant for documents that nobody waits for.
        """
        return self.default_timeout if self.timeout == DEFAULT_TIMEOUT else self.timeout

    @field_serializer("backend")
    def _backend_by_name(self, backend: Any) -> str:
        """A backend of the user's own can only be named; it cannot be rebuilt from its name."""
        return str(backend.name) if isinstance(backend, Backend) else str(backend)

    @field_serializer("examples")
    def _examples_without_texts(self, examples: Any) -> Any:
        return written_examples(examples)

    def own_fields(self) -> dict[str, Any]:
        """The component's fields that are not the classifier's."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in _classifier_fields()}

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """A copy that shares the classifier, since neither connections nor keys can be copied, and no container."""
        del memo
        held = {name: getattr(self, name) for name in type(self).model_fields}
        return self.model_copy(update={name: copy.copy(one) for name, one in held.items() if type(one) in _CONTAINERS})

    def __reduce__(self) -> tuple[Any, ...]:
        # Rebuilt by the constructor: frameworks' own ways lose private attributes or restore half an object.
        # The classifier travels as itself, with what it learned.
        return restored, (_make, type(self), self._classifier, self._picklable_fields())

    def _picklable_fields(self) -> dict[str, Any]:
        """The own fields that travel to another process."""
        return self.own_fields()


class LabellingFields(ClassifierFields):
    """The fields of a component that labels many documents at once.

    Args:
        group_by: what one document is: `"auto"`, a metadata key, a function of the framework's own document, or None:
            each alone.
        source: what of a document is classified: `"text"`, which its items hold, or `"file"`, the original that their
            metadata names (`parse_job_id` or `file_id` where the backend is hosted, else `file_path`, else `source`
            where there is a file of that name); the text where they name none or several.
        on_failure: what becomes of a document that could not be classified: `"annotate"`, `"raise"` or `"skip"`.
        overwrite: whether a type that somebody else wrote may be replaced.
        keep_types: only these types pass; `"uncategorized"` is one. A failed document is never dropped for its type.
        drop_types: these types do not pass.
    """

    group_by: GroupBy = Field(default="auto", frozen=True)
    source: SourceChoice = Field(default="text", frozen=True)
    on_failure: OnFailure = Field(default="annotate", frozen=True)
    overwrite: bool = Field(default=False, frozen=True)
    keep_types: tuple[str, ...] | None = Field(default=None, frozen=True)
    drop_types: tuple[str, ...] | None = Field(default=None, frozen=True)

    def __init__(self, rules: Iterable[Rule | Mapping[str, Any]] | None = None, **arguments: Any) -> None:
        # Named here and in each subclass because type checkers take a pydantic class without one to have fields only.
        super().__init__(rules, **arguments)

    @field_validator("keep_types", "drop_types", mode="before")
    @classmethod
    def _of_one_too(cls, types: Any) -> Any:
        return (types,) if isinstance(types, str) else types

    @field_validator("keep_types", "drop_types")
    @classmethod
    def _in_stable_order(cls, types: tuple[str, ...] | None) -> tuple[str, ...] | None:
        # They may come as a set, whose order differs between processes, and frameworks compare what they store.
        return None if types is None else tuple(sorted(set(types)))

    def labeller(self) -> Labeller:
        """What labels documents as these fields say."""
        return Labeller(self.classifier, self.label_policy())

    def label_policy(self) -> LabelPolicy:
        """How labels are made and written."""
        return LabelPolicy(
            schema=self.metadata_schema,
            group_by=self.group_by,
            source=self.source,
            on_failure=self.on_failure,
            overwrite=self.overwrite,
            keep_types=self.keep_types,
            drop_types=self.drop_types,
        )


def _classifier_fields() -> frozenset[str]:
    return frozenset(ClassifierFields.model_fields) - {"metadata_schema"}


def _make(component: type[ClassifierFields], classifier: Classifier, fields: dict[str, Any]) -> ClassifierFields:
    return component(classifier=classifier, **fields)
