"""What the built wheel does alone, with no extra and no development package: run by `make test-bare`."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from classify_core import Classifier, ClassifyClient, MissingExtraError, Rule

RULES = [
    Rule(type="invoice", description="A bill with invoice number, line items, tax and the total amount due."),
    Rule(type="recipe", description="A cooking recipe with ingredients, quantities and steps of preparation."),
]
EXTRAS = {"llama_index_classify": "llama-index", "langchain_classify": "langchain", "classify_core.server": "server"}
CHECKS = 0


def check(holds: object, promise: str) -> None:
    """Ends the program where a promise does not hold."""
    global CHECKS  # noqa: PLW0603 - the closing line counts
    CHECKS += 1
    if not holds:
        sys.exit(f"does not hold: {promise}")


def main() -> None:
    """Runs the checks."""
    with Classifier(RULES, backend="local") as classifier, TemporaryDirectory() as folder:
        one = classifier.classify("Invoice number 7: line items, tax, total amount due")
        check(one.type == "invoice", "the base install classifies text")
        foreign = classifier.classify("RECHNUNG\nRechnungsnummer: 7\nGesamtbetrag: 40,00 EUR\nZahlbar bis 1. Mai")
        check(foreign.type == "invoice", "the knowledge of common kinds of documents is in the wheel")
        note = Path(folder) / "note.md"
        note.write_text("# Recipe\n\nIngredients and quantities, then the steps of preparation.")
        check(classifier.classify(note).type == "recipe", "the base install classifies text files")
        page = Path(folder) / "page.pdf"
        page.write_bytes(b"%PDF-1.4\n%")
        outcome = classifier.classify(page, on_error="record")
        check("classify-adapters[local]" in str(outcome.error), "a missing parser names the command that installs it")
        check(isinstance(outcome.error, ImportError), "a missing parser is an ImportError")
    check(ClassifyClient(api_key="llx-none", base_url="eu"), "the base install has the hosted client")
    for package, extra in EXTRAS.items():
        try:
            importlib.import_module(package)
        except MissingExtraError as error:
            check(f"classify-adapters[{extra}]" in str(error), "a missing extra names the command")
        else:
            check(False, f"{package} needs its extra")  # noqa: FBT003 - reads as a sentence
    command = subprocess.run([Path(sys.executable).with_name("classify")], capture_output=True, text=True, check=False)
    check(command.returncode == 2, "the command without its extra ends with the code of a wrong use")
    check('pip install "classify-adapters[cli]"' in command.stderr, "and names the command that installs it")
    print(f"bare: {CHECKS} passed, 0 failed")


if __name__ == "__main__":
    main()
