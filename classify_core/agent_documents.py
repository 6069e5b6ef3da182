"""What an agent may name: its conversation's attachments first, then files within folders that the user configured.

What is decided here is decided for every framework: which document a name stands for, and what is said where it stands
for none. The folders come from the program, never from the agent.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from classify_core.agent_answers import known_documents, no_such_document
from classify_core.background import in_thread
from classify_core.errors import InvalidOptionError, UnreadableDocumentError
from classify_core.file_roots import FileRoots, FolderLike
from classify_core.source import Source

T = TypeVar("T")

RootLike: TypeAlias = FolderLike | Iterable[FolderLike] | FileRoots
"""A folder, several, or `FileRoots`."""

# Models copy a name with the marks that stand around it in a sentence.
_MARKS: Final = " \t\r\n'\"`\u2018\u2019\u201c\u201d"


@dataclass(frozen=True, slots=True)
class Finding:
    """What there is under a name.

    Attributes:
        name: what it goes by, the same however it was asked for; None where nothing goes by that name.
        source: the document; None where there is none, or none that can be read.
        error: why a file that is there cannot be read.
    """

    name: str | None = None
    source: Source | None = None
    error: UnreadableDocumentError | None = None


_NOTHING: Final = Finding()


@dataclass(frozen=True, slots=True, repr=False)
class AgentDocuments:
    """The documents that an agent may name, and no others.

    >>> documents = AgentDocuments({"acme.pdf": Source.text("Invoice 7")})
    >>> documents.find("`ACME.pdf`").name
    'acme.pdf'
    >>> documents.find("/etc/passwd")
    Finding(name=None, source=None, error=None)

    A name stands for an attachment; where there is none of that name, for a file within the roots. It may stand between
    quotation marks. Where nothing has exactly that name, letter case does not count, nor a leading `./`, unless several
    attachments differ in nothing else. Folders are never left out: `archive/acme.pdf` may be another document.

    Attributes:
        attachments: the documents of the conversation, by name.
        roots: the folders whose files may be read; None for none.
    """

    attachments: Mapping[str, Source]
    roots: FileRoots | None = None

    @property
    def has_files(self) -> bool:
        """Whether files may be named."""
        return self.roots is not None

    @property
    def only(self) -> Finding | None:
        """The attachment, where there is exactly one."""
        if len(self.attachments) != 1:
            return None
        [(name, source)] = self.attachments.items()
        return Finding(name, source)

    @property
    def known(self) -> str:
        """A sentence or two for the agent: what it may name."""
        return known_documents(list(self.attachments), has_files=self.has_files)

    @property
    def missing(self) -> str:
        """The same for an agent that named something else; alike for what is outside and for what is not there."""
        return no_such_document(list(self.attachments), has_files=self.has_files)

    def find(self, name: str) -> Finding:
        """The document of that name; a file is read."""
        for said in dict.fromkeys((name, name.strip(_MARKS))):
            found = self._named(said)
            if found is not None:
                return found
        alike = self._alike(name)
        return _NOTHING if alike is None else Finding(alike, self.attachments[alike])

    async def afind(self, name: str) -> Finding:
        """The same; files are read off the event loop."""
        return await in_thread(self.find, name) if self.has_files else self.find(name)

    def __repr__(self) -> str:
        roots = f", {self.roots!r}" if self.has_files else ""
        return f"AgentDocuments({len(self.attachments)} attachments{roots})"

    def _named(self, name: str) -> Finding | None:
        attachment = self.attachments.get(name)
        if attachment is not None:
            return Finding(name, attachment)
        try:
            file = None if self.roots is None else self.roots.find(name)
        except UnreadableDocumentError as error:
            error.__cause__ = None  # the system's own error, which is printed with ours, may tell where the folder is
            return Finding(error.source_name, error=error)
        return None if file is None else Finding(file.name, file)

    def _alike(self, name: str) -> str | None:
        """The one attachment whose name, as it is or as it was told, differs in spelling alone."""
        wanted = _spelling(name)
        alike = [own for own in self.attachments if wanted in {_spelling(own), _spelling(repr(own))}]
        return alike[0] if len(alike) == 1 else None


def attachments_of(documents: Mapping[str, T] | None, source_of: Callable[[T, str], Source]) -> dict[str, Source]:
    """The documents of a conversation by the names that an agent knows them by.

    Args:
        documents: what the user gave; None for none.
        source_of: a framework's way from a document and its name to a source.

    Raises:
        InvalidOptionError: they are no mapping, or one of them is nothing that can be classified.
    """
    if documents is None:
        return {}
    if not isinstance(documents, Mapping):
        raise InvalidOptionError('documents= maps names to documents, such as {"acme.pdf": Path("acme.pdf")}')
    return {str(name): source_of(value, str(name)) for name, value in documents.items()}


def roots_of(root: RootLike | None) -> FileRoots | None:
    """The folders that a user gave, opened.

    Raises:
        InvalidOptionError: one of them is no folder, or there is none among them.
    """
    folders = folders_of(root)
    return FileRoots(*folders) if isinstance(folders, tuple) else folders


def folders_of(root: RootLike | None) -> tuple[FolderLike, ...] | FileRoots | None:
    """The folders that a user gave; what is no folder is left for `roots_of` to refuse."""
    if root is None or isinstance(root, FileRoots):
        return root
    if isinstance(root, (str, os.PathLike)) or not isinstance(root, Iterable):
        return (root,)
    return tuple(root)


def _spelling(name: str) -> str:
    """A name as far as it counts where nothing is called exactly so."""
    # Some systems write an accent as a character of its own, which models do not.
    return unicodedata.normalize("NFC", name.strip(_MARKS).removeprefix("./")).casefold()
