"""Which pages are read, on a command line: whole, or field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from classify_core.api.arguments import build
from classify_core.cli.commands import OptionGroup
from classify_core.cli.values import field_flag, given, listed, naming, object_of, text_of
from classify_core.errors import InvalidOptionError
from classify_core.models_v1 import V1ParsingConfiguration

PARSING: Final = "--parsing-configuration"
NESTED_PARSING: Final = "--configuration.parsing-configuration"

_LANG_HELP: Final = "The document's language; unless said, en."
_MAX_PAGES_HELP: Final = "Read no more than so many pages; unless said, v2 reads and bills every page, v1 reads 5."


@dataclass(frozen=True)
class ParsingOptions(OptionGroup):
    """Which pages are read."""

    parsing: Annotated[
        str | None,
        typer.Option(
            PARSING, metavar="OBJECT", help='As YAML or JSON: "{max-pages: 5, lang: de}"; @FILE reads it from a file.'
        ),
    ] = None
    lang: Annotated[str | None, typer.Option(f"{PARSING}.lang", metavar="LANG", help=_LANG_HELP)] = None
    max_pages: Annotated[int | None, typer.Option(f"{PARSING}.max-pages", min=1, help=_MAX_PAGES_HELP)] = None
    target_pages: Annotated[
        str | None,
        typer.Option(
            f"{PARSING}.target-pages",
            metavar="PAGES",
            help="Only these pages. v2: 1-based, such as 1,3,5-7; v1: 0-based, such as 0,2.",
        ),
    ] = None

    def fields(self, flag: str = PARSING) -> dict[str, Any]:
        """What was given, its parts completing the whole; `target_pages` is a text.

        Raises:
            UsageError: a value cannot be read.
        """
        pages = None if self.target_pages is None else text_of(field_flag(flag, "target_pages"), self.target_pages)
        parts = given(lang=self.lang, max_pages=self.max_pages, target_pages=pages)
        return object_of(flag, self.parsing) | parts


@dataclass(frozen=True)
class NestedParsingOptions(ParsingOptions):
    """The same as a part of a configuration."""

    parsing: Annotated[
        str | None,
        typer.Option(
            NESTED_PARSING,
            metavar="OBJECT",
            help="As YAML or JSON: \"{max-pages: 5, target-pages: '1,3,5-7'}\"; @FILE reads it from a file.",
        ),
    ] = None
    lang: Annotated[str | None, typer.Option(f"{NESTED_PARSING}.lang", metavar="LANG", help=_LANG_HELP)] = None
    max_pages: Annotated[int | None, typer.Option(f"{NESTED_PARSING}.max-pages", min=1, help=_MAX_PAGES_HELP)] = None
    target_pages: Annotated[
        str | None,
        typer.Option(f"{NESTED_PARSING}.target-pages", metavar="PAGES", help="Only these pages, such as 1,3,5-7."),
    ] = None


def v1_parsing(options: ParsingOptions) -> V1ParsingConfiguration | None:
    """The parsing configuration of a v1 job, whose pages are 0-based numbers; None where none was given.

    Raises:
        UsageError: a value cannot be read.
    """
    fields = options.fields()
    if isinstance(fields.get("target_pages"), str):
        fields["target_pages"] = _page_numbers(field_flag(PARSING, "target_pages"), fields["target_pages"])
    with naming(PARSING):
        return build(V1ParsingConfiguration, **fields) if fields else None


def _page_numbers(flag: str, text: str) -> list[int]:
    try:
        return [int(number) for number in listed(flag, text)]
    except (TypeError, ValueError):
        raise InvalidOptionError(f"{flag}: write 0-based page numbers such as 0,2,5, not ranges") from None
