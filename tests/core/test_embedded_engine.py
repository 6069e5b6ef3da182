"""What holds for every engine that asks an embedding model, whichever framework calls it."""

from __future__ import annotations

import hashlib
import math
import pickle
import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from classify_core import Answer, ConnectionFailedError, InvalidOptionError, InvalidResponseError, Rule
from classify_core.engine import ParsedDocument
from classify_core.local.decision import decide
from classify_core.local.embedded import EmbeddedEngine

RULES = [
    Rule(type="invoice", description="A bill with an invoice number, line items, tax and the total amount due."),
    Rule(type="recipe", description="A cooking recipe with ingredients, quantities and steps of preparation."),
    Rule(type="lease_agreement", description="A landlord lets premises to a tenant for rent and a deposit."),
]
INVOICE = "Invoice number 4711. Two line items, tax 19 %, total amount due 84 EUR. Please pay this invoice."
RECIPE = "Ingredients and quantities for a soup recipe. Steps of preparation: cooking, salt, serve."
LEASE = "Lease agreement. The landlord lets the premises to the tenant. The rent is due monthly, the deposit once."
NONSENSE = "Zyx quorb flimmer wug blicket dax toma gorp."


def words_vector(text: str, size: int = 256) -> list[float]:
    """A bag of words, hashed: it knows words only, but is the same on every machine."""
    vector = [0.0] * size
    for word in re.findall(r"\w+", text.lower()):
        vector[int(hashlib.md5(word.encode()).hexdigest(), 16) % size] += 1.0
    return vector


def crowded(text: str) -> list[float]:
    """The same as a model would have it that finds all texts alike: cosines from 0.8 to 1."""
    vector = words_vector(text)
    length = math.hypot(*vector) or 1.0
    return [*(number / length for number in vector), 2.0]


def scaled(text: str) -> list[float]:
    return [1e6 * number for number in words_vector(text)]


class WordsEngine(EmbeddedEngine):
    def __init__(self, embed: Callable[[str], Iterable[float]] = words_vector, **options: Any) -> None:
        super().__init__(options.pop("model_name", "words"), **options)
        self.embed = embed
        self.asked: list[list[str]] = []

    def _embed(self, texts: list[str]) -> Iterable[Iterable[float]]:
        self.asked.append(texts)
        return [self.embed(text) for text in texts]


def answer(text: str, engine: EmbeddedEngine | None = None, rules: list[Rule] | None = None) -> Answer:
    engine = WordsEngine() if engine is None else engine
    return decide(engine.score([ParsedDocument(text=text)], RULES if rules is None else rules)[0])


CASES = [(INVOICE, "invoice"), (RECIPE, "recipe"), (LEASE, "lease_agreement"), (NONSENSE, None)]


@pytest.mark.parametrize("embed", [words_vector, crowded, scaled])
@pytest.mark.parametrize(("text", "expected"), CASES)
def test_the_nearest_rule_answers_or_none_whatever_range_the_model_s_similarities_lie_in(
    text: str, expected: str | None, embed: Callable[[str], list[float]]
) -> None:
    assert answer(text, WordsEngine(embed)).type == expected


def test_a_single_rule_can_be_accepted_and_refused() -> None:
    assert answer(INVOICE, rules=RULES[:1]).type == "invoice"
    assert answer(RECIPE, rules=RULES[:1]).type is None


@pytest.mark.parametrize("text", [INVOICE, RECIPE, NONSENSE, INVOICE + RECIPE + LEASE, INVOICE * 300, "a", "", " \n"])
@pytest.mark.parametrize("count", [1, 3, 60])
def test_the_probabilities_add_up_to_at_most_one_in_the_order_of_the_rules(text: str, count: int) -> None:
    rules = [*RULES, *(Rule(type=f"invoice {number}", description=RULES[0].description) for number in range(60))]
    scored = WordsEngine().score([ParsedDocument(text=text)], rules[:count])[0]

    assert [each.type for each in scored] == [rule.type for rule in rules[:count]]
    assert all(0.0 <= each.probability <= 1.0 for each in scored)
    assert sum(each.probability for each in scored) <= 1.0


def test_a_document_scores_the_same_alone_among_others_and_again() -> None:
    engine = WordsEngine()
    together = engine.score([ParsedDocument(text=text) for text, _ in CASES], RULES)

    assert together == [WordsEngine().score([ParsedDocument(text=text)], RULES)[0] for text, _ in CASES]


def test_rules_that_mean_the_same_are_a_tie_and_no_guess() -> None:
    rules = [Rule(type="bill_a", description=INVOICE), Rule(type="bill_b", description=INVOICE)]
    decided = answer(INVOICE, WordsEngine(lambda text: words_vector(re.sub("bill [ab]", "bill", text))), rules)

    assert decided.type is None
    assert "fit equally well" in decided.reasoning


def test_a_model_that_finds_all_texts_equal_tells_nothing() -> None:
    assert answer(INVOICE, WordsEngine(lambda _: [0.5, 0.5])).alternatives[0].confidence == 0.0
    assert answer(INVOICE, WordsEngine(lambda _: [0.0, 0.0])).type is None


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_a_text_without_words_fits_no_rule_and_is_not_embedded(text: str) -> None:
    engine = WordsEngine()

    assert answer(text, engine).type is None
    assert engine.asked == []


