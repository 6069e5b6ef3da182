"""The file of results: written line by line as results come, and taken up again by the next run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from classify_core.cli.output import tell
from classify_core.cli.run_formats import whole_records
from classify_core.cli.run_kept import Kept, KeptResults
from classify_core.cli.run_lock import locked
from classify_core.cli.run_records import ResultRecord
from classify_core.errors import ClassifyError, InvalidOptionError
from classify_core.source import Source


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
        self._kept = KeptResults(path, rules_id=rules_id)
        self._form = self._kept.form
        with ExitStack() as stack, self._named_faults(InvalidOptionError):
            stack.enter_context(locked(self._target))
            self._file = self._opened(overwrite=overwrite)
            self._closing = stack.pop_all()

    def result_of(self, path: str, source: Source) -> Kept | None:
        """What the file holds of this very content, if anything."""
        return self._kept.result_of(path, source)

    def add(self, record: ResultRecord) -> None:
        """Appends a result; it is in the file, as far as this process is concerned, when this returns.

        Raises:
            ClassifyError: it cannot be written, for example because the disk is full.
        """
        with self._named_faults():
            self._file.write(self._form.encode(record))
            self._file.flush()
        self._kept.remember(record)

    def close(self) -> None:
        """Removes lines that newer ones replace, and lets other runs have the file.

        Raises:
            ClassifyError: it cannot be written.
        """
        with self._closing, self._named_faults():
            self._file.close()
            if self._kept.has_replaced_lines:
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
        with self._target.open("rb") as written:
            end = self._kept.read(written)
        if file.seek(0, os.SEEK_END) > end:
            file.truncate(end)
            tell(f"{self.path}: its last line was cut off; that document is classified again")
        file.seek(0, os.SEEK_END)

    def _remove_replaced(self) -> None:
        """Puts a file without the replaced lines in the place of this one, at once, so that a kill loses nothing."""
        last = self._kept.last_lines()
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
