"""Labels nodes and documents while they are ingested."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from llama_index.core.ingestion.pipeline import get_transformation_hash
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # exported, not declared
from llama_index.core.schema import BaseNode, TransformComponent
from pydantic import PrivateAttr

from classify_core.background import in_thread
from llama_index_classify.component import LlamaIndexComponent
from llama_index_classify.failures import CallRecord, IngestionFailure
from llama_index_classify.nodes import check_nodes, items_of, labelled_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from classify_core.models import Rule

dispatcher = get_dispatcher(__name__)


class ClassifyTransform(LlamaIndexComponent, TransformComponent):
    """A step of an `IngestionPipeline` that writes each document's type and confidence into its nodes' metadata.

    It stands before or after a splitter; nodes of one source document share one classification. Nodes are copied,
    never changed, and nodes that carry a fresh label are not classified again.

        pipeline = IngestionPipeline(transformations=[SentenceSplitter(), ClassifyTransform(rules)])

    With the embedded engine the documents of one call teach each other what their types look like here, from a few
    dozen on (`adapt=` of `Classifier`); with `num_workers` those that one worker gets.

    Answers are kept by document, in memory or with `cache="answers.sqlite"` on disk, so that in another order, in
    another process and with new documents among them only the new ones are classified. The pipeline's own cache comes
    before that and knows less: it keeps what a step returned for a whole batch, annotated failures too, and knows nodes
    by text and metadata alone, neither by identifier nor by the file behind them. `disable_cache=True` leaves caching
    to the classifier. Do so where documents of one text and metadata have several identifiers, where files change
    under `source="file"`, and with `configuration_id`, whose rules may change at the service.

    What could not be classified is in `.failures`, and `forget_failures` makes a pipeline run it again. A step that
    raises makes a docstore take all documents of the run for ingested; until they are forgotten there, the next run
    passes them over. A type that somebody else wrote is such an error, before anything is classified: choose another
    `prefix`, or `overwrite=True`, beforehand.

    `num_workers` deals out documents without regard to files: pages of one file that come to two workers are classified
    as two documents. `source="file"` gives them one type all the same, and one answer with a `cache=` on disk.

    LlamaIndex shows the nodes of each step, with their texts, to its span handlers; a key is never among that.

    Args:
        rules: as for `Classifier`, like all further arguments of its; or `classifier=` instead.
        prefix: of the metadata keys; short for `metadata_schema=MetadataSchema(prefix=...)`. Several classifiers live
            side by side under their own.
        group_by: what one document is; by default the nodes of one source document, and the pages of one file.
        source: `"text"` (the default), or `"file"`: the original that the metadata names, read when it is classified.
            `parse_job_id` (`pjb-...`, not billed again) and `file_id` (`dfl-...`) count where the backend is hosted,
            then `file_path`: a path, a relative one from the working directory, or a `file://` address; then `source`,
            where there is a file of that name. Where nothing is named, or several originals by one document, it is the
            text; a file that cannot be read is a failure.
        on_failure: `"annotate"` (the default: status and error become metadata), `"raise"` or `"skip"`.
        overwrite: whether a type that somebody else wrote may be replaced.
        keep_types: only nodes of these types remain; `"uncategorized"` is one.
        drop_types: nodes of these types do not remain.
    """

    _failures: tuple[IngestionFailure, ...] = PrivateAttr(default=())

    def __init__(self, rules: Iterable[Rule | Mapping[str, Any]] | None = None, **arguments: Any) -> None:
        super().__init__(rules, **arguments)

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by."""
        return "ClassifyTransform"

    @property
    def failures(self) -> tuple[IngestionFailure, ...]:
        """The documents that could not be classified in the last call in this process, whatever became of them.

        `forget_failures` makes a pipeline run them again. Of several pipelines that share this step at once, those of
        the one whose call ended last; what worker processes did (`num_workers`) is not seen here, but by
        `failures_in(nodes)`.
        """
        return self._failures

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """Returns labelled copies of the nodes that remain, in their order.

        Args:
            nodes: nodes or documents; never changed.
            kwargs: `show_progress=True` shows a bar; what else a pipeline passes on is for other steps.

        Raises:
            ForeignLabelError: a node carries a type that somebody else wrote; nothing was classified.
            BatchError: `on_failure="raise"` and a document could not be classified.
        """
        with self._recorded(nodes) as record:
            labelling = record.ended(self.labelling(items_of(nodes), show_progress=_shows_progress(kwargs)))
            return labelled_nodes(nodes, labelling.passed(), self.metadata_schema)

    @dispatcher.span
    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """The same, awaited."""
        with self._recorded(nodes) as record:
            items = await in_thread(items_of, nodes)
            labelling = record.ended(await self.alabelling(items, show_progress=_shows_progress(kwargs)))
            return await in_thread(labelled_nodes, nodes, labelling.passed(), self.metadata_schema)

    @contextmanager
    def _recorded(self, nodes: Sequence[BaseNode]) -> Iterator[CallRecord]:
        check_nodes(nodes)
        record = CallRecord(
            nodes,
            prefix=self.metadata_schema.prefix,
            on_failure=self.on_failure,
            cache_key=lambda: get_transformation_hash(nodes, self),
        )
        try:
            yield record
        except BaseException as error:  # a cancelled call too: a docstore may take its documents for ingested
            record.raised(error)
            raise
        finally:
            self._failures = record.failures


def _shows_progress(kwargs: Mapping[str, Any]) -> bool:
    return bool(kwargs.get("show_progress", False))
