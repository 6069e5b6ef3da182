from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = [
    "llama_index",
    "langchain_core",
    "sklearn",
    "numpy",
    "kreuzberg",
    "liteparse",
    "tqdm",
    "fastapi",
    "uvicorn",
    "typer",
]
PACKAGES = ["classify_core", "llama_index_classify", "langchain_classify"]

PUBLIC = {
    "classify_core": """Classifier Classification Alternative Rule ClassifyConfiguration ParsingConfiguration
        ClassifyResult ClassifyJob Source ClassifyClient AsyncClassifyClient Backend HostedBackend LocalBackend Engine
        RateLimits MetadataSchema load_rules ClassifyError InvalidRulesError AuthenticationError OutOfCreditsError
        RateLimitError JobFailedError JobCancelledError ClassifyTimeoutError UnknownTypeError UnreadableDocumentError
        BatchError""",
    "llama_index_classify": """ClassifyPostprocessor ClassifyTransform ClassifyReader ClassifyToolSpec IngestionRouter
        type_filters vector_store_info LLMEngine EmbeddingEngine""",
    "langchain_classify": """ClassifyRunnable ClassifyDocumentTransformer ClassifyDocumentCompressor ClassifyLoader
        ClassifyTool route_by_type type_filter attribute_info ChatModelEngine EmbeddingEngine""",
}


def _loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_the_core_loads_no_framework_and_no_scikit_learn() -> None:
    assert not _loaded_by("import classify_core") & set(HEAVY)


def test_classifying_a_text_locally_loads_none_of_them_either() -> None:
    loaded = _loaded_by(
        "from classify_core import Classifier\n"
        "rules = [{'type': 'invoice', 'description': 'a bill with an amount due'}]\n"
        "Classifier(rules, backend='local').classify('a bill')"
    )
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize(
    ("adapter", "others"), [("llama_index_classify", "langchain_core"), ("langchain_classify", "llama_index")]
)
def test_an_adapter_does_not_load_the_other_framework(adapter: str, others: str) -> None:
    assert others not in _loaded_by(f"import {adapter}")


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_and_all_are_equal(package: str) -> None:
    module = importlib.import_module(package)
    with warnings.catch_warnings():
        public = {
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and getattr(value, "__module__", "").partition(".")[0] == package
        }
    assert public == set(module.__all__)
    assert list(module.__all__) == sorted(module.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_names_that_outside_programs_import_are_there(package: str) -> None:
    assert set(PUBLIC[package].split()) <= set(importlib.import_module(package).__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def _imports(package: str) -> set[str]:
    found = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("classify_core", {"llama_index", "langchain_core", "llama_index_classify", "langchain_classify"}),
        ("llama_index_classify", {"langchain_core", "langchain_classify"}),
        ("langchain_classify", {"llama_index", "llama_index_classify"}),
    ],
)
def test_dependencies_point_from_the_adapters_to_the_core(package: str, forbidden: set[str]) -> None:
    assert not _imports(package) & forbidden


@pytest.mark.parametrize("adapter", ["llama_index_classify", "langchain_classify"])
def test_a_missing_framework_is_an_import_error_that_names_the_command(adapter: str) -> None:
    extra = adapter.removesuffix("_classify").replace("_", "-")
    framework = {"llama-index": "llama_index", "langchain": "langchain_core"}[extra]
    code = f"import sys\nsys.modules['{framework}'] = None\nimport {adapter}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert f'pip install "classify-adapters[{extra}]"' in done.stderr
