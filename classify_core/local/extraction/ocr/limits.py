"""How much is read by OCR, and what that may take."""

from __future__ import annotations

from typing import Final

MAX_PAGES: Final = 20
"""Of a document, the first ones that are selected and have no text; a page takes about a second."""

MAX_PIXELS: Final = 50_000_000
"""Of a picture; a page of A4 has 35 million at 600 dots per inch."""

SECONDS_A_PAGE: Final = 60.0
"""What takes longer has failed, so that the answer does not depend on how busy the machine is just then."""

MEMORY_BYTES: Final = 2 * 1024**3
"""Address space of tesseract; only Linux keeps to it."""

DOTS_PER_INCH: Final = 200
"""At which pages of a PDF are drawn; at 300 each takes twice as long, and prose is read as well."""

MAX_DRAWN_PIXELS: Final = 10_000_000
"""Of a page of a PDF: a larger one than A3 is drawn with fewer dots per inch, as far as that is possible."""
