"""What the documents of one v1 job have in common, translated from the current API's terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from classify_core.api.call import Call
from classify_core.api.calls_v1 import create_job
from classify_core.backend import ClassifyRequest
from classify_core.errors import InvalidOptionError
from classify_core.models import ParsingConfiguration, Rule
from classify_core.models_v1 import V1Job, V1Mode, V1ParsingConfiguration
from classify_core.page_ranges import parse_page_ranges

MAX_TARGET_PAGES: Final = 10_000
"""v1 wants each page by its number, so a range without a sensible end would become a body without one."""


@dataclass(frozen=True)
class Work:
    """What to look for, how, and in which pages; equal work may share a job."""

    rules: tuple[Rule, ...]
    mode: V1Mode
    parsing: V1ParsingConfiguration

    def creation(self, file_ids: Sequence[str]) -> Call[V1Job]:
        """The call that makes the job of these files."""
        return create_job(file_ids, rules=self.rules, mode=self.mode, parsing_configuration=self.parsing)

    def is_of(self, job: V1Job) -> bool:
        """Whether a job does this work; of which files is another question."""
        rules = [(rule.type, rule.description) for rule in job.rules]
        answered = job.parsing_configuration
        return (
            rules == [(rule.type, rule.description) for rule in self.rules]
            and job.mode == self.mode
            and (answered.lang, answered.max_pages, answered.target_pages)
            == (self.parsing.lang, self.parsing.max_pages, self.parsing.target_pages)
        )


def work_of(request: ClassifyRequest, mode: V1Mode) -> Work:
    """The work that a document asks for.

    Raises:
        InvalidOptionError: v1 cannot do it; nothing was sent.
    """
    if request.source.kind == "parse_job":
        raise InvalidOptionError(
            f'the v1 API classifies files only, not the parse job {request.source.value}; use api="v2"',
            source_name=request.source.name,
        )
    if request.configuration_id is not None:
        raise InvalidOptionError(
            f"the v1 API knows no saved configurations, so not {request.configuration_id}; "
            'give its rules themselves, or use api="v2"',
            source_name=request.source.name,
        )
    configuration = request.configuration
    return Work(configuration.rules, mode, _parsing_of(configuration.parsing_configuration or ParsingConfiguration()))


def _parsing_of(parsing: ParsingConfiguration) -> V1ParsingConfiguration:
    target_pages = None if parsing.target_pages is None else _page_indices(parsing.target_pages)
    return V1ParsingConfiguration(lang=parsing.lang, max_pages=parsing.max_pages, target_pages=target_pages)


def _page_indices(target_pages: str) -> tuple[int, ...]:
    """v1's 0-based page numbers, ascending, of v2's 1-based notation."""
    ranges = parse_page_ranges(target_pages)
    count = sum(map(len, ranges))
    if count > MAX_TARGET_PAGES:
        raise InvalidOptionError(
            f"target_pages {target_pages!r} names {count:,} pages; the v1 API takes them one by one, so name "
            f"{MAX_TARGET_PAGES:,} at most, or limit them with max_pages"
        )
    return tuple(sorted({page - 1 for pages in ranges for page in pages}))
