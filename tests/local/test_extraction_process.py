"""Extraction leaves the process and the machine as they were."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from classify_core import ParsingConfiguration, UnreadableDocumentError
from classify_core.local.extraction import extract
from tests.local import files

if TYPE_CHECKING:
    from pathlib import Path


def test_importing_the_package_loads_no_parsing_library() -> None:
    program = (
        "import sys, classify_core, classify_core.local, classify_core.local.extraction\n"
        "assert not {'kreuzberg', 'liteparse', 'sklearn', 'numpy'} & set(sys.modules), sorted(sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_documents_read_in_many_threads_are_not_mixed_up() -> None:
    documents = [files.content(files.pdf([f"first{n}", f"second{n}"]), f"{n}.pdf") for n in range(24)]
    documents += [files.content(files.word(f"head{n}", []), f"{n}.docx") for n in range(24)]

    with ThreadPoolExecutor(8) as pool:
        texts = [parsed.text.split() for parsed in pool.map(extract, documents)]

    assert texts == [[f"first{n}", f"second{n}"] for n in range(24)] + [[f"head{n}"] for n in range(24)]


def test_a_broken_document_does_not_harm_its_neighbours_in_other_threads() -> None:
    good = files.pdf(["words"])
    mixed = [good, good[: len(good) // 2]] * 20

    def outcome(data: bytes) -> str:
        try:
            return extract(files.content(data, "a.pdf")).text.strip()
        except UnreadableDocumentError:
            return "unreadable"

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(outcome, mixed)) == ["words", "unreadable"] * 20


def test_no_text_is_left_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(files.pdf(["words"]))
    program = (
        "import pathlib, sys\n"
        "from classify_core.local.extraction import extract\nfrom classify_core.source import Content\n"
        "assert 'words' in extract(Content(pathlib.Path(sys.argv[1]).read_bytes(), 'a.pdf', 'pdf')).text"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "XDG_CACHE_HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = ":".join(entry for entry in sys.path if entry)

    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.pdf")], check=True, cwd=home, env=environment)

    # kreuzberg unpacks its own PDF reader into the temporary directory; nothing else may be there.
    assert {path.name for path in home.rglob("*")} <= {"kreuzberg-pdfium", "libpdfium.so"}


def test_the_text_of_a_document_is_not_in_its_repr() -> None:
    parsed = extract(files.content("# Secret plan\n\nhidden words", "a.md"), ParsingConfiguration(max_pages=1))

    assert "hidden" not in repr(parsed)
    assert "Secret" not in repr(parsed)
