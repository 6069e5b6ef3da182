"""The order in which a presentation shows its slides (ECMA-376-1, sections 13.3.6 and 19.2.1.34)."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_BYTES = 4_000_000
_LISTED = re.compile(rb"<(?:\w{1,20}:)?sldId\s[^>]*?\w:id\s?=\s?[\"']([^\"'>]{1,100})[\"']")
_RELATIONSHIP = re.compile(rb"<(?:\w{1,20}:)?Relationship\s([^>]*)>")
_ID = re.compile(rb"\bId\s?=\s?[\"']([^\"'>]{1,100})[\"']")
_SLIDE = re.compile(rb"\bTarget\s?=\s?[\"'](?:/ppt/|\./)?slides/slide(\d{1,6})\.xml[\"']")
_SLIDE_FILE = re.compile(r"ppt/slides/slide(\d{1,6})\.xml")


def in_shown_order(slides: Sequence[str], data: bytes) -> list[str]:
    """Returns the slides, given in the order of their files' numbers, in the order of the presentation."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            files = sorted(int(match[1]) for match in map(_SLIDE_FILE.fullmatch, archive.namelist()) if match)
            shown = _shown(
                _member(archive, "ppt/presentation.xml"), _member(archive, "ppt/_rels/presentation.xml.rels")
            )
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, KeyError):
        return list(slides)
    if len(files) != len(slides) or not shown or not set(shown) <= set(files):
        return list(slides)
    by_file = dict(zip(files, slides, strict=True))
    return [by_file[number] for number in shown]


def _shown(presentation: bytes, relationships: bytes) -> list[int]:
    """Returns the numbers in the names of the slides' files, or nothing where one cannot be found."""
    targets = {}
    for attributes in _RELATIONSHIP.findall(relationships):
        identifier, slide = _ID.search(attributes), _SLIDE.search(attributes)
        if identifier is not None and slide is not None:
            targets[identifier[1]] = int(slide[1])
    listed = _LISTED.findall(presentation)
    return [targets[identifier] for identifier in listed] if all(each in targets for each in listed) else []


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(_MOST_BYTES)
