"""The program `tesseract`: where it is, which languages it has, and its run on one picture."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from classify_core.errors import UnreadableDocumentError
from classify_core.local.extraction.ocr.limits import MAX_PIXELS, MEMORY_BYTES, SECONDS_A_PAGE

if sys.platform != "win32":
    import resource

NOT_INSTALLED: Final = (
    "OCR needs tesseract, which is not installed here: apt-get install tesseract-ocr, or brew install tesseract; "
    "install it, or classify it with backend='hosted'"
)
# What finds the program, its libraries and its data. Nothing else is passed on: no key reaches it.
_PASSED_ON: Final = frozenset(
    {"PATH", "TESSDATA_PREFIX", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT"}
)


class Tesseract:
    """The program at work for one document; another thread may cancel it.

    Args:
        leads_group: whether its process leads a group of its own, which is ended with all that it starts. Not where
            the caller's own group is ended from outside, which must then take the program with it.
    """

    def __init__(self, *, leads_group: bool = True) -> None:
        self._program = shutil.which("tesseract")
        self._leads_group = leads_group and sys.platform != "win32"
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._is_cancelled = False

    @property
    def is_installed(self) -> bool:
        """Whether the program is on the search path."""
        return self._program is not None

    def languages(self) -> frozenset[str]:
        """The names of the data that are installed.

        Raises:
            UnreadableDocumentError: the program does not work.
        """
        said = self._output(["--list-langs"], b"").decode(errors="replace")
        return frozenset(line.strip().replace("\\", "/") for line in said.splitlines()[1:])

    def text_of(self, picture: bytes, data: str, *, page: int = 0) -> str:
        """The text in a picture.

        Args:
            picture: the bytes of an image file.
            data: the name of a language's data, one of `languages`.
            page: which image of a file that holds several, from 0.

        Raises:
            UnreadableDocumentError: it cannot be read within the limits.
        """
        command = ["stdin", "stdout", "-l", data, "-c", f"tessedit_page_number={page}"]
        return self._output(command, picture).decode(errors="replace").replace("\f", "").strip()

    def cancel(self) -> None:
        """Ends the program at once, and for good."""
        with self._lock:
            self._is_cancelled = True
            self._kill()

    def _output(self, arguments: Sequence[str], given: bytes) -> bytes:
        process = self._started(arguments)
        try:
            said, _ = process.communicate(given, timeout=SECONDS_A_PAGE)
        except subprocess.TimeoutExpired:
            raise _failed(f"OCR of a page took more than {SECONDS_A_PAGE:g} s") from None
        finally:
            self._forget(process)
        if process.returncode != 0:
            raise _failed("OCR broke off: the picture is damaged or takes too much memory, or tesseract does not work")
        return said

    def _started(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        assert self._program is not None, "ask is_installed first"
        with self._lock:
            if self._is_cancelled:
                raise _failed("OCR was cancelled")
            self._running = subprocess.Popen(  # noqa: S603 - the user's own program; nothing of a document is an argument
                [self._program, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                process_group=0 if self._leads_group else None,
            )
        _limit(self._running.pid)
        return self._running

    def _forget(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._kill()
            self._running = None
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was still to be said finds no listener
                    pipe.close()

    def _kill(self) -> None:
        """Ends what runs, unless its end was noticed: then its number may be that of another process."""
        if self._running is None or self._running.returncode is not None:
            return
        if not self._leads_group:
            self._running.kill()
        elif sys.platform != "win32":
            with suppress(ProcessLookupError, PermissionError):  # on macOS the latter is said of a group that is over
                os.killpg(self._running.pid, signal.SIGKILL)


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name.upper() in _PASSED_ON}
    return own | {"OMP_THREAD_LIMIT": "1"}  # documents are read side by side already


def _limit(process_id: int) -> None:
    """Limits a process that waits for its first byte still."""
    if sys.platform != "linux":
        return
    wanted = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: int(SECONDS_A_PAGE),  # also where nobody is left who would end it
        resource.RLIMIT_FSIZE: 0,  # nothing is written
        resource.RLIMIT_CORE: 0,
    }
    with suppress(ProcessLookupError):
        for what, most in wanted.items():
            _, hard = resource.prlimit(process_id, what)
            allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.prlimit(process_id, what, (allowed, allowed))


def _failed(reason: str) -> UnreadableDocumentError:
    return UnreadableDocumentError(
        f"{reason}; select other pages, save it with fewer pixels, or classify it with backend='hosted'",
        code="PDF_IS_BROKEN",
    )


def too_large(found: str) -> UnreadableDocumentError:
    """Returns the error of a picture that unfolds to too much, told by what was found."""
    return UnreadableDocumentError(
        f"{found}, and OCR reads at most {MAX_PIXELS:,} pixels; save it smaller", code="DOCUMENT_TOO_LARGE"
    )
