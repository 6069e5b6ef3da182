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

from classify_core import Classification, Classifier, InvalidOptionError, Rule, load_rules

HERE = Path(__file__).parent
RULES_NAMES = ("rules.yaml", "rules.yml", "rules.json")
DOCUMENT_FOLDERS = ("documents", "docs")
MIN_CONFIDENCE = 0.5
NO_TYPE = "(none)"


def find_rules(folder: Path) -> Path:
    """The rules file of a folder."""
    for name in RULES_NAMES:
        if (folder / name).is_file():
            return folder / name
    raise InvalidOptionError(f"{folder} holds no {RULES_NAMES[0]}; write one, as in {HERE / RULES_NAMES[0]}")


def find_documents(folder: Path) -> list[Path]:
    """The files below `documents/` or `docs/`, else all below the folder but its rules; hidden ones are left out."""
    root = next((folder / name for name in DOCUMENT_FOLDERS if (folder / name).is_dir()), folder)
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and path != find_rules(folder)]
    return [path for path in files if not any(part.startswith(".") for part in path.relative_to(root).parts)]


def print_table(paths: list[Path], outcomes: list[Classification]) -> None:
    """A line a document: name, type, confidence, why."""
    width = shutil.get_terminal_size((140, 24)).columns
    name_width = min(40, max(len(path.name) for path in paths))
    type_width = max([len(NO_TYPE), *(len(outcome.type or "") for outcome in outcomes)])
    print(f"\n{'document':{name_width}}  {'type':{type_width}}  conf.  why")
    for path, outcome in zip(paths, outcomes, strict=True):
        name, label = path.name[:name_width], outcome.type or NO_TYPE
        confidence = "-" if outcome.confidence is None else f"{outcome.confidence:.2f}"
        why = " ".join((outcome.reasoning or str(outcome.error)).split())
        print(f"{name:{name_width}}  {label:{type_width}}  {confidence:>5}  {why}"[:width])


def print_counts(outcomes: list[Classification]) -> None:
    """How many documents each type has."""
    counts = Counter(outcome.type or NO_TYPE for outcome in outcomes)
    print("\ncount by type")
    for label, count in counts.most_common():
        print(f"  {count:4}  {label}")


def wanted_type(outcomes: list[Classification], rules: list[Rule]) -> Rule:
    """The type with most sure documents, to retrieve by."""
    sure = Counter(one.type for one in outcomes if one.confidence is not None and one.confidence >= MIN_CONFIDENCE)
    return max(rules, key=lambda rule: sure[rule.type])


def show_retrieval(paths: list[Path], classifier: Classifier, rule: Rule) -> None:
    """The same documents through both frameworks, and for each one retrieval of a single type."""
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


def say_how_to_run_hosted(*, hosted: bool) -> None:
    """What a reader with a key wants to know."""
    if hosted:
        return
    key = "A key is set, yet" if os.environ.get("LLAMA_CLOUD_API_KEY") else "No key was needed:"
    print(f"\n{key} everything was classified on this machine and nothing was uploaded.")
    print("The same at the hosted service: LLAMA_CLOUD_API_KEY=... .venv/bin/python examples/demo.py --hosted")


def main(arguments: list[str] | None = None) -> None:
    """Runs the demo."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=HERE, help="a folder with rules.yaml and documents")
    parser.add_argument("--hosted", action="store_true", help="classify at the hosted service: uploads the documents")
    options = parser.parse_args(arguments)
    rules, paths = load_rules(find_rules(options.corpus)), find_documents(options.corpus)
    if not paths:
        sys.exit(f"there are no documents below {options.corpus}")
    with Classifier(rules, backend="hosted" if options.hosted else "local", on_error="record") as classifier:
        outcomes = classifier.classify_many(paths, show_progress=True)
        print_table(paths, outcomes)
        print_counts(outcomes)
        show_retrieval(paths, classifier, wanted_type(outcomes, rules))
    say_how_to_run_hosted(hosted=options.hosted)


if __name__ == "__main__":
    main()
