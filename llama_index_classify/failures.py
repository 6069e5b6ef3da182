"""Which documents of an ingestion could not be classified: as one call of a step knows it, or as nodes tell it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from classify_core.classification import Status
from classify_core.errors import ClassifyError
from classify_core.grouping import NAME_KEYS, first_named, grouped
from classify_core.labels import FailedDocument, Labelling, OnFailure
from classify_core.metadata import MetadataSchema, error_text
from llama_index_classify.nodes import items_of

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode

_FAILURE_STATUSES: Final = frozenset(status.value for status in Status if not status.is_success)


@dataclass(frozen=True, slots=True)
class FailedCall:
    """The call in which documents failed, as far as an ingestion must know it to run them again.

    Attributes:
        prefix: of the metadata keys.
        on_failure: what became of the failed documents; `"raise"` too where the call raised for another reason.
        cache_key: under which an `IngestionCache` keeps what the call returned; None where that is not known.
        lost_ids: where the call raised: the identifiers of all its nodes and documents, of which none was ingested.
    """

    prefix: str = "classify_"
    on_failure: OnFailure = "annotate"
    cache_key: str | None = None
    lost_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IngestionFailure:
    """A document that could not be classified.

    Attributes:
        document_ids: the identifiers by which a docstore knows it: its source document's, each page's for the pages of
            one file.
        node_ids: its nodes at this step; where it was not split yet, the same.
        status: how it ended: `"failed"`, `"timeout"`, `"cancelled"` or `"not_started"`.
        error: what happened and what to do.
        source_name: its name, where it has one.
        job_id: its job at the hosted service, where there is one.
        call: what is needed to run it again.
    """

    document_ids: tuple[str, ...]
    node_ids: tuple[str, ...]
    status: str
    error: str
    source_name: str | None = None
    job_id: str | None = None
    call: FailedCall = field(default=FailedCall(), repr=False, compare=False)


def failures_in(nodes: Iterable[BaseNode], prefix: str = "classify_") -> tuple[IngestionFailure, ...]:
    """The documents whose nodes say that they could not be classified.

    For nodes that come from elsewhere, such as the worker processes of `num_workers` or an index; a step that leaves
    failed documents out (`on_failure="skip"`) leaves nothing to be found here.

    Args:
        nodes: what a pipeline returned.
        prefix: of the step's metadata keys.
    """
    schema = MetadataSchema(prefix=prefix)
    failed = [node for node in nodes if is_failed(node.metadata, schema)]
    return tuple(_told_by([failed[index] for index in group], schema) for group in grouped(items_of(failed), "auto"))


def is_failed(metadata: dict[str, Any], schema: MetadataSchema) -> bool:
    """Whether metadata says that its document could not be classified."""
    status = metadata.get(schema.key("status"))
    return isinstance(status, str) and status in _FAILURE_STATUSES  # a store may hand back a list


def document_id_of(node: BaseNode) -> str:
    """The identifier by which a docstore knows a node's document."""
    return node.ref_doc_id or node.node_id


def _told_by(nodes: Sequence[BaseNode], schema: MetadataSchema) -> IngestionFailure:
    metadata = nodes[0].metadata
    return IngestionFailure(
        **_identifiers(nodes),
        status=str(metadata[schema.key("status")]),
        error=str(metadata.get(schema.key("error"), "")),
        source_name=first_named(metadata, NAME_KEYS),
        job_id=metadata.get(schema.key("job_id")),
        call=FailedCall(schema.prefix),
    )


class CallRecord:
    """What is noted of one call of a step.

    Args:
        nodes: what it was given.
        prefix: of the metadata keys.
        on_failure: the step's policy.
        cache_key: gives the key under which an `IngestionCache` keeps what the call returns; asked for when needed.
    """

    def __init__(
        self, nodes: Sequence[BaseNode], *, prefix: str, on_failure: OnFailure, cache_key: Callable[[], str]
    ) -> None:
        self._nodes = nodes
        self._prefix = prefix
        self._on_failure = on_failure
        self._cache_key = cache_key
        self.failures: tuple[IngestionFailure, ...] = ()

    def ended(self, labelling: Labelling) -> Labelling:
        """Notes the failed documents; gives back what it is given."""
        if labelling.failed:
            is_raised = self._on_failure == "raise"
            call = self._raised_call() if is_raised else FailedCall(self._prefix, self._on_failure, self._cache_key())
            self.failures = tuple(self._failure(one, call) for one in labelling.failed)
        return labelling

    def raised(self, error: BaseException) -> None:
        """Notes that nothing came of the call, unless the failures that it raised for are noted already."""
        if not self.failures:
            status, told, call = *_cut_short(error), self._raised_call()
            groups = grouped(items_of(self._nodes), "auto")
            self.failures = tuple(
                IngestionFailure(**self._identifiers(group), status=status, error=told, call=call) for group in groups
            )

    def _raised_call(self) -> FailedCall:
        documents = [document_id_of(node) for node in self._nodes]
        lost = dict.fromkeys([*documents, *(node.node_id for node in self._nodes)])
        return FailedCall(self._prefix, "raise", lost_ids=tuple(lost))

    def _failure(self, failed: FailedDocument, call: FailedCall) -> IngestionFailure:
        outcome = failed.classification
        return IngestionFailure(
            **self._identifiers(failed.indices),
            status=outcome.status.value,
            error=error_text(outcome),
            source_name=outcome.source_name,
            job_id=outcome.job_id,
            call=call,
        )

    def _identifiers(self, indices: Iterable[int]) -> dict[str, Any]:
        return _identifiers([self._nodes[index] for index in indices])


def _cut_short(error: BaseException) -> tuple[str, str]:
    """Status and text for every document of a call that raised; a foreign error's own text may quote a document."""
    if isinstance(error, ClassifyError):
        return Status.NOT_STARTED.value, str(error)
    return Status.CANCELLED.value, f"the call was ended by {type(error).__name__}; run it again"


def _identifiers(nodes: Sequence[BaseNode]) -> dict[str, Any]:
    return {
        "document_ids": tuple(dict.fromkeys(map(document_id_of, nodes))),
        "node_ids": tuple(node.node_id for node in nodes),
    }
