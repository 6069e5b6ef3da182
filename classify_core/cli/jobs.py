"""The commands of the current API, v2: create, get, list, wait, cancel, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

import typer

from classify_core.api import calls_jobs
from classify_core.api.waiting import DEFAULT_TIMEOUT
from classify_core.checks import checked_seconds
from classify_core.cli import output
from classify_core.cli.commands import command
from classify_core.cli.configuration_options import ConfigurationOptions
from classify_core.cli.connection import ConnectionOptions
from classify_core.cli.output import OutputOptions
from classify_core.cli.paging_options import PagingOptions
from classify_core.cli.parsing_options import NestedParsingOptions
from classify_core.cli.rule_options import RuleFileOptions
from classify_core.cli.values import identifier, moment_of, naming
from classify_core.cli.webhook_options import WebhookOptions
from classify_core.errors import InvalidOptionError
from classify_core.models import JobStatus

app = typer.Typer(rich_markup_mode=None)

COLUMNS: Final = ("id", "status", "result.type", "result.confidence", "created_at")

JobOption = Annotated[str | None, typer.Option("--job-id", metavar="ID", help="The job.")]
JobArgument = Annotated[str | None, typer.Argument(metavar="[JOB_ID]", help="The job, without the flag.")]
ExpandOption = Annotated[
    list[str] | None, typer.Option("--expand", metavar="FIELD", help="usage: tell also the credits spent.")
]


@command(
    app,
    "create",
    examples=(
        "classify create --file-input dfl-0b1c --rules rules.yaml",
        "classify create --file-input dfl-0b1c --rule \"{type: invoice, description: 'has line items and a total'}\"",
        "classify create --file-input dfl-0b1c --configuration @configuration.yaml",
        "classify create --file-input pjb-77aa --configuration-id cfg-12ef",
    ),
)
def create(
    *,
    file_input: Annotated[
        str | None,
        typer.Option(
            "--file-input",
            metavar="ID",
            help="The document: a file (dfl-...) that is uploaded, or a parse job (pjb-...).",
        ),
    ] = None,
    rules: RuleFileOptions,
    configuration: ConfigurationOptions,
    parsing: NestedParsingOptions,
    configuration_id: Annotated[
        str | None, typer.Option("--configuration-id", metavar="ID", help="Saved rules (cfg-...) instead.")
    ] = None,
    transaction_id: Annotated[
        str | None,
        typer.Option(
            "--transaction-id", metavar="KEY", help="A repeated one returns the first job; unless said, a new one."
        ),
    ] = None,
    webhooks: WebhookOptions,
    webhook_configuration_id: Annotated[
        list[str] | None,
        typer.Option("--webhook-configuration-id", metavar="ID", help="A webhook saved with the service. Repeatable."),
    ] = None,
    file_id: Annotated[
        str | None, typer.Option("--file-id", metavar="ID", help="Deprecated; sent as --file-input.")
    ] = None,
    parse_job_id: Annotated[
        str | None, typer.Option("--parse-job-id", metavar="ID", help="Deprecated; sent as --file-input.")
    ] = None,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """Create a job that classifies one document, and print it."""
    form = results.chosen()
    flag, document = _only_one({"--file-input": file_input, "--file-id": file_id, "--parse-job-id": parse_job_id})
    chosen = configuration.completed_by(rules, parsing)
    if (chosen is None) == (configuration_id is None):
        raise InvalidOptionError("give either rules, by --rule, --rules or --configuration, or --configuration-id")
    reported_to = webhooks.webhooks()
    with naming(flag):
        creation = calls_jobs.create_job(
            document,
            configuration=chosen,
            configuration_id=configuration_id,
            transaction_id=transaction_id,
            webhook_configurations=reported_to,
            webhook_configuration_ids=webhook_configuration_id or None,
        )
    with connection.client() as client:
        output.show(client.run(creation), form)


def _only_one(options: dict[str, str | None]) -> tuple[str, str]:
    given = [(flag, value) for flag, value in options.items() if value is not None]
    if len(given) != 1:
        raise InvalidOptionError(f"give exactly one of {', '.join(options)}")
    return given[0]


@command(
    app,
    "list",
    examples=(
        "classify list --status FAILED --max-items 20",
        "classify list --created-at-on-or-after 2026-11-01 --json | jq -r .id",
    ),
)
def list_jobs(
    *,
    status: Annotated[JobStatus | None, typer.Option("--status", help="Only jobs that stand so.")] = None,
    job_id: Annotated[
        list[str] | None, typer.Option("--job-id", metavar="ID", help="Only this job. Repeatable.")
    ] = None,
    configuration_id: Annotated[
        str | None, typer.Option("--configuration-id", metavar="ID", help="Only jobs of these saved rules.")
    ] = None,
    created_at_on_or_after: Annotated[
        str | None,
        typer.Option("--created-at-on-or-after", metavar="MOMENT", help="ISO 8601; UTC unless it has a time zone."),
    ] = None,
    created_at_on_or_before: Annotated[
        str | None,
        typer.Option("--created-at-on-or-before", metavar="MOMENT", help="ISO 8601; UTC unless it has a time zone."),
    ] = None,
    paging: PagingOptions,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """List jobs with their results."""
    form = results.chosen()
    after = moment_of("--created-at-on-or-after", created_at_on_or_after)
    before = moment_of("--created-at-on-or-before", created_at_on_or_before)
    query = paging.query(largest=calls_jobs.LARGEST_PAGE)
    with connection.client() as client:
        jobs = client.jobs.list(
            status=status,
            job_ids=job_id or None,
            configuration_id=configuration_id,
            created_at_on_or_after=after,
            created_at_on_or_before=before,
            **query,
        )
        output.show_all(paging.limited(jobs), form, columns=COLUMNS)


@command(
    app,
    "get",
    examples=("classify get --job-id 5f0e2c1a-...", "classify get 5f0e2c1a-... --expand usage --format yaml"),
)
def get(
    *,
    argument: JobArgument = None,
    job_id: JobOption = None,
    expand: ExpandOption = None,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """Print a job as it stands."""
    form, job = results.chosen(), identifier("--job-id", job_id, argument)
    with connection.client() as client:
        output.show(client.jobs.get(job, expand=expand or ()), form)


@command(
    app,
    "wait",
    examples=(
        "classify wait --job-id 5f0e2c1a-... --timeout 120",
        "classify wait 5f0e2c1a-... --json | jq -r .result.type",
    ),
)
def wait(
    *,
    argument: JobArgument = None,
    job_id: JobOption = None,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait; 0 looks once.")] = DEFAULT_TIMEOUT,
    expand: ExpandOption = None,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """Wait until a job has ended, and print it.

    The exit code tells how it ended: 0 completed, 1 failed or cancelled, 6 not yet ended.
    """
    form, job = results.chosen(), identifier("--job-id", job_id, argument)
    checked_seconds("--timeout", timeout, zero_allowed=True)
    waiting = calls_jobs.wait_for_job(job, timeout=timeout, expand=expand or ())
    with connection.client() as client, output.working(f"waiting for job {job}"):
        ended = client.run(replace(waiting, has_ended=lambda seen: seen.status.is_terminal))
    output.show(ended, form)
    calls_jobs.has_ended(ended)


@command(app, "cancel", examples=("classify cancel --job-id 5f0e2c1a-...",))
def cancel(
    *, argument: JobArgument = None, job_id: JobOption = None, connection: ConnectionOptions, results: OutputOptions
) -> None:
    """Cancel a job that has not ended, and print it."""
    form, job = results.chosen(), identifier("--job-id", job_id, argument)
    with connection.client() as client:
        output.show(client.jobs.cancel(job), form)


@command(app, "delete", examples=("classify delete --job-id 5f0e2c1a-...",))
def delete(
    *, argument: JobArgument = None, job_id: JobOption = None, connection: ConnectionOptions, results: OutputOptions
) -> None:
    """Delete a job that has ended, with its result."""
    form, job = results.chosen(), identifier("--job-id", job_id, argument)
    with connection.client() as client:
        output.show(client.jobs.delete(job), form)
