"""The file of results: written line by line as results come, and taken up again by the next run."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from classify_core.classification import Status
from classify_core.cli.output import tell
from classify_core.cli.run_formats import format_of, whole_records
from classify_core.cli.run_lock import locked
from classify_core.cli.run_records import ResultRecord
from classify_core.errors import ClassifyError, InvalidOptionError


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


class ResultsFile(AbstractContextManager["ResultsFile"]):
    """The results of one rule set, one line a document, in the order in which the documents were done.

    A line is appended, so that a killed run leaves whole lines and at most one half, which the next run removes. A
    document that is classified again gets a new line, and its older one is removed when the run ends.

    Args:
        path: ends in `.jsonl` or `.csv`.
        rules_id: of this run; results of others would be taken for results of these rules.
        overwrite: begin anew instead of going on.

    Raises:
        InvalidOptionError: the ending is another, the file holds something else or results of other rules, or another
            run is writing it, or it cannot be opened.
    """

    def __init__(self, path: Path, *, rules_id: str, overwrite: bool = False) -> None:
        self.path = path
        self._target = path.resolve()  # a link stays a link when the file is replaced
        self._form = format_of(path)
        self._rules_id = rules_id
        self._kept: dict[str, Kept] = {}
        self._count = 0
        with ExitStack() as stack, self._named_faults(InvalidOptionError):
            stack.enter_context(locked(self._target))
            self._file = self._opened(overwrite=overwrite)
            self._closing = stack.pop_all()

    def kept(self, path: str) -> Kept | None:
        """What the file holds of a document, if anything."""
        return self._kept.get(path)

    def add(self, record: ResultRecord) -> None:
        """Appends a result; it is in the file, as far as this process is concerned, when this returns.

        Raises:
            ClassifyError: it cannot be written, for example because the disk is full.
        """
        with self._named_faults():
            self._file.write(self._form.encode(record))
            self._file.flush()
        self._remember(record)

    def close(self) -> None:
        """Removes lines that newer ones replace, and lets other runs have the file.

        Raises:
            ClassifyError: it cannot be written.
        """
        with self._closing, self._named_faults():
            self._file.close()
            if self._count > len(self._kept):
                self._remove_replaced()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self, *, overwrite: bool) -> BinaryIO:
        if self._target.exists() and not self._target.is_file():
            raise InvalidOptionError(f"--out {str(self.path)!r} is no file that results can be kept in")
        file = self._target.open("wb" if overwrite else "ab")
        try:
            if not overwrite:
                self._take_up(file)
            if file.tell() == 0:
                file.write(self._form.header)
                file.flush()
        except BaseException:
            file.close()
            raise
        return file

    def _take_up(self, file: BinaryIO) -> None:
        """Reads what earlier runs wrote, and removes what a kill left of a last line."""
        end = 0
        with self._target.open("rb") as written:
            for record in whole_records(written, self._form):
                self._read(record, is_first=end == 0)
                end += len(record)
            written.seek(end)
            half = written.readline()
        if half:
            self._refuse_foreign_half(half, is_first=end == 0)
            file.truncate(end)
            tell(f"{self.path}: its last line was cut off; that document is classified again")
        file.seek(0, os.SEEK_END)

    def _read(self, written: bytes, *, is_first: bool) -> None:
        if is_first and self._form.header:
            if written != self._form.header:
                raise self._foreign("its first line")
            return
        try:
            record = self._form.decode(written)
        except ValueError:
            raise self._foreign(f"record {self._count + 1}") from None
        if record.rules_id != self._rules_id:
            raise InvalidOptionError(
                f"--out {str(self.path)!r} holds results of other rules, options or another backend (rules_id "
                f"{record.rules_id}, now {self._rules_id}); give another file, or --overwrite to begin anew"
            )
        self._remember(record)

    def _refuse_foreign_half(self, half: bytes, *, is_first: bool) -> None:
        header = self._form.header
        is_ours = header.startswith(half) if is_first and header else self._form.may_begin(half)
        if not is_ours:
            raise self._foreign("its last line")

    def _foreign(self, where: str) -> InvalidOptionError:
        return InvalidOptionError(
            f"--out {str(self.path)!r} exists, and {where} is no result of classify run; give another file, or "
            "--overwrite to replace it"
        )

    def _remember(self, record: ResultRecord) -> None:
        digest = record.digest if record.status.is_success else None
        kind = None if record.type is None else sys.intern(record.type)  # few types stand in many lines
        is_withheld = record.status is Status.BELOW_THRESHOLD
        self._kept[record.path] = Kept(self._count, digest, kind, record.confidence, is_withheld)
        self._count += 1

    def _remove_replaced(self) -> None:
        """Puts a file without the replaced lines in the place of this one, at once, so that a kill loses nothing."""
        last = {kept.number for kept in self._kept.values()}
        beside = self._target.with_name(f".{self._target.name}.new")
        with beside.open("wb") as new, self._target.open("rb") as old:
            new.write(old.read(len(self._form.header)))
            for number, record in enumerate(whole_records(old, self._form)):
                if number in last:
                    new.write(record)
        shutil.copymode(self._target, beside)
        beside.replace(self._target)

    @contextmanager
    def _named_faults(self, kind: type[ClassifyError] = ClassifyError) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            hint = "what is in it is kept" if self._target.exists() else "check the path, and that its folder exists"
            raise kind(f"cannot write --out {str(self.path)!r}: {reason}; {hint}") from error
