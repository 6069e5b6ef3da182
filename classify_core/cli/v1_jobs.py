"""The commands of the deprecated API, v1, by the hosted command line's spelling: `classify classifier:jobs ...`.

They print what the API answers, as JSON, on a terminal too.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from classify_core.api import calls_v1
from classify_core.cli import output
from classify_core.cli.command_groups import command_group
from classify_core.cli.commands import command
from classify_core.cli.connection import ConnectionOptions
from classify_core.cli.output import Format, OutputOptions, Record
from classify_core.cli.paging_options import PagingOptions
from classify_core.cli.parsing_options import ParsingOptions, v1_parsing
from classify_core.cli.rule_options import RuleOptions
from classify_core.cli.values import identifier, naming
from classify_core.cli.webhook_options import WebhookOptions
from classify_core.errors import InvalidRulesError
from classify_core.models import Page
from classify_core.models_v1 import FileClassification, V1Mode

app = command_group("Jobs of the deprecated API, v1: many files each. Prints its JSON.")

JOB_COLUMNS: Final = ("id", "status", "mode", "created_at")
RESULT_COLUMNS: Final = ("file_id", "result.type", "result.confidence", "result.reasoning")

JobOption = Annotated[str | None, typer.Option("--classify-job-id", metavar="ID", help="The job.")]
JobArgument = Annotated[str | None, typer.Argument(metavar="[JOB_ID]", help="The job, without the flag.")]


@command(
    app,
    "create",
    examples=(
        "classify classifier:jobs create --file-id ID --rule \"{description: 'has line items', type: invoice}\"",
        "classify classifier:jobs create --file-id ID --rule @rules.yaml --parsing-configuration.max-pages 2",
    ),
)
def create(
    *,
    file_id: Annotated[list[str], typer.Option("--file-id", metavar="ID", help="An uploaded file. Repeatable.")],
    rule: RuleOptions,
    mode: Annotated[
        V1Mode | None,
        typer.Option("--mode", help="FAST (unless said) reads text, MULTIMODAL looks at pages too."),
    ] = None,
    parsing: ParsingOptions,
    webhooks: WebhookOptions,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """Create a job that classifies many files, and print it."""
    form = results.chosen(on_terminal=Format.JSON)
    rules = rule.rules()
    if rules is None:
        raise InvalidRulesError("give at least one --rule, or --rule.type with --rule.description")
    parsing_configuration, reported_to = v1_parsing(parsing), webhooks.webhooks()
    with naming("--file-id"):
        creation = calls_v1.create_job(
            file_id,
            rules=rules,
            mode=V1Mode.FAST if mode is None else mode,
            parsing_configuration=parsing_configuration,
            webhook_configurations=reported_to or (),
        )
    with connection.client() as client:
        output.show(client.run(creation), form)


@command(app, "list", examples=("classify classifier:jobs list --page-size 50 --max-items 100",))
def list_jobs(*, paging: PagingOptions, connection: ConnectionOptions, results: OutputOptions) -> None:
    """List jobs."""
    form = results.chosen(on_terminal=Format.JSON)
    query = paging.query()
    with connection.client() as client:
        output.show_all(paging.limited(client.v1.jobs.list(**query)), form, columns=JOB_COLUMNS)


@command(app, "get", examples=("classify classifier:jobs get --classify-job-id 5f0e2c1a-...",))
def get(
    *,
    argument: JobArgument = None,
    classify_job_id: JobOption = None,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """Print a job as it stands; its results are apart."""
    form, job = results.chosen(on_terminal=Format.JSON), identifier("--classify-job-id", classify_job_id, argument)
    with connection.client() as client:
        output.show(client.v1.jobs.get(job), form)


@command(
    app,
    "get-results",
    examples=(
        "classify classifier:jobs get-results --classify-job-id 5f0e2c1a-...",
        "classify classifier:jobs get-results 5f0e2c1a-... | jq -r '[.items[] | .file_id, .result.type] | @tsv'",
    ),
)
def get_results(
    *,
    argument: JobArgument = None,
    classify_job_id: JobOption = None,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """Print what a job found for each of its files."""
    form, job = results.chosen(on_terminal=Format.JSON), identifier("--classify-job-id", classify_job_id, argument)
    with connection.client() as client:
        pages = list(client.v1.jobs.results(job).pages())
    if form is Format.PRETTY:
        output.show_all((item for page in pages for item in page.items), form, columns=RESULT_COLUMNS)
    else:
        output.show(_in_one(pages), form)


def _in_one(pages: list[Page[FileClassification]]) -> Record:
    """The last page with the items of all pages: what a service without pages answers."""
    items = [item for page in map(output.record_of, pages) for item in page["items"]]
    return {**output.record_of(pages[-1]), "items": items}
