"""What the engine learns from a dear backend that is asked about few documents: here one that knows the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.accuracy.measurement import Measurement
from benchmarks.accuracy.section import Section
from benchmarks.labelling.figures import Figure
from classify_core import Answer, Backend, ClassifyConfiguration, ClassifyRequest, InvalidOptionError
from classify_core.cascade import CascadeBackend, CascadeReport
from classify_core.evaluation import Labelled, Outcome

MOST_SENT: Final = 0.25
LEAST_AGREEMENT: Final = 0.95


class LabelBackend:
    """Answers with a document's label.

    Args:
        labelled: the documents that it knows, by the names of their sources.
    """

    name = "labels"
    default_concurrency = 8

    def __init__(self, labelled: Sequence[Labelled]) -> None:
        self._labels: Mapping[str | None, str | None] = {each.source.name: each.label for each in labelled}

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:  # noqa: ARG002 - it answers at once
        """Looks it up."""
        return Answer(type=self._labels[request.source.name], confidence=1.0, reasoning="its label", backend=self.name)

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        """There are none.

        Raises:
            InvalidOptionError: always.
        """
        raise InvalidOptionError(f"there is no configuration {configuration_id}")

    async def aclose(self) -> None:
        """Has nothing to release."""


def measured_cascade(measurement: Measurement) -> Section:
    """Classifies all documents in one call, of which some are sent."""
    labelled = measurement.corpus.labelled
    dear: Backend = LabelBackend(labelled)
    cascade = CascadeBackend("local", dear, teach=MOST_SENT)
    rest = [each for each in measurement.batch(labelled, backend=cascade).judged if each.answer.backend != dear.name]
    alone = [each for each in measurement.together.judged if each.name in {other.name for other in rest}]
    report = cascade.report()
    figures = [
        _sent(report),
        _agreement(rest),
        Figure("the same, without having been taught", f"{_share_right(alone):.3f}"),
        Figure("the agreement that it states", _stated(report)),
    ]
    return Section.of("taught by a dear backend that knows the labels", figures)


def _sent(report: CascadeReport) -> Figure:
    told = f"{report.share_sent:.3f} ({report.sent} of {report.documents})"
    return Figure("documents sent", told, f"at most {MOST_SENT:g}", holds=report.share_sent <= MOST_SENT)


def _agreement(rest: Sequence[Outcome]) -> Figure:
    share = _share_right(rest)
    told = f"{share:.3f} ({sum(each.is_right for each in rest)} of {len(rest)})"
    return Figure(
        "agreement on the rest, null included", told, f"at least {LEAST_AGREEMENT:g}", holds=share >= LEAST_AGREEMENT
    )


def _share_right(outcomes: Sequence[Outcome]) -> float:
    return sum(each.is_right for each in outcomes) / len(outcomes) if outcomes else 1.0


def _stated(report: CascadeReport) -> str:
    if report.agreement is None or report.agreement_interval is None:
        return "none"
    low, high = report.agreement_interval
    return f"{report.agreement:.3f} ({low:.3f} to {high:.3f}), of {report.held_out} held out"