def test_the_evidence_is_a_passage_of_the_document() -> None:
    text = "Unrelated words come first. " * 60 + INVOICE + " " + "Other words follow them. " * 60
    decided = WordsEngine().score([ParsedDocument(text=text)], RULES)[0]
    (quote,) = decided[0].evidence

    assert quote.removesuffix("…") in text
    assert len(quote) <= 100
    assert [each.evidence for each in decided[1:]] == [(), ()]


def test_rules_are_embedded_once_however_many_documents_and_threads_there_are() -> None:
    engine = WordsEngine()
    barrier = threading.Barrier(8)

    def score(number: int) -> None:
        barrier.wait()
        engine.score([ParsedDocument(text=f"{INVOICE} {number}")], RULES)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(score, range(8)))

    assert sum("lease agreement" in texts for texts in engine.asked) == 1
    assert len(engine.asked) == 1 + 8


def test_other_rules_are_embedded_anew_and_the_former_ones_are_still_known() -> None:
    engine = WordsEngine()
    for rules in (RULES, RULES[:1], RULES, RULES[:1]):
        answer(INVOICE, engine, rules)

    assert sum(len(texts) > 50 for texts in engine.asked) == 2


def test_rules_that_could_not_be_embedded_are_tried_again_for_the_next_document() -> None:
    faults = [OSError("busy")]

    def embed(text: str) -> list[float]:
        if faults:
            raise faults.pop()
        return words_vector(text)

    engine = WordsEngine(embed)
    with pytest.raises(ConnectionFailedError):
        answer(INVOICE, engine)
    assert answer(INVOICE, engine).type == "invoice"


def test_of_a_long_document_only_so_many_characters_are_embedded_from_beginning_middle_and_end() -> None:
    engine = WordsEngine(max_characters=2_000)
    text = "beginning " + "word " * 20_000 + "middle " + "word " * 20_000 + "end"
    answer(text, engine)
    passages = engine.asked[-1]

    assert sum(map(len, passages)) <= 2_000
    assert all(len(passage) <= 800 for passage in passages)
    assert [any(place in passage for passage in passages) for place in ("beginning", "middle", "end")] == [True] * 3


def test_a_title_that_the_text_lacks_counts() -> None:
    engine = WordsEngine()
    engine.score([ParsedDocument(text="words", title="Invoice of May", name="secret-name.pdf")], RULES)

    assert engine.asked[-1] == ["Invoice of May words"]


@pytest.mark.parametrize(
    "vectors",
    [[], [[1.0, 0.0]], [[1.0], [1.0, 2.0]] * 100, [[math.nan, 1.0]] * 200, [[math.inf, 1.0]] * 200],
    ids=["none", "too few", "ragged", "nan", "infinite"],
)
def test_what_are_no_vectors_of_the_texts_is_an_error_that_names_the_document(vectors: list[list[float]]) -> None:
    class Faulty(EmbeddedEngine):
        def _embed(self, texts: list[str]) -> Iterable[Iterable[float]]:
            return vectors[: len(texts)]

    with pytest.raises(InvalidResponseError, match=r"document 'a\.pdf': the model of 'embedding/faulty'") as caught:
        Faulty("faulty").score([ParsedDocument(text=INVOICE, name="a.pdf")], RULES)
    assert "4711" not in str(caught.value)


def test_a_model_that_changes_the_length_of_its_vectors_is_an_error() -> None:
    engine = WordsEngine(lambda text: words_vector(text, 64 if "4711" in text else 256))

    with pytest.raises(InvalidResponseError, match="all of one length"):
        answer(INVOICE, engine)


def test_a_failure_of_the_model_is_that_document_s_error_with_the_class_alone_in_its_text() -> None:
    original = ValueError(f"sk-secret cannot embed {INVOICE}")

    def embed(text: str) -> list[float]:
        raise original

    with pytest.raises(ConnectionFailedError, match=r"'embedding/words' failed with ValueError") as caught:
        answer(INVOICE, WordsEngine(embed))
    assert "sk-secret" not in str(caught.value) + repr(caught.value)
    assert caught.value.__cause__.original is original


def test_a_pickled_engine_decides_the_same_and_takes_no_vectors_along() -> None:
    engine = WordsEngine()
    fresh = len(pickle.dumps(engine))
    answer(INVOICE, engine)
    engine.asked.clear()
    restored = pickle.loads(pickle.dumps(engine))

    assert len(pickle.dumps(engine)) == fresh
    assert answer(INVOICE, restored) == answer(INVOICE, engine)
    assert restored.name == engine.name == "embedding/words"


async def test_the_model_is_asked_off_the_event_loop() -> None:
    threads = []

    def embed(text: str) -> list[float]:
        threads.append(threading.current_thread())
        return words_vector(text)

    scored = await WordsEngine(embed).ascore([ParsedDocument(text=INVOICE)], RULES)

    assert decide(scored[0]).type == "invoice"
    assert threading.current_thread() not in threads


def test_how_much_is_embedded_is_part_of_the_name() -> None:
    assert WordsEngine(max_characters=9_000).name == "embedding/words+max_characters=9000"
    with pytest.raises(InvalidOptionError, match="max_characters"):
        WordsEngine(max_characters=10)
