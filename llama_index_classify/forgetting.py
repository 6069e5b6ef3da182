"""Running failed documents again: what an `IngestionPipeline` must forget first, so that it takes them for new ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from llama_index.core.node_parser import NodeParser
from llama_index.core.storage.docstore.utils import json_to_doc

from classify_core.errors import InvalidOptionError
from classify_core.metadata import MetadataSchema
from llama_index_classify.failures import IngestionFailure, document_id_of, is_failed

if TYPE_CHECKING:
    from llama_index.core.ingestion import IngestionCache, IngestionPipeline


def forget_failures(
    pipeline: IngestionPipeline, failures: Iterable[IngestionFailure], *, cache_collection: str | None = None
) -> None:
    """Makes a pipeline forget failed documents, so that the next run over the same documents classifies them again.

        nodes = pipeline.run(documents=documents)
        forget_failures(pipeline, step.failures)
        mended = pipeline.run(documents=documents)  # the failed ones alone, where there is a docstore

    Forgotten are the documents in its docstore, their nodes in its vector store, and what its cache keeps of the calls
    in which they failed; everything else stays. Where the step raised, nothing of the run was ingested, and all its
    documents are forgotten; those that were classified are not classified again. Forgetting twice does no harm.

    Where the step raised in a worker process (`num_workers`), this process knows of no failures, and all documents of
    the run are to be forgotten in the framework's own way:

        for document in documents:
            pipeline.docstore.delete_document(document.id_, raise_error=False)

    Args:
        pipeline: the pipeline that ran, or one with the same stores.
        failures: `ClassifyTransform.failures`, or `failures_in(nodes)`.
        cache_collection: as the run was given it.
    """
    gone = _Forgotten.of(failures)
    # The docstore comes last: as long as it knows a document, what was interrupted here can be done again.
    if pipeline.vector_store is not None:
        for document_id in gone.ingested_ids:
            pipeline.vector_store.delete(document_id)
        unsplit = _unsplit(pipeline, gone)
        if unsplit:
            with suppress(NotImplementedError):  # what such a store is given again replaces what it has
                pipeline.vector_store.delete_nodes(unsplit)
    _forget_calls(pipeline.cache, gone.failures, cache_collection)
    if pipeline.docstore is not None:
        for document_id in gone.document_ids:
            pipeline.docstore.delete_ref_doc(document_id, raise_error=False)
            pipeline.docstore.delete_document(document_id, raise_error=False)


async def aforget_failures(
    pipeline: IngestionPipeline, failures: Iterable[IngestionFailure], *, cache_collection: str | None = None
) -> None:
    """The same with the stores' awaited calls."""
    gone = _Forgotten.of(failures)
    if pipeline.vector_store is not None:
        for document_id in gone.ingested_ids:
            await pipeline.vector_store.adelete(document_id)
        unsplit = _unsplit(pipeline, gone)
        if unsplit:
            with suppress(NotImplementedError):
                await pipeline.vector_store.adelete_nodes(unsplit)
    # The framework has no awaited calls for its cache either: `arun` makes these, on the loop, too.
    _forget_calls(pipeline.cache, gone.failures, cache_collection)
    if pipeline.docstore is not None:
        for document_id in gone.document_ids:
            await pipeline.docstore.adelete_ref_doc(document_id, raise_error=False)
            await pipeline.docstore.adelete_document(document_id, raise_error=False)


@dataclass(frozen=True, slots=True)
class _Forgotten:
    """What is to be forgotten.

    Attributes:
        failures: the failures.
        document_ids: the failed documents, and what else a call that raised took along.
        ingested_ids: the failed documents whose nodes went on to a vector store, annotated.
    """

    failures: tuple[IngestionFailure, ...]
    document_ids: tuple[str, ...]
    ingested_ids: tuple[str, ...]

    @classmethod
    def of(cls, failures: Iterable[IngestionFailure]) -> Self:
        given = _checked(failures)
        calls = {id(one.call): one.call for one in given}.values()
        lost = [identifier for call in calls for identifier in call.lost_ids]
        documents = [identifier for one in given for identifier in one.document_ids]
        kept = [one for one in given if one.call.on_failure == "annotate"]
        return cls(
            given,
            _each_once([*documents, *lost]),
            _each_once(identifier for one in kept for identifier in one.document_ids),
        )


def _checked(failures: Iterable[IngestionFailure]) -> tuple[IngestionFailure, ...]:
    given = tuple(failures) if isinstance(failures, Iterable) else (failures,)
    for one in given:
        if not isinstance(one, IngestionFailure):
            raise InvalidOptionError(
                f"a {type(one).__name__} is no failure; give ClassifyTransform.failures, or failures_in(nodes)"
            )
    return given


def _unsplit(pipeline: IngestionPipeline, gone: _Forgotten) -> list[str]:
    """The documents that a vector store holds as they are: they have no source document to be deleted by."""
    if any(isinstance(step, NodeParser) for step in pipeline.transformations):
        return []
    own = {identifier for one in gone.failures for identifier in one.node_ids}
    return [identifier for identifier in gone.ingested_ids if identifier in own]


def _forget_calls(cache: IngestionCache, failures: Sequence[IngestionFailure], collection: str | None) -> None:
    """Deletes what a cache keeps of the calls in which documents failed; else it would hand the failures out again."""
    name = collection or cache.collection
    keys = {one.call.cache_key for one in failures if one.call.cache_key is not None}
    unknown = [one for one in failures if one.call.cache_key is None and not one.call.lost_ids]
    for key in [*keys, *_keys_holding(cache, unknown, name)]:
        cache.cache.delete(key, collection=name)


def _keys_holding(cache: IngestionCache, failures: Sequence[IngestionFailure], collection: str) -> list[str]:
    """The keys of what holds failed nodes of these documents, for failures of a call that is not known."""
    failed = {(one.call.prefix, identifier) for one in failures for identifier in one.document_ids}
    schemas = [MetadataSchema(prefix=prefix) for prefix in {one.call.prefix for one in failures}]
    if not schemas:
        return []  # asked for nothing, a remote cache is not read
    return [
        key
        for key, entry in cache.cache.get_all(collection=collection).items()
        if any(
            is_failed(node.metadata, schema) and (schema.prefix, document_id_of(node)) in failed
            for node in map(json_to_doc, entry[cache.nodes_key])
            for schema in schemas
        )
    ]


def _each_once(identifiers: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(identifiers))
