"""As the `file_extractor` of a directory reader, which prints an exception and goes on without the file."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from classify_core.errors import ClassifyError, UnreadableDocumentError
from classify_core.file_listing import reason_of
from classify_core.file_reading import ReadFile, address_in
from llama_index_classify.reading.file_documents import item_of_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from classify_core.grouping import Item

logger = logging.getLogger(__name__)


def is_extractor_call(args: Sequence[Any], load_kwargs: Mapping[str, Any]) -> bool:
    """Whether these are the arguments that a directory reader gives: the path, and `extra_info` by name."""
    return len(args) == 1 and isinstance(args[0], PurePath) and "extra_info" in load_kwargs


def unread_file(path: PurePath, load_kwargs: Mapping[str, Any], *, by: str, error: Exception) -> Item:
    """A file that a directory reader asked for and another reader failed on, as a document without text.

    Args:
        path: the file.
        load_kwargs: the further arguments of the directory reader.
        by: the other reader's name.
        error: what it raised.
    """
    reason = reason_of(error.__cause__ if isinstance(error.__cause__, Exception) else error)  # not that it tried often
    failure = UnreadableDocumentError(
        f"{by} cannot read {path}: {reason}; check the file, or read it without {by}", source_name=path.name
    )
    failure.__cause__ = error
    address = address_in(load_kwargs.get("fs"), str(path))
    return item_of_file(ReadFile(str(path), address, failure), load_kwargs["extra_info"] or {})


@contextmanager
def telling_of_losses(args: Sequence[Any], load_kwargs: Mapping[str, Any]) -> Iterator[None]:
    """Logs a warning where a directory reader may lose a file to what the block raises."""
    try:
        yield
    except ImportError:  # which it passes on
        raise
    except Exception as error:
        if is_extractor_call(args, load_kwargs):
            logger.warning(
                "a directory reader that was not told raise_on_error=True goes on without %s; to keep a file that "
                'cannot be classified, leave on_failure out or give on_failure="annotate": %s',
                args[0],
                error if isinstance(error, ClassifyError) else reason_of(error),
            )
        raise
