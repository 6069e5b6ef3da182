"""The encodings that a document may declare."""

from __future__ import annotations

import codecs

# The encodings of the WHATWG Encoding Standard, section 4.2, and those of old mail and DOS, by their Python names. What
# Python calls an encoding but no document is written in (`unicode_escape`, `utf_7`, `idna`, `undefined`) is not here.
_READ_AS = {
    "ascii": "windows-1252",
    "iso8859-1": "windows-1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "mac-roman": "mac_roman",
    "mac-cyrillic": "mac_cyrillic",
}
_AS_NAMED = frozenset(
    {"gb18030", "big5", "big5hkscs", "cp950", "euc_jp", "cp932", "cp949", "iso2022_jp", "iso2022_jp_1",
     "iso2022_jp_2", "iso2022_kr", "hz", "koi8-r", "koi8-u", "cp437", "cp850", "cp852", "cp855", "cp866", "cp874",
     *(f"cp{number}" for number in range(1250, 1259)), *(f"iso8859-{number}" for number in range(2, 17))}
)  # fmt: skip
_LABELS = {"x-sjis": "cp932", "x-gbk": "gb18030", "windows-874": "cp874", "windows-949": "cp949", "x-euc-jp": "euc_jp"}
_LONGEST_LABEL = 40
SEVEN_BIT = frozenset({"iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_kr", "hz"})
"""Encodings whose bytes are valid UTF-8 that means something else."""


def encoding_of(label: str | None) -> str | None:
    """Returns the name of a declared encoding, or None where it is no encoding of documents.

    A single-byte page that declares UTF-16 is in UTF-8 (WHATWG HTML, "prescan a byte stream", step on UTF-16), which
    is tried without being declared; so both are None.
    """
    if label is None or len(label) > _LONGEST_LABEL:
        return None
    stripped = label.strip().strip("\"'").lower()
    if stripped in _LABELS:
        return _LABELS[stripped]
    try:
        name = codecs.lookup(stripped).name
    except (LookupError, ValueError):  # a label with a NUL or outside ASCII
        return None
    return _READ_AS.get(name, name if name in _AS_NAMED else None)
