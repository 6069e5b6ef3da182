"""The commands of uploaded documents: `classify files upload|list|get|delete`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from classify_core.api import ClassifyClient
from classify_core.api.calls_files import LARGEST_PAGE
from classify_core.cli import output
from classify_core.cli.command_groups import command_group
from classify_core.cli.commands import command
from classify_core.cli.connection import ConnectionOptions
from classify_core.cli.exit_codes import ExitCode
from classify_core.cli.output import Format, OutputOptions
from classify_core.cli.paging_options import PagingOptions
from classify_core.cli.values import identifier
from classify_core.errors import DocumentTooLargeError, InvalidOptionError, UnreadableDocumentError

app = command_group("Uploaded documents; the service keeps them for 48 hours.")

COLUMNS: Final = ("id", "name", "external_file_id", "expires_at")

FileOption = Annotated[str | None, typer.Option("--file-id", metavar="ID", help="The file.")]
FileArgument = Annotated[str | None, typer.Argument(metavar="[FILE_ID]", help="The file, without the flag.")]
ExpandOption = Annotated[
    list[str] | None,
    typer.Option("--expand", metavar="FIELD", help="download_url: tell also an address of its content."),
]


@command(
    app,
    "upload",
    examples=(
        "classify files upload invoice.pdf",
        "classify files upload invoice.pdf --external-file-id INV-2026-031",
        "classify files upload inbox/*.pdf --json | jq -r .id",
    ),
)
def upload(
    *,
    path: Annotated[list[Path], typer.Argument(metavar="PATH", show_default=False, help="The documents.")],
    external_file_id: Annotated[
        str | None, typer.Option("--external-file-id", metavar="ID", help="An ID of your own to find it by.")
    ] = None,
    purpose: Annotated[str, typer.Option("--purpose", help="How the service keeps it.")] = "classify",
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """Upload documents, and print each as a file of the service.

    One that cannot be read or is too large does not stop the others; the exit code is 1 then.
    """
    form = results.chosen()
    if external_file_id is not None and len(path) > 1:
        raise InvalidOptionError("--external-file-id names one file; upload the files one by one, each with its own")
    with connection.client() as client:
        uploaded = [_uploaded(client, each, external_file_id, purpose, form) for each in path]
    if not all(uploaded):
        raise typer.Exit(ExitCode.FAILED)


def _uploaded(client: ClassifyClient, path: Path, external_file_id: str | None, purpose: str, form: Format) -> bool:
    """Uploads and prints one document; returns whether it could be."""
    try:
        file = client.files.upload(path, external_file_id=external_file_id, purpose=purpose)
    except (UnreadableDocumentError, DocumentTooLargeError) as error:
        output.tell(f"Error: {error}")
        return False
    output.show(file, form)
    return True


@command(
    app,
    "list",
    examples=("classify files list --external-file-id INV-2026-031", "classify files list --max-items 10 --json"),
)
def list_files(
    *,
    file_id: Annotated[
        list[str] | None, typer.Option("--file-id", metavar="ID", help="Only this file. Repeatable.")
    ] = None,
    file_name: Annotated[str | None, typer.Option("--file-name", help="Only files of exactly this name.")] = None,
    external_file_id: Annotated[
        str | None, typer.Option("--external-file-id", metavar="ID", help="Only files with this ID of your own.")
    ] = None,
    order_by: Annotated[
        str | None, typer.Option("--order-by", metavar="FIELDS", help="Such as 'name' or 'name, created_at desc'.")
    ] = None,
    expand: ExpandOption = None,
    paging: PagingOptions,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """List files."""
    form = results.chosen()
    query = paging.query(largest=LARGEST_PAGE)
    with connection.client() as client:
        files = client.files.list(
            file_ids=file_id or None,
            file_name=file_name,
            external_file_id=external_file_id,
            order_by=order_by,
            expand=expand or (),
            **query,
        )
        output.show_all(paging.limited(files), form, columns=COLUMNS)


@command(
    app,
    "get",
    examples=("classify files get --file-id dfl-0b1c...", "classify files get dfl-0b1c... --expand download_url"),
)
def get(
    *,
    argument: FileArgument = None,
    file_id: FileOption = None,
    expand: ExpandOption = None,
    connection: ConnectionOptions,
    results: OutputOptions,
) -> None:
    """Print what the service knows of a file."""
    form, file = results.chosen(), identifier("--file-id", file_id, argument)
    with connection.client() as client:
        output.show(client.files.get(file, expand=expand or ()), form)


@command(app, "delete", examples=("classify files delete --file-id dfl-0b1c...",))
def delete(
    *, argument: FileArgument = None, file_id: FileOption = None, connection: ConnectionOptions, results: OutputOptions
) -> None:
    """Delete a file; standard output stays empty."""
    results.chosen()
    file = identifier("--file-id", file_id, argument)
    with connection.client() as client:
        client.files.delete(file)
    output.tell(f"deleted {file}")
