"""The built-in knowledge of kinds of documents is complete and sound."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.resources import files
from typing import Any

import pytest

from classify_core import InvalidOptionError, LexicalEngine, Rule
from classify_core.engine import ParsedDocument
from classify_core.local import kinds
from classify_core.local.kinds import LANGUAGES, all_kinds, kinds_but
from classify_core.local.lexical.cue_index import written
from classify_core.local.lexical.layout import SIGNS
from classify_core.local.lexical.stop_words import STOP_WORDS

TABLES: dict[str, dict[str, Any]] = {
    name: table
    for file in files(kinds).iterdir()
    if file.name.endswith(".toml")
    for name, table in tomllib.loads(file.read_text(encoding="utf-8")).items()
}
PARTS = {"names", "described", "lines", "phrases", "words", "signs"}


def test_there_are_some_sixty_kinds_or_more_each_written_once() -> None:
    written_down = [
        line.strip("[]\n")
        for file in files(kinds).iterdir()
        if file.name.endswith(".toml")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("[")
    ]

    assert len(written_down) == len(set(written_down)) == len(all_kinds()) >= 60
    assert [kind.name for kind in all_kinds()] == sorted(written_down)


@pytest.mark.parametrize("name", TABLES)
def test_a_kind_has_names_in_eight_languages_and_no_part_that_nobody_reads(name: str) -> None:
    assert [language for language in LANGUAGES if not TABLES[name]["names"].get(language)] == []
    assert PARTS <= TABLES[name].keys() <= PARTS | {"formats"}


@pytest.mark.parametrize("name", TABLES)
def test_the_signs_of_a_kind_are_signs_that_are_measured(name: str) -> None:
    assert TABLES[name]["signs"].keys() <= SIGNS
    assert all(-1.0 <= weight <= 1.0 and weight != 0.0 for weight in TABLES[name]["signs"].values())


@pytest.mark.parametrize("name", TABLES)
def test_a_cue_stands_once_in_a_kind(name: str) -> None:
    table = TABLES[name]
    cues = [*table["lines"], *table["phrases"], *table["words"]]

    assert sorted({cue for cue in cues if cues.count(cue) > 1}) == []
    assert len(table["described"]) == len(set(table["described"]))


@pytest.mark.parametrize("name", TABLES)
def test_a_cue_is_written_as_documents_are_compared(name: str) -> None:
    table = TABLES[name]
    cues = [*table["described"], *table["lines"], *table["phrases"], *table["words"]]

    assert [cue for cue in cues if cue != cue.lower().strip() or "  " in cue or "\u2019" in cue] == []
    assert [cue for cue in cues if not written(cue)] == []


@pytest.mark.parametrize("name", TABLES)
def test_no_cue_that_counts_anywhere_is_a_stop_word_alone(name: str) -> None:
    cues = [*TABLES[name]["phrases"], *TABLES[name]["words"]]

    assert STOP_WORDS.intersection(cues) == set()


def test_kinds_can_be_switched_off() -> None:
    assert {kind.name for kind in all_kinds()} - {kind.name for kind in kinds_but(["invoice", "poem"])} == {
        "invoice",
        "poem",
    }


@pytest.mark.parametrize("without", [["invoice", "no such kind"], {"rechnung"}])
def test_switching_off_a_kind_that_is_not_there_is_an_error(without: Any) -> None:
    with pytest.raises(InvalidOptionError, match="there is no built-in kind"):
        LexicalEngine(without_kinds=without)


@pytest.mark.parametrize("without", ["invoice", 7])
def test_what_names_no_kinds_is_refused_as_such(without: Any) -> None:
    with pytest.raises(InvalidOptionError, match="give a list of names of kinds, or True"):
        LexicalEngine(without_kinds=without)


def test_an_engine_says_what_it_does_not_know() -> None:
    names = [LexicalEngine(without_kinds=without).name for without in ((), False, True, ["poem", "invoice"])]

    assert names[:2] == ["lexical", "lexical"]
    assert len(set(names)) == 3


PROGRAM = """
import sys
import classify_core
from classify_core.local.kinds import all_kinds
classify_core.LexicalEngine()
assert not {"numpy", "scipy", "sklearn", "kreuzberg"} & sys.modules.keys(), "a heavy import"
assert all_kinds.cache_info().misses == 0, "knowledge is read before it is needed"
"""


def test_neither_the_import_nor_a_new_engine_reads_the_knowledge_or_loads_what_is_heavy() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def test_without_kinds_only_the_words_of_the_rules_count() -> None:
    rule = Rule(type="invoice", description="A request for payment of goods or services.")
    document = ParsedDocument(text="RECHNUNG\nRechnungsnummer: 12\nGesamtbetrag: 40,00 EUR\nZahlbar bis 1. Mai")
    known, unknown = (LexicalEngine(without_kinds=without).score([document], [rule])[0][0] for without in (False, True))

    assert known.probability > 0.5
    assert (unknown.probability, unknown.evidence) == (0.0, ())
