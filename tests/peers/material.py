"""The documents and rules of the scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DOCUMENTS = Path(__file__).parents[2] / "examples" / "documents"
INVOICE_PDF = DOCUMENTS / "harbour-lights-march.pdf"
CONTRACT_PDF = DOCUMENTS / "orrindale-research-services.pdf"
CONTRACT_PAGES = 3
CONTRACT_DOCX = DOCUMENTS / "sound-desk-loan.docx"

RULES = [
    {
        "type": "invoice",
        "description": "An invoice or bill that asks a customer to pay: an invoice number, a date, line items with "
        "prices, tax and a total amount due.",
    },
    {
        "type": "contract",
        "description": "A legal agreement between two or more parties, with numbered clauses on term, payment, "
        "liability and termination.",
    },
    {
        "type": "recipe",
        "description": "A cooking recipe with ingredients, quantities and steps of preparation.",
    },
]
CONFIGURATION: dict[str, Any] = {"rules": RULES}
RECIPE_ONLY: dict[str, Any] = {"rules": [RULES[2]]}
BROKEN_PDF = b"%PDF-1.7\n%a catalogue that is cut off\n1 0 obj\n<< /Type /Cata"


def invoice(number: int = 7) -> bytes:
    """The text of an invoice; each number is another document."""
    return f"Invoice number {number}. Line items: two lamps. Tax 4 EUR, total amount due 24 EUR.".encode()


def recipe() -> bytes:
    """The text of a recipe."""
    return b"A cooking recipe. Ingredients and quantities: 300 g flour. Steps of preparation: knead."
