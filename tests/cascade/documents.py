"""Documents of two types, some of which the embedded engine is not sure of, and what the dear backend says of them."""

from __future__ import annotations

from classify_core import Answer, Rule

RULES = [
    Rule(type="invoice", description="A bill with an invoice number, line items, tax and the total amount due."),
    Rule(type="recipe", description="A cooking recipe with ingredients, quantities and steps of preparation."),
]

_WORDS = ["harbour", "lantern", "meadow", "copper", "violet", "granite", "thistle", "walnut", "ember", "juniper"]


def bill(number: int) -> str:
    return f"Invoice number {number}: line items, tax, total amount due {number} EUR, {_words(number)}"


def cake(number: int) -> str:
    return f"Recipe {number}: ingredients and quantities, then the steps of preparation, cooking, {_words(number)}"


def riddle(number: int) -> str:
    """Nothing in it speaks for any rule."""
    return f"Zyx quorb {number} flimmer {_words(number)} blicket"


def mixed(count: int) -> list[str]:
    """Documents of which every fourth is a riddle."""
    kinds = [bill, cake, bill, riddle]
    return [kinds[number % 4](number) for number in range(count)]


def truth(text: str) -> Answer:
    """What the dear backend says."""
    name = "invoice" if text.startswith("Invoice") else "recipe" if text.startswith("Recipe") else None
    return Answer(type=name, confidence=0.99 if name else 0.1, reasoning="the dear one says so")


def _words(number: int) -> str:
    return " ".join(_WORDS[(number * step) % len(_WORDS)] for step in (1, 3, 7))
