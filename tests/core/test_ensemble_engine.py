"""Several engines as one."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Sequence

import pytest

from classify_core import Classifier, InvalidOptionError, InvalidResponseError, LexicalEngine, LocalBackend, Rule
from classify_core.engine import Engine, ParsedDocument, RuleScore
from classify_core.local.ensemble import EnsembleEngine

RULES = [Rule(type="invoice", description="a bill to be paid"), Rule(type="recipe", description="a dish to be cooked")]
DOCUMENT = ParsedDocument("text")


class Fixed:
    """Scores every document alike; what it was told to raise it raises."""

    def __init__(
        self, name: str, invoice: float, recipe: float, *, chosen: str | None = None, evidence: str = "", **told: object
    ) -> None:
        self.name = name
        self.shares = {"invoice": invoice, "recipe": recipe}
        self.chosen = chosen
        self.evidence = evidence
        self.error = told.get("error")
        self.meeting = told.get("meeting")
        self.cancelled = False

    def score(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        if self.error is not None:
            raise self.error
        return [[self._score(rule.type) for rule in rules] for _ in documents]

    def _score(self, name: str) -> RuleScore:
        evidence, pages = ((self.evidence,), (3,)) if self.evidence else ((), ())
        return RuleScore(name, self.shares[name], evidence, self.name, is_chosen=name == self.chosen, pages=pages)

    async def ascore(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        try:
            if self.meeting is not None:
                await self.meeting.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return self.score(documents, rules)


def _scored(engine: Engine) -> list[RuleScore]:
    [scores] = engine.score([DOCUMENT], RULES)
    return scores


def test_the_probabilities_are_the_geometric_mean_that_of_no_rule_included() -> None:
    scores = _scored(EnsembleEngine([Fixed("one", 0.8, 0.1), Fixed("two", 0.2, 0.4)]))
    means = [(0.8 * 0.2) ** 0.5, (0.1 * 0.4) ** 0.5, (0.1 * 0.4) ** 0.5]
    assert [score.probability for score in scores] == pytest.approx([mean / sum(means) for mean in means[:2]])


def test_a_weight_counts_as_so_many_engines() -> None:
    one, two = Fixed("one", 0.8, 0.1), Fixed("two", 0.2, 0.4)
    weighted, repeated = EnsembleEngine([one, two], weights=[2, 1]), EnsembleEngine([one, one, two])
    assert [score.probability for score in _scored(weighted)] == pytest.approx(
        [score.probability for score in _scored(repeated)]
    )


def test_no_engine_has_a_veto() -> None:
    sure, wrong = [Fixed(name, 0.9, 0.05) for name in ("one", "two", "three")], Fixed("four", 0.0, 0.6)
    assert _scored(EnsembleEngine([*sure, wrong]))[0].probability > 0.5


def test_very_many_impossible_rules_take_nothing_from_a_probable_one() -> None:
    rules = [Rule(type=f"type {number}", description="a kind of document") for number in range(2_000)]

    class First(Fixed):
        def _score(self, name: str) -> RuleScore:
            return RuleScore(name, 0.95 if name == "type 0" else 0.0)

    [scores] = EnsembleEngine([First("one", 0.0, 0.0), First("two", 0.0, 0.0)]).score([DOCUMENT], rules)
    assert scores[0].probability > 0.9


def test_equal_opinions_stay_as_they_are() -> None:
    scores = _scored(EnsembleEngine([Fixed("one", 0.7, 0.2), Fixed("two", 0.7, 0.2)]))
    assert [score.probability for score in scores] == pytest.approx([0.7, 0.2])


def test_a_chosen_rule_counts_as_the_most_probable_of_who_chose_it() -> None:
    choosing, other = Fixed("model", 0.3, 0.0, chosen="invoice"), Fixed("other", 0.4, 0.2)
    best, second = _scored(EnsembleEngine([choosing, other]))
    assert best.probability > 0.4
    assert best.probability > second.probability
    assert not best.is_chosen


@pytest.mark.parametrize(("second", "is_chosen"), [("invoice", True), ("recipe", False), (None, False)])
def test_the_ensemble_chooses_only_what_all_of_it_chose(second: str | None, is_chosen: bool) -> None:  # noqa: FBT001 - a parameter of the test
    engine = EnsembleEngine([Fixed("one", 0.3, 0.1, chosen="invoice"), Fixed("two", 0.3, 0.1, chosen=second)])
    assert [score.is_chosen for score in _scored(engine)] == [is_chosen, False]


def test_the_evidence_is_that_of_the_engine_that_is_surest() -> None:
    one, two = Fixed("one", 0.8, 0.1, evidence="amount due"), Fixed("two", 0.3, 0.5, evidence="stir")
    invoice, recipe = _scored(EnsembleEngine([one, two]))
    assert (invoice.evidence, invoice.pages, invoice.reasoning) == (("amount due",), (3,), "one")
    assert (recipe.evidence, recipe.reasoning) == (("stir",), "two")


async def test_the_engines_are_asked_at_once_and_come_to_the_same() -> None:
    meeting = asyncio.Barrier(2)  # neither goes on before the other has begun
    engine = EnsembleEngine([Fixed("one", 0.8, 0.1, meeting=meeting), Fixed("two", 0.2, 0.4, meeting=meeting)])
    async with asyncio.timeout(20):
        assert await engine.ascore([DOCUMENT], RULES) == engine.score([DOCUMENT], RULES)


async def test_where_one_engine_fails_the_others_are_given_up() -> None:
    waiting = Fixed("one", 0.8, 0.1, meeting=asyncio.Event())
    engine = EnsembleEngine([waiting, Fixed("two", 0.2, 0.4, error=InvalidResponseError("broken"))])
    with pytest.raises(InvalidResponseError, match="broken"):
        await engine.ascore([DOCUMENT], RULES)
    assert waiting.cancelled


def test_a_failing_engine_is_the_error_of_the_document() -> None:
    engine = EnsembleEngine([LexicalEngine(), Fixed("two", 0.2, 0.4, error=InvalidResponseError("broken"))])
    with Classifier(RULES, backend=LocalBackend(engine), on_error="record") as classifier:
        assert "broken" in str(classifier.classify("a bill").error)


def test_an_engine_that_leaves_out_a_rule_is_named() -> None:
    class Short(Fixed):
        def score(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
            return super().score(documents, rules[:1])

    with pytest.raises(InvalidResponseError, match="'short' must score each rule once"):
        _scored(EnsembleEngine([Fixed("one", 0.8, 0.1), Short("short", 0.2, 0.4)]))


@pytest.mark.parametrize("probability", [float("nan"), -0.1, 1.5])
def test_an_engine_that_gives_no_probability_is_named(probability: float) -> None:
    with pytest.raises(InvalidResponseError, match="'wrong' must give each rule a probability from 0 to 1"):
        _scored(EnsembleEngine([Fixed("one", 0.8, 0.1), Fixed("wrong", probability, 0.4)]))


def test_the_name_tells_members_and_weights_apart() -> None:
    one, two, three = (Fixed(name, 0.5, 0.1) for name in ("one", "two", "three"))
    assert EnsembleEngine([one, two]).name == "ensemble(one+two)"
    assert EnsembleEngine([one, two], weights=[3, 1]).name == "ensemble(0.75*one+0.25*two)"
    assert EnsembleEngine([one, two], weights=[6, 2]).name == EnsembleEngine([one, two], weights=[3, 1]).name
    names = {EnsembleEngine(engines).name for engines in ([one, two], [one, three], [one, two, three])}
    assert len(names) == 3


def test_a_pickled_ensemble_scores_the_same() -> None:
    engine = EnsembleEngine([LexicalEngine(), LexicalEngine()], weights=[1, 2])
    again = pickle.loads(pickle.dumps(engine))
    assert again.name == engine.name
    assert _scored(again) == _scored(engine)


def test_it_answers_for_a_classifier_and_says_who_it_is() -> None:
    engine = EnsembleEngine([LexicalEngine(), Fixed("two", 0.9, 0.05)])
    with Classifier(RULES, backend=LocalBackend(engine)) as classifier:
        outcome = classifier.classify("a bill to be paid")
    assert (outcome.type, outcome.backend) == ("invoice", "local/ensemble(lexical+two)")


@pytest.mark.parametrize(
    ("engines", "weights", "message"),
    [
        ([], None, "of 0 engines"),
        (LexicalEngine(), None, "engines is one engine"),
        ([LexicalEngine()], None, "of 1 engines"),
        ([LexicalEngine, LexicalEngine()], None, "not the class LexicalEngine"),
        ([LexicalEngine(), LocalBackend()], None, "is not an Engine"),
        ([LexicalEngine(), LexicalEngine()], [1], "1 numbers for 2"),
        ([LexicalEngine(), LexicalEngine()], [1, 0], "holds 0"),
        ([LexicalEngine(), LexicalEngine()], [1, True], "holds True"),
        ([LexicalEngine(), LexicalEngine()], [1, float("nan")], "holds nan"),
    ],
)
def test_what_cannot_work_is_refused(engines: list[Engine], weights: list[float] | None, message: str) -> None:
    with pytest.raises(InvalidOptionError, match=message):
        EnsembleEngine(engines, weights=weights)
