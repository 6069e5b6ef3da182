"""What a loader and a blob parser refuse, so that nothing that was asked for is silently left undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from langchain_core.document_loaders import BaseBlobParser, BaseLoader
from langchain_core.document_loaders.blob_loaders import BlobLoader
from langchain_core.documents.base import Blob

from classify_core.errors import InvalidOptionError

if TYPE_CHECKING:
    from classify_core.labels import LabelPolicy


def each_alone(policy: LabelPolicy) -> LabelPolicy:
    """The policy for files and blobs, each of which is one document.

    Raises:
        InvalidOptionError: they were to be grouped.
    """
    if policy.group_by is not None and policy.group_by != "auto":
        raise InvalidOptionError("a file or blob is one document; group_by= is for what a wrapped loader loads")
    return replace(policy, group_by=None)


def check_parser(parser: object) -> None:
    """Refuses what is no parser.

    Raises:
        InvalidOptionError: it is none.
    """
    if parser is not None and not isinstance(parser, BaseBlobParser):
        raise InvalidOptionError(
            f"a {type(parser).__name__} is no BaseBlobParser of LangChain; pass rules by name: rules=[...]"
        )


def check_origin(loader: object, *, paths: object, fs: object, blobs: object, parser: object) -> None:
    """Refuses all but exactly one origin of documents, and what does not go together with it.

    Raises:
        InvalidOptionError: there is none or more than one, or something else was given as one.
    """
    given = [name for name, one in (("a loader", loader), ("paths=", paths), ("blobs=", blobs)) if one is not None]
    if loader is not None and not isinstance(loader, BaseLoader):
        raise InvalidOptionError(f"a {type(loader).__name__} is no LangChain loader; {_remedy(loader)}")
    if len(given) != 1:
        told = f"{' and '.join(given)} were given" if given else "there is nothing to load"
        raise InvalidOptionError(f"{told}; give one of: a loader, paths=, blobs=")
    if fs is not None and paths is None:
        raise InvalidOptionError(f"fs= says where paths= are; {given[0]} has files of its own")
    if parser is not None and loader is not None:
        raise InvalidOptionError("a wrapped loader makes its documents itself; parser= is for paths= and blobs=")
    check_parser(parser)


def _remedy(given: object) -> str:
    if isinstance(given, (str, PurePath)):
        return "pass files and folders by name: ClassifyLoader(paths=..., rules=[...])"
    if isinstance(given, (Blob, BlobLoader)):
        return "pass blobs by name: ClassifyLoader(blobs=..., rules=[...])"
    return "pass all but a loader by name: ClassifyLoader(paths=[...], rules=[...])"
