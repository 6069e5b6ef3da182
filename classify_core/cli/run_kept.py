"""What a file of results holds already: the documents that a run need not classify again."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from classify_core.classification import Status
from classify_core.cli.run_formats import RecordFormat, format_of, whole_records
from classify_core.cli.run_inputs import digest_of
from classify_core.cli.run_records import ResultRecord
from classify_core.errors import InvalidOptionError
from classify_core.source import Source


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of a document's last line.

    Attributes:
        number: the place of the record in the file, from 0; a header is none.
        digest: of the content that was classified; None where it has to be classified again.
        type, confidence: its result, for the summary.
        is_withheld: whether the confidence was too low for the type.
    """

    number: int
    digest: str | None
    type: str | None
    confidence: float | None
    is_withheld: bool


class KeptResults:
    """The results of one rule set in a file, the last line of each document.

    Args:
        path: ends in `.jsonl` or `.csv`.
        rules_id: of this run; results of others would be taken for results of these rules.

    Raises:
        InvalidOptionError: the ending is another.
    """

    def __init__(self, path: Path, *, rules_id: str) -> None:
        self._path = path
        self._rules_id = rules_id
        self.form: RecordFormat = format_of(path)
        self._last: dict[str, Kept] = {}
        self._count = 0

    def result_of(self, path: str, source: Source) -> Kept | None:
        """The result of this very content; None where there is none."""
        kept = self._last.get(path)
        if kept is None or kept.digest is None or kept.digest != digest_of(source):
            return None
        return kept

    @property
    def has_replaced_lines(self) -> bool:
        """Whether some lines are replaced by later ones."""
        return self._count > len(self._last)

    def last_lines(self) -> set[int]:
        """The places of the records that count."""
        return {kept.number for kept in self._last.values()}

    def read(self, file: BinaryIO) -> int:
        """Reads what earlier runs wrote.

        Returns:
            Where the last whole record ends; a kill may have left the half of another one after it.

        Raises:
            InvalidOptionError: it holds something else, or results of other rules.
        """
        end = 0
        for record in whole_records(file, self.form):
            self._read(record, is_first=end == 0)
            end += len(record)
        file.seek(end)
        half = file.readline()
        if half:
            self._refuse_foreign_half(half, is_first=end == 0)
        return end

    def remember(self, record: ResultRecord) -> None:
        """Takes in a record that follows those that are there."""
        digest = record.digest if record.status.is_success else None
        kind = None if record.type is None else sys.intern(record.type)  # few types stand in many lines
        is_withheld = record.status is Status.BELOW_THRESHOLD
        self._last[record.path] = Kept(self._count, digest, kind, record.confidence, is_withheld)
        self._count += 1

    def _read(self, written: bytes, *, is_first: bool) -> None:
        if is_first and self.form.header:
            if written != self.form.header:
                raise self._foreign("its first line")
            return
        try:
            record = self.form.decode(written)
        except ValueError:
            raise self._foreign(f"record {self._count + 1}") from None
        if record.rules_id != self._rules_id:
            raise InvalidOptionError(
                f"--out {str(self._path)!r} holds results of other rules, options or another backend (rules_id "
                f"{record.rules_id}, now {self._rules_id}); give another file, or --overwrite to begin anew"
            )
        self.remember(record)

    def _refuse_foreign_half(self, half: bytes, *, is_first: bool) -> None:
        header = self.form.header
        is_ours = header.startswith(half) if is_first and header else self.form.may_begin(half)
        if not is_ours:
            raise self._foreign("its last line")

    def _foreign(self, where: str) -> InvalidOptionError:
        return InvalidOptionError(
            f"--out {str(self._path)!r} exists, and {where} is no result of classify run; give another file, or "
            "--overwrite to replace it"
        )


def kept_in(path: Path, *, rules_id: str) -> KeptResults:
    """What a file holds that is only looked at; nothing where there is none.

    Raises:
        InvalidOptionError: it cannot be read, or holds something else than results of these rules.
    """
    kept = KeptResults(path, rules_id=rules_id)
    try:
        with path.open("rb") as file:
            kept.read(file)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise InvalidOptionError(f"cannot read --out {str(path)!r}: {error.strerror}") from error
    return kept
