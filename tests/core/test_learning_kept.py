"""What was learned is written to a file and taken up again."""

from __future__ import annotations

import gzip
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from classify_core import Classification, Classifier, InvalidOptionError, Rule
from classify_core.local.backend import LocalBackend
from classify_core.local.lexical import LexicalEngine
from tests.local.adaptation_documents import RULES, TYPES, clear, hinting, mixed

VIOLIN = TYPES[-1]
TEXTS = [text for text, _ in mixed(9)]
NEW = [*(hinting(kind, 7) for kind in TYPES), *(clear(kind, 90) for kind in TYPES)]
ODD = "Zyx quorb flimmer blicket, the wobbly zaxon of gronkle sits by the merv."


class OtherEngine(LexicalEngine):
    """Another engine, by its name."""

    name = "other"


def _classifier(rules: list[Rule] = RULES, **options: object) -> Classifier:
    return Classifier(rules, **{"backend": "local", "cache": False, **options})


@pytest.fixture(scope="module")
def taught() -> Classifier:
    classifier = _classifier()
    classifier.adapt(TEXTS)
    classifier.learn([(ODD, VIOLIN), (NEW[0] + " none", None)])
    return classifier


@pytest.fixture
def path(taught: Classifier, tmp_path: Path) -> Path:
    taught.save(tmp_path / "learned.gz")
    return tmp_path / "learned.gz"


def _answers(classifier: Classifier) -> list[Classification]:
    return [classifier.classify(text) for text in [*NEW, ODD]]


def _written(path: Path) -> dict[str, Any]:
    return json.loads(gzip.decompress(path.read_bytes()))


def test_what_was_loaded_answers_as_what_was_saved(taught: Classifier, path: Path) -> None:
    classifier = _classifier()
    classifier.load(path)
    assert _answers(classifier) == _answers(taught)
    assert {one.backend for one in _answers(classifier)} == {"local/lexical+batch"}


def test_what_was_learned_travels_to_another_process(taught: Classifier) -> None:
    assert _answers(pickle.loads(pickle.dumps(taught))) == _answers(taught)


def test_the_rules_may_stand_in_another_order(taught: Classifier, path: Path) -> None:
    classifier = _classifier(RULES[::-1])
    classifier.load(path)
    assert [one.type for one in _answers(classifier)] == [one.type for one in _answers(taught)]


def test_saving_twice_writes_the_same_bytes_in_place_of_the_former(taught: Classifier, path: Path) -> None:
    former = path.read_bytes()
    taught.save(str(path))
    assert path.read_bytes() == former
    assert list(path.parent.iterdir()) == [path]


def test_the_file_is_compressed_json_without_a_sentence_of_any_document(path: Path) -> None:
    text = gzip.decompress(path.read_bytes()).decode()
    assert list(json.loads(text)) == ["documents", "format"]
    for document in [*TEXTS, ODD]:
        for line in document.splitlines():
            assert line not in text


def test_more_is_learned_on_top_of_what_was_loaded(path: Path) -> None:
    classifier = _classifier()
    classifier.load(path)
    assert classifier.learn([(NEW[1], VIOLIN)]).labelled == 3
    assert [classifier.classify(each).type for each in (ODD, NEW[1])] == [VIOLIN, VIOLIN]


def test_loading_replaces_what_was_learned(path: Path) -> None:
    classifier = _classifier()
    classifier.learn([(NEW[1], VIOLIN)])
    classifier.load(path)
    assert classifier.learn([]).labelled == 2


def _damaged(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data = _written(path)
        change(data)
        path.write_bytes(gzip.compress(json.dumps(data).encode()))

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), r"there is no such file; classifier.save\(path\) writes one"),
        (lambda path: path.write_bytes(b""), "it is not what"),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), r"it is not what classifier.save\(\) writes"),
        (lambda path: path.write_bytes(b"PK\x03\x04 something else"), "it is not what|cannot be read"),
        (lambda path: path.write_bytes(pickle.dumps([1])), "it is not what|cannot be read"),
        (lambda path: path.write_bytes(gzip.compress(b"[1]")), "it is not what"),
        (lambda path: path.write_bytes(gzip.compress(b"\xff\xfe")), "it is not what"),
        (lambda path: path.write_bytes(gzip.compress(b"[" * 100_000)), "it is not what"),
        (_damaged(lambda data: data.update(format="another")), "it is not what"),
        (_damaged(lambda data: data.pop("documents")), "it is not what"),
        (_damaged(lambda data: data.update(documents=[1])), "it is not what"),
        (_damaged(lambda data: data["documents"].pop("lessons")), "what was learned is damaged"),
        (_damaged(lambda data: data["documents"].update(version=2)), "version 2, and this release reads 1"),
        (_damaged(lambda data: data["documents"].update(backend="local/x")), "it was learned with 'local/x'"),
        (_damaged(lambda data: data.update(calibration={"version": 9})), "no saved calibration of version 1"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_changes_nothing(
    path: Path, damage: Callable[[Path], object], message: str
) -> None:
    classifier = _classifier()
    classifier.learn([(NEW[0], VIOLIN)])
    damage(path)
    with pytest.raises(InvalidOptionError, match=message) as raised:
        classifier.load(path)
    assert str(path) in raised.value.message
    assert [classifier.classify(NEW[0]).type, classifier.learn([]).labelled] == [VIOLIN, 1]


def test_what_was_learned_for_other_types_or_by_another_engine_is_refused(path: Path) -> None:
    others = [*RULES[1:], Rule(type="sonnet", description="A poem of fourteen lines.")]
    with pytest.raises(InvalidOptionError, match=r"other types: these rules lack \['choir_rehearsal'\]"):
        _classifier(others).load(path)
    with pytest.raises(InvalidOptionError, match="learned with 'local/lexical', and this is 'local/other'"):
        _classifier(backend=LocalBackend(OtherEngine())).load(path)


def test_nothing_learned_is_nothing_to_save(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidOptionError, match=r"nothing was learned yet; adapt\(\), learn\(\) or calibrate\(\) first"
    ):
        _classifier().save(tmp_path / "learned.gz")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_left_behind(taught: Classifier, tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match="cannot be written: No such file or directory"):
        taught.save(tmp_path / "missing" / "learned.gz")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidOptionError, match="cannot be written"):
        taught.save(tmp_path / "folder")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]
