"""What both programs share: their options, and how they end."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from typing import NoReturn

from benchmarks.labelling.corpus import Corpus
from benchmarks.labelling.figures import Figure, table
from classify_core import LocalBackend


def parser_of(description: str | None, *, chunk: str) -> argparse.ArgumentParser:
    """The options of both.

    Args:
        description: what the program is for.
        chunk: what the framework calls one.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000, help="how many")
    parser.add_argument(
        f"--{chunk}s-a-document", dest="chunks", type=int, default=100, help=f"{chunk}s that each is split into"
    )
    parser.add_argument("--characters", type=int, default=1_000, help=f"the length of a {chunk}'s text")
    parser.add_argument("--rounds", type=int, default=5, help=f"times that the {chunk}s are labelled and copied")
    parser.add_argument("--engine", choices=["none", "lexical"], default="none", help="what classifies")
    return parser


def options_in(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options that were given; a number below 1 ends the program."""
    options = parser.parse_args(arguments)
    for name, value in vars(options).items():
        if isinstance(value, int) and value < 1:
            parser.error(f"{name}={value}: each number is at least 1")
    return options


def corpus_of(options: argparse.Namespace) -> Corpus:
    """The documents that are labelled."""
    return Corpus(options.documents, options.chunks, options.characters)


def backend_of(options: argparse.Namespace) -> LocalBackend | None:
    """What classifies; None answers at once."""
    return LocalBackend() if options.engine == "lexical" else None


def conclude(figures: Sequence[Figure], *, rounds: int) -> NoReturn:
    """Measures, prints the table, and ends with 1 where an aim does not hold."""
    print(
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {rounds} rounds\n", flush=True
    )
    found = list(figures)
    print(table(found))
    sys.exit(0 if all(figure.holds for figure in found) else 1)
