"""The languages of v1 by their codes, and what tesseract and its packages call their data."""

from __future__ import annotations

import re
from typing import Final

_DATA: Final = {
    "af": "afr", "ar": "ara", "as": "asm", "az": "aze", "be": "bel", "bg": "bul", "bn": "ben", "bs": "bos",
    "ch_sim": "chi_sim", "ch_tra": "chi_tra", "cs": "ces", "cy": "cym", "da": "dan", "de": "deu", "en": "eng",
    "es": "spa", "et": "est", "fa": "fas", "fr": "fra", "ga": "gle", "hi": "hin", "hr": "hrv", "hu": "hun",
    "id": "ind", "is": "isl", "it": "ita", "ja": "jpn", "kn": "kan", "ko": "kor", "ku": "kmr", "la": "lat",
    "lt": "lit", "lv": "lav", "mi": "mri", "mn": "mon", "mr": "mar", "ms": "msa", "mt": "mlt", "ne": "nep",
    "nl": "nld", "no": "nor", "oc": "oci", "pl": "pol", "pt": "por", "ro": "ron", "rs_cyrillic": "srp",
    "rs_latin": "srp_latn", "ru": "rus", "sa": "san", "sk": "slk", "sl": "slv", "sq": "sqi", "sv": "swe",
    "sw": "swa", "ta": "tam", "te": "tel", "th": "tha", "tjk": "tgk", "tl": "fil", "tr": "tur", "ug": "uig",
    "uk": "ukr", "ur": "urd", "uz": "uzb", "vi": "vie",
    # Languages without data of their own are read as their script.
    **dict.fromkeys(("ang", "bgc", "bh", "bho", "gom", "mah", "mai", "new", "sck"), "script/Devanagari"),
    **dict.fromkeys(("abq", "ady", "ava", "che", "dar", "inh", "kbd", "lbe", "lez", "tab"), "script/Cyrillic"),
    "mni": "script/Bengali",
    "pi": "script/Latin",
}  # fmt: skip
_PACKAGES: Final = {
    "script/Bengali": "script-beng",
    "script/Cyrillic": "script-cyrl",
    "script/Devanagari": "script-deva",
    "script/Latin": "script-latn",
}
_PLAIN_NAME: Final = re.compile(r"[a-z]{3}(?:_[a-z]{3,10})?")


def data_of(lang: str) -> str | None:
    """Returns what tesseract calls the data of a language.

    Args:
        lang: a code of v1, such as `"de"`, or a name of tesseract's own, such as `"fin"`.

    Returns:
        None where it is neither.
    """
    known = _DATA.get(lang.lower())
    return lang if known is None and _PLAIN_NAME.fullmatch(lang) else known


def package_of(data: str) -> str:
    """Returns the package of Debian that installs these data."""
    return "tesseract-ocr-" + _PACKAGES.get(data, data).replace("_", "-")
