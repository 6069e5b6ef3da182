"""The course of one run of a router: what is to be labelled, what each target gets, and what came of it.

What is decided is decided here, without input or output; `execution` does it, synchronously or awaited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from classify_core.routing import RoutePlan
from llama_index_classify.failures import FailedCall, IngestionFailure, document_id_of
from llama_index_classify.nodes import labelled_node
from llama_index_classify.routing.branches import Branch
from llama_index_classify.routing.ledger import Ledger
from llama_index_classify.routing.report import RouteReport, RoutingReport
from llama_index_classify.routing.units import Unit

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode

    from classify_core.labels import FailedDocument, Labelled, Labelling, OnFailure


@dataclass(slots=True)
class Assignment:
    """What one target gets in a run.

    Attributes:
        branch: the target.
        nodes: labelled copies, in the order given.
        units: the documents they come from, by name.
        returned: what the target made of them; None where it does not tell.
        error: why it failed.
    """

    branch: Branch
    nodes: list[BaseNode] = field(default_factory=list)
    units: dict[str, Unit] = field(default_factory=dict)
    returned: Sequence[BaseNode] | None = None
    error: Exception | None = None

    def report(self) -> RouteReport:
        """The same for the user."""
        document_ids = tuple(dict.fromkeys(map(document_id_of, self.nodes)))
        returned = None if self.returned is None else tuple(self.returned)
        return RouteReport(self.branch.routes, self.branch.target.kind, document_ids, returned, self.error)


class Course:
    """One run.

    Args:
        branches: where documents can go.
        plan: which way they take.
        on_failure: what becomes of documents that cannot be classified.
        ledger: what is known of the documents.
        nodes: what was given.
        units: the documents that they come from.
    """

    def __init__(
        self,
        branches: Sequence[Branch],
        plan: RoutePlan,
        on_failure: OnFailure,
        *,
        ledger: Ledger,
        nodes: Sequence[BaseNode],
        units: Sequence[Unit],
    ) -> None:
        self._plan = plan
        self._on_failure = on_failure
        self.ledger = ledger
        self._assignments = {route: one for one in map(Assignment, branches) for route in one.branch.routes}
        self._unchanged = [unit for unit in units if ledger.is_unchanged(unit)]
        left_alone = {unit.name for unit in self._unchanged}
        unit_at = {index: unit for unit in units if unit.name not in left_alone for index in unit.indices}
        self._units = [unit_at[index] for index in sorted(unit_at)]
        self.remaining = [nodes[index] for index in sorted(unit_at)]
        """The nodes of documents that are new, changed, or did not arrive in a former run; in the order given."""
        self._failures: tuple[IngestionFailure, ...] = ()
        self._classified = 0
        self.cause: Exception | None = None
        """The first error of a document that could not be classified."""

    @property
    def assignments(self) -> list[Assignment]:
        """What each target gets, those that get nothing included."""
        return list({id(one): one for one in self._assignments.values()}.values())

    def assign(self, labelling: Labelling) -> None:
        """Sends each remaining node on the route that its label takes."""
        self._classified = labelling.asked
        self._failures = tuple(map(self._failure, labelling.failed))
        self.cause = next((one.classification.error for one in labelling.failed), None)
        failed = {index for one in labelling.failed for index in one.indices}
        for index in failed:
            self.ledger.failed(self._units[index])
        for one in labelling.labelled:
            if one.index not in failed or self._on_failure == "annotate":
                self._assign(one)

    def _assign(self, labelled: Labelled) -> None:
        unit, node = self._units[labelled.index], self.remaining[labelled.index]
        verdict = self._plan.verdict(labelled.label)
        route = self._plan.route_of(verdict)
        self.ledger.takes(unit, verdict, route)
        assignment = self._assignments[route]
        assignment.units[unit.name] = unit
        assignment.nodes.append(labelled_node(node, labelled.metadata, self._plan.schema))

    def report(self) -> RoutingReport:
        """What it came to, for the user."""
        return RoutingReport(
            tuple(assignment.report() for assignment in self.assignments),
            tuple(identifier for unit in self._unchanged for identifier in unit.document_ids),
            self._failures,
            self._classified,
        )

    def _failure(self, failed: FailedDocument) -> IngestionFailure:
        nodes, outcome = [self.remaining[index] for index in failed.indices], failed.classification
        return IngestionFailure(
            document_ids=tuple(dict.fromkeys(map(document_id_of, nodes))),
            node_ids=tuple(node.node_id for node in nodes),
            status=outcome.status.value,
            # Without the number by which the error's own text calls a nameless document: one among those left to label.
            error="" if outcome.error is None else outcome.error.message,
            source_name=outcome.source_name,
            job_id=outcome.job_id,
            call=FailedCall(self._plan.schema.prefix, self._on_failure),
        )
