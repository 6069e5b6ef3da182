"""Files as LlamaIndex documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.readers.file.base import default_file_metadata_func
from llama_index.core.schema import Document

from classify_core.grouping import Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from classify_core.file_reading import Files, ReadFile

# What LlamaIndex's own directory reader writes and hides from both texts; that a file was looked at is no fact about
# it, and would make it another document each time.
_HIDDEN_FACTS: Final = ("file_name", "file_type", "file_size", "creation_date", "last_modified_date")


@dataclass(frozen=True, slots=True)
class FileDocuments:
    """Files as items, each with its LlamaIndex document as `original` and the file itself as `source`.

    Attributes:
        files: the files; with `facts_of`, size, type and dates are written as a directory reader does.
        extra_info: metadata for each document, which wins over what is known of the file.
    """

    files: Files
    extra_info: Mapping[str, Any] = field(default_factory=dict)

    def items(self) -> list[Item]:
        """All files.

        Raises:
            MissingExtraError: a format needs a package that is not installed.
        """
        return self._items(self.files.read())

    async def aitems(self) -> list[Item]:
        """The same, awaited."""
        return self._items(await self.files.aread())

    def windows(self) -> Iterator[list[Item]]:
        """The files, a few at a time."""
        return map(self._items, self.files.windows())

    def _items(self, files: Iterable[ReadFile]) -> list[Item]:
        hidden = () if self.files.facts_of is None else _HIDDEN_FACTS
        return [item_of_file(file, self.extra_info, hidden=hidden) for file in files]


def item_of_file(file: ReadFile, extra_info: Mapping[str, Any], *, hidden: Iterable[str] = ()) -> Item:
    """A file as an item; its document has no text where there is none to be read.

    Args:
        file: the file.
        extra_info: further metadata, which wins.
        hidden: metadata keys that neither an embedding model nor a language model sees.
    """
    document = Document(
        # An identifier of its own lets a docstore recognise the file when it is loaded again.
        id_=file.address,
        text=file.text,
        metadata={"file_path": file.path, "file_name": file.name, **file.facts, **extra_info},
        excluded_embed_metadata_keys=list(hidden),
        excluded_llm_metadata_keys=list(hidden),
    )
    return Item(document.text, document.metadata, original=document, source=file.original)


def directory_facts(path: str, fs: Any) -> dict[str, Any]:
    """What a directory reader tells of a file: size, type and dates."""
    try:
        known = default_file_metadata_func(path, fs)
    except Exception:  # noqa: BLE001 - a file system may be anybody's, and classifying the file tells what is wrong
        return {}
    return {key: known[key] for key in _HIDDEN_FACTS if key in known}
