"""Which documents have arrived where: what is read of the records before a run, and written while it goes on."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from classify_core.routing import RoutePlan, Verdict
from llama_index_classify.routing.branches import Branch
from llama_index_classify.routing.contents import Contents, Held
from llama_index_classify.routing.records import Record
from llama_index_classify.routing.units import Unit

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode

logger = logging.getLogger(__name__)


class Ledger:
    """The records of one run; it decides what they say, and leaves reading and writing to others.

    Args:
        plan: which way documents take now.
        branches: by the names of their routes.
        records: of former runs, by the documents' names.
        labelled_under: the rules and metadata keys; None where saved rules could not be loaded, so that no former
            outcome can be told fresh from stale.
    """

    def __init__(
        self,
        plan: RoutePlan,
        branches: Mapping[str, Branch],
        records: Mapping[str, Record],
        labelled_under: str | None,
    ) -> None:
        self._plan = plan
        self._branches = branches
        self._records = records
        self._labelled_under = labelled_under
        self._taken: defaultdict[str, dict[tuple[Verdict, str], None]] = defaultdict(dict)
        self._awaited: defaultdict[str, set[Branch]] = defaultdict(set)
        self._unsplit: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._failed: set[str] = set()

    def is_unchanged(self, unit: Unit) -> bool:
        """Whether a document arrived in a former run as it is now, and would take the same way now."""
        record = self._records.get(unit.name)
        if record is None or record.hash != unit.hash or self._labelled_under is None:
            return False
        is_same_way = all(self._plan.route_of(verdict) == route for verdict, route in record.taken)
        return is_same_way and record.labelled_under == self._labelled_under

    def failed(self, unit: Unit) -> None:
        """Notes that a document could not be classified, so that the next run tries again."""
        self._failed.add(unit.name)

    def takes(self, unit: Unit, verdict: Verdict, route: str) -> None:
        """Notes that a document, or a part of it, is to take a route."""
        self._taken[unit.name][verdict, route] = None
        self._awaited[unit.name].add(self._branches[route])

    def begun(self, units: Iterable[Unit]) -> dict[str, Record]:
        """The records to write before anything is changed: where the documents may be from then on."""
        return {unit.name: self._record_begun(unit) for unit in units}

    def held(self, units: Iterable[Unit]) -> list[tuple[Contents, Held]]:
        """Where former versions of documents are, which are to be removed."""
        found: defaultdict[Contents, list[Held]] = defaultdict(list)
        for unit in units:
            record = self._records.get(unit.name, Record())
            for contents in dict.fromkeys(map(self._former_contents, record.routes)):
                if contents is not None:
                    found[contents].append(record.held)
        return [(contents, Held.joined(parts)) for contents, parts in found.items()]

    def arrived(self, branch: Branch, units: Iterable[Unit], returned: Sequence[BaseNode] | None) -> dict[str, Record]:
        """Notes that a target took documents; gives the records to write of those that have arrived as a whole."""
        unsplit = {node.node_id for node in returned or () if node.ref_doc_id is None}
        ended = {}
        for unit in units:
            self._unsplit[unit.name] |= dict.fromkeys(each for each in unit.document_ids if each in unsplit)
            self._awaited[unit.name].discard(branch)
            if not self._awaited[unit.name]:
                ended[unit.name] = self._record_arrived(unit)
        return ended

    def _record_begun(self, unit: Unit) -> Record:
        former = self._records.get(unit.name, Record())
        return Record(
            routes=_each_once([*former.routes, *self._routes(unit)]),
            document_ids=_each_once([*former.document_ids, *unit.document_ids]),
            node_ids=former.node_ids,
        )

    def _record_arrived(self, unit: Unit) -> Record:
        return Record(
            hash=None if unit.name in self._failed or self._labelled_under is None else unit.hash,
            labelled_under=self._labelled_under,
            taken=tuple(self._taken[unit.name]),
            routes=self._routes(unit),
            document_ids=unit.document_ids,
            node_ids=tuple(self._unsplit[unit.name]),
        )

    def _routes(self, unit: Unit) -> tuple[str, ...]:
        return _each_once(route for _, route in self._taken[unit.name])

    def _former_contents(self, route: str) -> Contents | None:
        if route in self._branches:
            return self._branches[route].target.contents
        logger.warning("there is no route %r any more; what it was given in former runs stays where it is", route)
        return None


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
