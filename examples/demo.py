"""The main job, end to end and with no key: documents in, their type and confidence in metadata, retrieval by type.

python examples/demo.py                    the documents beside this file
python examples/demo.py --corpus FOLDER    your own: FOLDER holds rules.yaml and documents
python examples/demo.py --hosted           the same, at the hosted service (uploads them; needs a key)
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import through_langchain
import through_llama_index

from classify_core import Classification, Classifier, ClassifyError, InvalidOptionError, Rule, load_rules

HERE = Path(__file__).parent
RULES_NAMES = ("rules.yaml", "rules.yml", "rules.json")
DOCUMENT_FOLDERS = ("documents", "docs")
MIN_CONFIDENCE = 0.5
NO_TYPE = "(none)"
FAILED = "(failed)"
LONGEST_NAME = 40
SHORTEST_REASON = 20


def find_rules(folder: Path) -> Path:
    """The rules file of a folder."""
    if not folder.is_dir():
        raise InvalidOptionError(f"there is no folder {folder}; name one that holds {RULES_NAMES[0]} and documents")
    for name in RULES_NAMES:
        if (folder / name).is_file():
            return folder / name
    raise InvalidOptionError(f"{folder} holds no {RULES_NAMES[0]}; write one, as in {HERE / RULES_NAMES[0]}")


def find_documents(folder: Path, rules_file: Path) -> list[Path]:
    """The files below `documents/` or `docs/`, else all below the folder but its rules; hidden ones are left out."""
    root = next((folder / name for name in DOCUMENT_FOLDERS if (folder / name).is_dir()), folder)
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and path != rules_file]
    found = [path for path in files if not any(part.startswith(".") for part in path.relative_to(root).parts)]
    if not found:
        raise InvalidOptionError(f"there are no documents below {root}")
    return found


def label_of(outcome: Classification) -> str:
    """The type as it is shown."""
    return FAILED if outcome.error is not None else outcome.type or NO_TYPE


def print_table(paths: list[Path], outcomes: list[Classification]) -> None:
    """A line a document: name, type, confidence and, where the terminal has room for it, why."""
    type_width = max(len("type"), *(len(label_of(outcome)) for outcome in outcomes))
    name_width = max(len("document"), *(len(shortened(path.name, LONGEST_NAME)) for path in paths))
    room = shutil.get_terminal_size((140, 24)).columns - (name_width + type_width + len("    conf.  "))
    has_reasons = room >= SHORTEST_REASON
    print(f"\n{'document':{name_width}}  {'type':{type_width}}  conf." + "  why" * has_reasons)
    for path, outcome in zip(paths, outcomes, strict=True):
        confidence = "-" if outcome.confidence is None else f"{outcome.confidence:.2f}"
        line = f"{shortened(path.name, name_width):{name_width}}  {label_of(outcome):{type_width}}  {confidence:>5}"
        print(f"{line}  {shortened(reason_of(outcome), room)}" if has_reasons else line)


def reason_of(outcome: Classification) -> str:
    """Why a document has its type, or none."""
    return (outcome.reasoning or "") if outcome.error is None else outcome.error.message


def shortened(text: str, width: int) -> str:
    """The text on one line, with dots where it was cut."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else f"{flat[: width - 3]}..."


def print_counts(outcomes: list[Classification]) -> None:
    """How many documents each type has."""
    print("\ncount by type")
    for label, count in Counter(map(label_of, outcomes)).most_common():
        print(f"  {count:4}  {label}")


def wanted_type(outcomes: list[Classification], rules: list[Rule]) -> Rule | None:
    """The type with most sure documents, to retrieve by; None where no document is sure."""
    sure = Counter(
        outcome.type
        for outcome in outcomes
        if outcome.type is not None and outcome.confidence is not None and outcome.confidence >= MIN_CONFIDENCE
    )
    return max(rules, key=lambda rule: sure[rule.type]) if sure else None


def show_retrieval(paths: list[Path], classifier: Classifier, rule: Rule | None) -> None:
    """The same documents through both frameworks, and for each one retrieval of a single type."""
    if rule is None:
        print(f"\nThere is nothing to retrieve: no document has a type with a confidence of {MIN_CONFIDENCE} or more.")
        return
    print(f"\nretrieval of {rule.type!r} documents with a confidence of {MIN_CONFIDENCE} or more")
    index = through_llama_index.build_index(paths, classifier)
    found = through_llama_index.retrieve(index, rule.description, type_name=rule.type, min_confidence=MIN_CONFIDENCE)
    for hit in found:
        print_hit("LlamaIndex", str(hit.node.metadata["file_name"]), hit.node.metadata)
    store = through_langchain.build_store(paths, classifier)
    hits = through_langchain.retrieve(store, rule.description, type_name=rule.type, min_confidence=MIN_CONFIDENCE)
    for document in hits:
        print_hit("LangChain", Path(document.metadata["source"]).name, document.metadata)


def print_hit(framework: str, name: str, metadata: dict[str, object]) -> None:
    """One retrieved document with what it was filtered on."""
    print(f"  {framework:10}  {metadata['classify_type']}  {metadata['classify_confidence']:.2f}  {name}")


def say_how_to_run_hosted(corpus: Path) -> None:
    """What a reader with a key wants to know."""
    key = "A key is set, yet" if os.environ.get("LLAMA_CLOUD_API_KEY") else "No key was needed:"
    chosen = "" if corpus == HERE else f' --corpus "{corpus}"'
    print(f"\n{key} everything was classified on this machine and nothing was uploaded.")
    print(f"The same at the hosted service: LLAMA_CLOUD_API_KEY=... .venv/bin/python examples/demo.py --hosted{chosen}")


def run(corpus: Path, *, hosted: bool) -> None:
    """Classifies, counts and retrieves the documents of a folder."""
    rules_file = find_rules(corpus)
    rules, paths = load_rules(rules_file), find_documents(corpus, rules_file)
    with Classifier(rules, backend="hosted" if hosted else "local", on_error="record") as classifier:
        outcomes = classifier.classify_many(paths, show_progress=True)
        print_table(paths, outcomes)
        print_counts(outcomes)
        show_retrieval(paths, classifier, wanted_type(outcomes, rules))
    if not hosted:
        say_how_to_run_hosted(corpus)


def main(arguments: list[str] | None = None) -> None:
    """Runs the demo; what the user can mend is a message, not a traceback."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=HERE, help="a folder with rules.yaml and documents")
    parser.add_argument("--hosted", action="store_true", help="classify at the hosted service: uploads the documents")
    options = parser.parse_args(arguments)
    try:
        run(options.corpus, hosted=options.hosted)
    except ClassifyError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
