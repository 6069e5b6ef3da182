"""What labelling comes to: how labels are written, what each item then carries, and which documents failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from classify_core.classification import Classification
from classify_core.errors import ClassifyError, InvalidOptionError
from classify_core.grouping import GroupBy
from classify_core.metadata import MetadataSchema, MetadataValue

OnFailure: TypeAlias = Literal["raise", "annotate", "skip"]
"""`raise`: a `BatchError` at the end; `annotate`: status and error become metadata; `skip`: the item is left out."""

SourceChoice: TypeAlias = Literal["text", "file"]
"""`text`: the text that the items hold; `file`: the original that their metadata names, where it names one."""

Label: TypeAlias = Mapping[str, MetadataValue]

ON_FAILURE: Final = ("raise", "annotate", "skip")
SOURCE_CHOICES: Final = ("text", "file")


@dataclass(frozen=True, slots=True)
class LabelPolicy:
    """How labels are made and written.

    Attributes:
        schema: the metadata keys.
        group_by: what one document is.
        source: what of a document is classified.
        on_failure: what becomes of a document that could not be classified.
        overwrite: whether a type that somebody else wrote may be replaced.
        keep_types, drop_types: which types pass; a document that could not be classified always does.
    """

    schema: MetadataSchema = field(default_factory=MetadataSchema)
    group_by: GroupBy = "auto"
    source: SourceChoice = "text"
    on_failure: OnFailure = "annotate"
    overwrite: bool = False
    keep_types: tuple[str, ...] | None = None
    drop_types: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        _check_choice("on_failure", self.on_failure, ON_FAILURE)
        _check_choice("source", self.source, SOURCE_CHOICES)


@dataclass(frozen=True, slots=True)
class Labelled:
    """What one item comes to.

    Attributes:
        index: the item's place in the list that was given.
        metadata: its metadata with the label: a new dict.
        label: the label alone.
    """

    index: int
    metadata: dict[str, Any]
    label: Label


@dataclass(frozen=True, slots=True)
class FailedDocument:
    """A document that could not be classified.

    Attributes:
        indices: its items' places in the list that was given, in reading order.
        classification: how it ended, and the error.
    """

    indices: tuple[int, ...]
    classification: Classification


@dataclass(frozen=True, slots=True)
class Labelling:
    """What a list of items came to.

    Attributes:
        labelled: the items that remain, in the order given.
        failed: the documents that could not be classified, whether their items remain or not.
        asked: how many documents carried no fresh label and were to be classified, those that failed included.
        error: what `on_failure="raise"` raises.
    """

    labelled: list[Labelled]
    failed: tuple[FailedDocument, ...] = ()
    asked: int = 0
    error: ClassifyError | None = None

    def passed(self) -> list[Labelled]:
        """The items that remain.

        Raises:
            ClassifyError: `on_failure` is `"raise"` and a document could not be classified.
        """
        if self.error is not None:
            raise self.error
        return self.labelled


def _check_choice(name: str, given: str, choices: tuple[str, ...]) -> None:
    if given not in choices:
        raise InvalidOptionError(f"{name}={given!r}: give one of {', '.join(choices)}")
