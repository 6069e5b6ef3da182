"""Sends each document on the way that its type has: to a pipeline, an index, transformations or a function."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # exported, not declared
from llama_index.core.storage.docstore import BaseDocumentStore

from classify_core.errors import ClassifyError, InvalidOptionError, RoutingError
from classify_core.routing import RoutePlan
from llama_index_classify.nodes import items_of
from llama_index_classify.routing.branches import branches_of, check_docstore
from llama_index_classify.routing.course import Course
from llama_index_classify.routing.execution import Execution
from llama_index_classify.routing.ledger import Ledger
from llama_index_classify.routing.records import Record, Records
from llama_index_classify.routing.report import RoutingReport
from llama_index_classify.routing.units import Unit, units_of
from llama_index_classify.transform import ClassifyTransform

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode, Document

    from classify_core.classifier import Classifier
    from classify_core.models import Rule

dispatcher = get_dispatcher(__name__)

_NO_SELECTION: Final = ("keep_types", "drop_types")


class IngestionRouter:
    """Classifies documents and hands each to what its type is to be ingested by.

        router = IngestionRouter(
            {"invoice": IngestionPipeline(...), "contract": index, "recipe": [SentenceSplitter(), embed_model]},
            default=other_index,
            review=print,
            rules=rules,
            min_confidence=0.6,
            docstore=SimpleDocumentStore(),
        )
        report = router.run(documents=documents)

    A document is classified once, all nodes of it take the same route, and each target is run once with labelled copies
    of all that it gets, in the order given. A target may be an `IngestionPipeline`, an index (documents are inserted,
    which splits and embeds them; nodes are inserted as they are), one or several transformations, or a function of the
    list, which may be async for `arun`. One object given for several types is run once, with the documents of all.

    A target that fails stops no other. What failed is in the report, and under `on_failure="raise"` a `RoutingError`
    that carries it is raised at the end.

    With the embedded engine the documents of a run teach each other what their types look like here (`adapt=`).

    With `docstore=` a run can be repeated: a document that arrived, and whose text, metadata and rules are the same, is
    neither classified nor handed over again. A changed one is; its former version is removed first, from wherever it
    went, once its new label is known. Pages of one file count as one document. It keeps records only, so give it a
    docstore of its own, persist it together with the targets' stores, and give one router to it. A document is known by
    its identifier (pages: by their file), so identifiers must be the same in each run. Indexes and pipelines with a
    vector store can remove; transformations and functions hold nothing that could be removed. Documents that are not
    given any more stay where they are.

    A router holds its targets, so it is not made to be pickled, other than its reports.

    Args:
        routes: targets by type; `"uncategorized"` may be one.
        rules: as for `Classifier`, like all further arguments of its; or `classifier=` instead.
        default: the target of all that has no route of its own, `"uncategorized"` included.
        review: the target of documents below `min_confidence` and, under `on_failure="annotate"`, of those that could
            not be classified; by default the default.
        on_failure: `"raise"` (the default): after all targets were tried, a `RoutingError`, and what could not be
            classified takes no route; `"annotate"`: nothing is raised, and what could not be classified goes to review
            with its error in its metadata; `"skip"`: nothing is raised, and it takes no route. The report tells of it
            in any case.
        concurrency: how many targets run at once: in threads, or on the loop. More than 1 needs targets that share no
            store, or one that several may write to at once.
        docstore: where it is remembered what has arrived.
        arguments: the classifier's own, `prefix` or `metadata_schema`, `group_by`, `source` and `overwrite`, as for
            `ClassifyTransform`.

    Raises:
        InvalidOptionError: a target takes no documents, no rule produces a route's type, or another option cannot work.
    """

    def __init__(
        self,
        routes: Mapping[str, Any],
        rules: Iterable[Rule | Mapping[str, Any]] | None = None,
        *,
        default: Any,
        review: Any = None,
        on_failure: Literal["raise", "annotate", "skip"] = "raise",
        concurrency: int = 1,
        docstore: BaseDocumentStore | None = None,
        **arguments: Any,
    ) -> None:
        _check_options(concurrency, docstore, arguments)
        self._branches = branches_of(routes, default=default, review=review)
        self._transform = ClassifyTransform(rules, on_failure=on_failure, **arguments)
        self._plan = RoutePlan(tuple(routes), review is not None, self._transform.metadata_schema)
        self._plan.check(self._transform.rules)
        if docstore is not None:
            check_docstore(docstore, self._branches)
        self._records = Records(docstore)
        self._concurrency = concurrency

    @property
    def classifier(self) -> Classifier:
        """The classifier that does the work."""
        return self._transform.classifier

    def __repr__(self) -> str:
        ways = [f"{route} -> {branch.target.kind}" for branch in self._branches for route in branch.routes]
        return f"IngestionRouter({', '.join(ways)})"

    @dispatcher.span
    def run(
        self,
        documents: Sequence[Document] | None = None,
        nodes: Sequence[BaseNode] | None = None,
        *,
        show_progress: bool = False,
    ) -> RoutingReport:
        """Classifies and hands over.

        Args:
            documents: documents; never changed.
            nodes: nodes, such as chunks of documents; never changed.
            show_progress: a bar for the classification, and what pipelines and transformations show.

        Raises:
            RoutingError: `on_failure="raise"`, and a target failed or a document could not be classified.
            ForeignLabelError: a document carries a type that somebody else wrote; nothing was done.
            InvalidOptionError: a function among the targets must be awaited, or no saved rule produces a route's type.
        """
        self._refuse_awaited()
        rules_id = self._checked_rules_id() if self._can_prepare() else None
        given = [*(documents or ()), *(nodes or ())]
        units = self._units(given)
        course = self._course(given, units, self._records.read(unit.name for unit in units), rules_id)
        course.assign(self._transform.labelling(items_of(course.remaining), show_progress=show_progress))
        self._execution(course, show_progress=show_progress).run()
        return self._reported(course)

    @dispatcher.span
    async def arun(
        self,
        documents: Sequence[Document] | None = None,
        nodes: Sequence[BaseNode] | None = None,
        *,
        show_progress: bool = False,
    ) -> RoutingReport:
        """The same, awaited; what of a target can only block runs in a thread."""
        rules_id = self._checked_rules_id() if await self._acan_prepare() else None
        given = [*(documents or ()), *(nodes or ())]
        units = self._units(given)
        course = self._course(given, units, await self._records.aread(unit.name for unit in units), rules_id)
        course.assign(await self._transform.alabelling(items_of(course.remaining), show_progress=show_progress))
        await self._execution(course, show_progress=show_progress).arun()
        return self._reported(course)

    def _refuse_awaited(self) -> None:
        awaited = [branch.routes[0] for branch in self._branches if branch.target.needs_await]
        if awaited:
            raise InvalidOptionError(
                f"the functions of {', '.join(map(repr, awaited))} are async; await router.arun(...) instead of run()"
            )

    def _can_prepare(self) -> bool:
        try:
            self.classifier.prepare()
        except ClassifyError:
            return False  # told of by the labelling, document by document
        return True

    async def _acan_prepare(self) -> bool:
        try:
            await self.classifier.aprepare()
        except ClassifyError:
            return False
        return True

    def _checked_rules_id(self) -> str:
        """Tells rules and metadata keys from others; saved rules are known only now."""
        classifier, schema = self.classifier, self._plan.schema
        self._plan.check(classifier.rules)
        return hashlib.sha256(f"{classifier.rules_id} {schema.model_dump_json()}".encode()).hexdigest()

    def _units(self, nodes: Sequence[BaseNode]) -> list[Unit]:
        return units_of(nodes, self._transform.group_by, schema=self._plan.schema, is_hashed=self._records.are_kept)

    def _course(
        self, nodes: Sequence[BaseNode], units: Sequence[Unit], records: Mapping[str, Record], rules_id: str | None
    ) -> Course:
        by_route = {route: branch for branch in self._branches for route in branch.routes}
        ledger = Ledger(self._plan, by_route, records, rules_id)
        return Course(self._branches, self._plan, self._transform.on_failure, ledger=ledger, nodes=nodes, units=units)

    def _execution(self, course: Course, *, show_progress: bool) -> Execution:
        return Execution(course, self._records, concurrency=self._concurrency, show_progress=show_progress)

    def _reported(self, course: Course) -> RoutingReport:
        report = course.report()
        if report.is_complete or self._transform.on_failure != "raise":
            return report
        errors = [route.error for route in report.failed_routes]
        raise RoutingError(self._told(report), report=report) from next(iter(errors), course.cause)

    def _told(self, report: RoutingReport) -> str:
        remedy = (
            "mend the cause and run it again: what has arrived is left alone"
            if self._records.are_kept
            else "mend the cause and run these documents again; with docstore= a run leaves alone what has arrived"
        )
        return f"not everything was routed: {'; '.join(report.told_failures())}; {remedy}"


def _check_options(concurrency: Any, docstore: Any, arguments: Mapping[str, Any]) -> None:
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise InvalidOptionError(f"concurrency={concurrency!r}: give a number of targets, 1 or more")
    if docstore is not None and not isinstance(docstore, BaseDocumentStore):
        raise InvalidOptionError(f"docstore= takes a document store, not a {type(docstore).__name__}")
    for name in _NO_SELECTION:
        if name in arguments:
            raise InvalidOptionError(f"{name}: a router routes all documents; give unwanted types a route of their own")
