"""The commands of saved rule sets: `classify configs create|list|get|update|delete`."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from classify_core.api import calls_configurations
from classify_core.api.calls_configurations import PRODUCT_TYPE
from classify_core.cli import output
from classify_core.cli.command_groups import command_group
from classify_core.cli.commands import command
from classify_core.cli.configuration_options import ParametersOptions
from classify_core.cli.connection import ConnectionOptions
from classify_core.cli.output import OutputOptions
from classify_core.cli.paging_options import PagingOptions
from classify_core.cli.parsing_options import ParsingOptions
from classify_core.cli.rule_options import RuleFileOptions
from classify_core.cli.values import identifier, naming
from classify_core.errors import InvalidOptionError

app = command_group("Rules that the service keeps, to be used by their ID.")

COLUMNS: Final = ("id", "name", "version", "updated_at")

ConfigurationOption = Annotated[str | None, typer.Option("--config-id", metavar="ID", help="The configuration.")]
ConfigurationArgument = Annotated[
    str | None, typer.Argument(metavar="[CONFIG_ID]", help="The configuration, without the flag.")
]


@command(
    app,
    "create",
    examples=(
        "classify configs create --name finance --rules rules.yaml --parsing-configuration.max-pages 5",
        "classify configs create --name finance --rule \"{type: invoice, description: 'has line items and a total'}\"",
    ),
)
def create(
    *,
    name: Annotated[str, typer.Option("--name", help="One of that name is replaced.")],
    rules: RuleFileOptions,
    parsing: ParsingOptions,
    parameters: ParametersOptions,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """Save rules under a name, and print what was saved."""
    form, configuration = results.chosen(), parameters.completed_by(rules, parsing)
    if configuration is None:
        raise InvalidOptionError("there are no rules; give --rules FILE, --rule or --parameters")
    with naming("--name"):
        creation = calls_configurations.create_configuration(name, configuration=configuration)
    with connection.client() as client:
        output.show(client.run(creation), form)


@command(app, "list", examples=("classify configs list --name finance", "classify configs list --latest-only --json"))
def list_configurations(
    *,
    name: Annotated[str | None, typer.Option("--name", help="Only those of this name.")] = None,
    latest_only: Annotated[bool, typer.Option("--latest-only", help="Only the latest version of each name.")] = False,
    product_type: Annotated[
        list[str] | None,
        typer.Option("--product-type", metavar="TYPE", help=f"Unless said, {PRODUCT_TYPE}. Repeatable."),
    ] = None,
    paging: PagingOptions,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """List saved configurations."""
    form = results.chosen()
    query = paging.query()
    with connection.client() as client:
        configurations = client.configurations.list(
            name=name, latest_only=latest_only or None, product_type=product_type or (PRODUCT_TYPE,), **query
        )
        output.show_all(paging.limited(configurations), form, columns=COLUMNS)


@command(app, "get", examples=("classify configs get --config-id cfg-12ef...",))
def get(
    *,
    argument: ConfigurationArgument = None,
    config_id: ConfigurationOption = None,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """Print a saved configuration."""
    form, configuration = results.chosen(), identifier("--config-id", config_id, argument)
    with connection.client() as client:
        output.show(client.configurations.get(configuration), form)


@command(
    app,
    "update",
    examples=(
        "classify configs update --config-id cfg-12ef... --rules rules.yaml",
        "classify configs update cfg-12ef... --name accounting",
    ),
)
def update(
    *,
    argument: ConfigurationArgument = None,
    config_id: ConfigurationOption = None,
    name: Annotated[str | None, typer.Option("--name", help="The new name.")] = None,
    rules: RuleFileOptions,
    parsing: ParsingOptions,
    parameters: ParametersOptions,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """Change a saved configuration's name or its contents, which are replaced as a whole, and print it."""
    form, saved = results.chosen(), identifier("--config-id", config_id, argument)
    configuration = parameters.completed_by(rules, parsing)
    if name is None and configuration is None:
        raise InvalidOptionError("there is nothing to change; give --name, --rules FILE, --rule or --parameters")
    with naming("--name"):
        change = calls_configurations.update_configuration(saved, name=name, configuration=configuration)
    with connection.client() as client:
        output.show(client.run(change), form)


@command(app, "delete", examples=("classify configs delete --config-id cfg-12ef...",))
def delete(
    *,
    argument: ConfigurationArgument = None,
    config_id: ConfigurationOption = None,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """Delete a saved configuration; standard output stays empty."""
    results.chosen()
    configuration = identifier("--config-id", config_id, argument)
    with connection.client() as client:
        client.configurations.delete(configuration)
    output.tell(f"deleted {configuration}")
