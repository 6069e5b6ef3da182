"""What `classify run` is told about how to classify."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from classify_core.checks import checked_seconds
from classify_core.classifier import DEFAULT_TIMEOUT, Classifier
from classify_core.cli.commands import OptionGroup
from classify_core.cli.connection import ConnectionOptions
from classify_core.cli.output import tell
from classify_core.cli.rule_options import RULE_FILE, rules_in_file
from classify_core.cli.run_formats import format_of
from classify_core.cli.run_kept import KeptResults, kept_in
from classify_core.cli.run_results import ResultsFile
from classify_core.cli.values import given
from classify_core.errors import InvalidOptionError


class BackendName(StrEnum):
    """Who classifies."""

    AUTO = "auto"
    LOCAL = "local"
    HOSTED = "hosted"


class PlanName(StrEnum):
    """The plans of the hosted service whose limits are published."""

    FREE = "free"
    PRO = "pro"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True)
class RuleSetOptions(OptionGroup):
    """By which rules, and which pages are read."""

    rules: Annotated[
        Path | None,
        typer.Option(
            RULE_FILE,
            metavar="FILE",
            help="The rules, as YAML or JSON: a list of {type: invoice, description: '...'}.",
        ),
    ] = None
    configuration_id: Annotated[
        str | None,
        typer.Option("--configuration-id", metavar="ID", help="Rules saved at the service (cfg-...) instead."),
    ] = None
    lang: Annotated[
        str | None, typer.Option("--lang", metavar="LANG", help="The documents' language, for text recognition.")
    ] = None
    max_pages: Annotated[int | None, typer.Option("--max-pages", min=1, help="Read no more pages of a document.")] = (
        None
    )
    target_pages: Annotated[
        str | None, typer.Option("--target-pages", metavar="PAGES", help="Read only these pages, such as 1,3,5-7.")
    ] = None

    def arguments(self) -> dict[str, Any]:
        """The arguments of a `Classifier` that they come to.

        Raises:
            InvalidRulesError: the file cannot be read, or a rule breaks a limit.
            InvalidOptionError: there is neither a file nor an ID, or there are both.
        """
        if (self.rules is None) == (self.configuration_id is None):
            raise InvalidOptionError(
                "give either --rules FILE or --configuration-id ID; the file is a list of rules such as "
                "- {type: invoice, description: 'has an invoice number and line items'}"
            )
        parsing = given(lang=self.lang, max_pages=self.max_pages, target_pages=self.target_pages)
        if self.rules is not None:
            return {"rules": rules_in_file(self.rules), "parsing": parsing or None}
        if parsing:
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in parsing)
            raise InvalidOptionError(f"{flags}: the configuration saved under --configuration-id has its own")
        return {"configuration_id": self.configuration_id}


@dataclass(frozen=True)
class BackendOptions(OptionGroup):
    """Who classifies, and within which limits."""

    backend: Annotated[
        BackendName, typer.Option("--backend", help="auto: hosted where there is an API key, else local.")
    ] = BackendName.AUTO
    min_confidence: Annotated[
        float | None, typer.Option("--min-confidence", min=0.0, max=1.0, help="Below it the type is withheld.")
    ] = None
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds for one document.")] = DEFAULT_TIMEOUT
    max_concurrency: Annotated[
        int | None, typer.Option("--max-concurrency", min=1, help="Documents at once; unless said, what suits.")
    ] = None
    max_credits: Annotated[
        float | None,
        typer.Option("--max-credits", min=0.0, help="Begin no document whose pages would cost more in all; hosted."),
    ] = None
    plan: Annotated[PlanName | None, typer.Option("--plan", help="The plan whose rate limits are kept.")] = None
    cache: Annotated[
        Path | None,
        typer.Option("--cache", metavar="FILE", help="Keeps answers, so that equal content is asked once in all runs."),
    ] = None
    refresh: Annotated[bool, typer.Option("--refresh", help="Make answers anew that --cache holds.")] = False
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Make hosted jobs again that FAILED before; each is billed again.")
    ] = False
    delete_after: Annotated[
        bool, typer.Option("--delete-after", help="Delete a document and its job at the service once it is done.")
    ] = False
    usage: Annotated[
        bool, typer.Option("--usage", help="Ask what each hosted job cost: one more request a document.")
    ] = False

    def cache_files(self) -> tuple[Path, ...]:
        """The file of answers with those that SQLite makes beside it."""
        if self.cache is None:
            return ()
        return tuple(self.cache.with_name(f"{self.cache.name}{ending}") for ending in ("", "-wal", "-shm"))

    def classifier(self, rule_set: RuleSetOptions, connection: ConnectionOptions) -> Classifier:
        """The classifier that the options describe, to be closed.

        Raises:
            UsageError: an option cannot work.
            AuthenticationError: hosted was asked for and there is no usable key.
        """
        checked_seconds("--timeout", self.timeout)
        classifier = Classifier(
            **rule_set.arguments(),
            backend=self.backend.value,
            api_key=self._key(connection),
            base_url=connection.base_url,
            project_id=connection.project_id,
            organization_id=connection.organization_id,
            min_confidence=self.min_confidence,
            timeout=self.timeout,
            on_error="record",
            cache=True if self.cache is None else self.cache,
            refresh=self.refresh,
            retry_failed=self.retry_failed,
            delete_after=self.delete_after,
            usage=self.usage,
            plan=None if self.plan is None else self.plan.value,
            max_concurrency=self.max_concurrency,
            max_credits=self.max_credits,
        )
        if connection.base_url is not None and classifier.backend.name != BackendName.HOSTED:
            tell("--base-url is not used: there is no API key, or --backend is local, so documents are classified here")
        return classifier

    def _key(self, connection: ConnectionOptions) -> SecretStr | None:
        match self.backend:
            case BackendName.LOCAL:
                return None
            case BackendName.HOSTED:
                return connection.key()
            case BackendName.AUTO:
                return connection.found_key()


@dataclass(frozen=True)
class ResultsOptions(OptionGroup):
    """What becomes of the results."""

    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write the results to FILE.jsonl or FILE.csv as they come; a file of an earlier run is completed.",
        ),
    ] = None
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin the file of --out anew.")] = False
    summary: Annotated[
        bool,
        typer.Option(
            "--summary", help="Count the types at the end: on standard output with --out, else on standard error."
        ),
    ] = False
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Tell what the run would cost, and send no document.")
    ] = False

    def check(self) -> None:
        """Refuses what cannot work before anything is begun.

        Raises:
            InvalidOptionError: there is nothing to overwrite or to sum up, or the file's ending tells no format.
        """
        if self.estimate and self.summary:
            raise InvalidOptionError("--summary is of a run's results, and --estimate makes none; give one of the two")
        if self.overwrite and self.out is None:
            raise InvalidOptionError("--overwrite is about the file of --out; give both or neither")
        if self.out is not None:
            format_of(self.out)

    def file(self, classifier: Classifier) -> AbstractContextManager[ResultsFile | None]:
        """The file of results, to be closed; None where there is none.

        Raises:
            ClassifyError: saved rules cannot be loaded, or the file cannot be used.
        """
        if self.out is None:
            return nullcontext()
        return ResultsFile(self.out, rules_id=classifier.rules_id, overwrite=self.overwrite)

    def kept(self, classifier: Classifier) -> KeptResults | None:
        """What the file of results holds, which is only looked at; None where nothing of it would stay.

        Raises:
            ClassifyError: saved rules cannot be loaded, or the file cannot be used.
        """
        if self.out is None or self.overwrite:
            return None
        return kept_in(self.out, rules_id=classifier.rules_id)
