from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import langchain_classify

PUBLIC = """
    ChatModelEngine ClassifyBlobParser ClassifyDocumentCompressor ClassifyDocumentTransformer ClassifyLoader
    ClassifyRunnable ClassifyTool EmbeddingEngine LabelKeyEncoder TypeCondition TypeRouter attribute_info route_by_type
    type_condition type_filter
"""
ROOT = Path(__file__).parents[2]


def test_the_public_names_are_exactly_these() -> None:
    assert langchain_classify.__all__ == PUBLIC.split()
    assert all(hasattr(langchain_classify, name) for name in langchain_classify.__all__)


def test_without_langchain_core_the_error_names_the_command_that_installs_it() -> None:
    program = (
        "import sys; sys.modules['langchain_core'] = None\n"
        "from classify_core import MissingExtraError\n"
        "try:\n    import langchain_classify\n"
        "except MissingExtraError as error:\n    print(isinstance(error, ImportError), error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True ")
    assert 'pip install "classify-adapters[langchain]"' in done.stdout


def test_another_missing_module_is_not_blamed_on_langchain() -> None:
    program = (
        "import sys; sys.modules['langchain_classify.progress'] = None\n"
        "try:\n    import langchain_classify\n"
        "except ModuleNotFoundError as error:\n    print(type(error).__name__, error.name)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["ModuleNotFoundError", "langchain_classify.progress"]
