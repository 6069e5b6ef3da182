"""`ClassifyTransform` in Ray's workers: made there of plain data, one label a document, limits and answers shared."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.schema import BaseNode, Document

from classify_core import AuthenticationError, Classifier, RateLimits, Rule, load_rules
from classify_core.testing.server import ClassifyServer
from llama_index_classify import ClassifyTransform
from tests.backends import ScriptedBackend
from tests.llama_index.parts import splitter
from tests.ray_programs import run_program, short_folder

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "examples" / "llama_index" / "ray_ingestion.py"
CREATE, UPLOAD = "POST /api/v2/classify", "POST /api/v1/beta/files"
BILL = "Invoice number 7: line items, tax, the total amount due"
KEY = "llx-of-the-driver-0123456789"

# What Ray runs in a worker, without the cluster around it.
transform = pytest.importorskip(
    "llama_index.ingestion.ray.transform", reason="Ray's pipeline cannot be imported", exc_type=ImportError
)
rows = importlib.import_module("llama_index.ingestion.ray.utils")
cloudpickle = importlib.import_module("ray.cloudpickle")


def in_worker(arguments: Mapping[str, Any], *batches: list[BaseNode]) -> list[BaseNode]:
    """What one worker makes of batches; the step and the nodes travel to it and back as Ray sends them."""
    component = transform.RayTransformComponent(transform_class=ClassifyTransform, transform_kwargs=dict(arguments))
    sent = cloudpickle.loads(cloudpickle.dumps((component.transform_class, component.transform_kwargs)))
    worker = transform.TransformActor(*sent)
    tables = [worker(rows.ray_serialize_node_batch(batch)) for batch in batches]
    return [node for table in tables for node in rows.ray_deserialize_node_batch(table)]


def as_data(rules: list[Rule]) -> list[dict[str, Any]]:
    return [rule.model_dump() for rule in rules]


@pytest.mark.parametrize("given", [as_data, list, lambda rules: tuple(as_data(rules))], ids=["data", "rules", "tuple"])
def test_a_worker_makes_the_step_of_rules_as_data_and_as_objects(given: Any, rules: list[Rule]) -> None:
    bill = Document(
        id_="bill", text="Invoice number 7: line items, tax, the total amount due", metadata={"owner": "ann"}
    )
    [there] = in_worker({"rules": given(rules), "backend": "local", "prefix": "kind_"}, [bill])
    [here] = ClassifyTransform(rules, backend="local", prefix="kind_")([bill])
    assert there == here
    assert there.metadata["kind_type"] == "invoice"


def test_a_classifier_travels_without_its_key_and_finds_one_there(
    rules: list[Rule], classify_server: ClassifyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Classifier(rules, api_key=KEY, base_url=classify_server.base_url) as classifier:
        assert KEY.encode() not in cloudpickle.dumps({"classifier": classifier})
        bill = Document(text=BILL)
        with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):  # and never turns local
            in_worker({"classifier": classifier}, [bill])
        monkeypatch.setenv("LLAMA_CLOUD_API_KEY", classify_server.api_key)
        [labelled] = in_worker({"classifier": classifier}, [bill])
    assert labelled.metadata["classify_backend"] == "hosted"


def test_a_divided_plan_travels_to_the_workers(rules: list[Rule]) -> None:
    share = RateLimits.of("pro").divided(2)
    sent = cloudpickle.loads(cloudpickle.dumps({"rules": rules, "backend": "hosted", "api_key": KEY, "plan": share}))
    assert ClassifyTransform(**sent).plan == share


class SavedAsked(ScriptedBackend):
    """Travels, and keeps what it is asked where the test sees it."""

    texts: list[str] = []  # noqa: RUF012 - the class is what both sides share

    async def classify(self, request: Any, *, timeout: float) -> Any:
        self.texts.append(request.content.data.decode())
        return await super().classify(request, timeout=timeout)

    def __reduce__(self) -> tuple[Any, ...]:
        return SavedAsked, ()


@pytest.fixture
def asked() -> Iterator[list[str]]:
    SavedAsked.texts.clear()
    yield SavedAsked.texts
    SavedAsked.texts.clear()


def test_before_the_splitter_every_batch_holds_whole_documents(
    rules: list[Rule], documents: list[Document], asked: list[str]
) -> None:
    labelled = in_worker({"rules": rules, "backend": SavedAsked()}, *([document] for document in documents))
    assert sorted(asked) == sorted(document.text for document in documents)
    chunks = splitter().get_nodes_from_documents(labelled)
    assert len(chunks) > len(documents)
    assert {chunk.ref_doc_id: chunk.metadata["classify_type"] for chunk in chunks} == {
        "bill": "invoice",
        "cake": "recipe",
        "poem": "uncategorized",
    }


def test_behind_the_splitter_a_batch_may_hold_a_part_of_a_document_only(
    rules: list[Rule], documents: list[Document], asked: list[str]
) -> None:
    # Why the recipe is to label first: a step cannot know what another batch holds.
    chunks = splitter().get_nodes_from_documents(documents[:1])
    in_worker({"rules": rules, "backend": SavedAsked()}, chunks[:1], chunks[1:])
    assert asked == [chunks[0].text, "\n\n".join(chunk.text for chunk in chunks[1:])]


def test_chunks_whose_document_was_labelled_before_are_not_classified_again_in_any_batch(
    rules: list[Rule], documents: list[Document], asked: list[str]
) -> None:
    arguments = {"rules": rules, "backend": SavedAsked()}
    chunks = splitter().get_nodes_from_documents(in_worker(arguments, documents))
    asked.clear()
    again = in_worker(arguments, chunks[:1], chunks[1:])  # a batch that cuts the first document in two
    assert asked == []
    assert [node.metadata for node in again] == [chunk.metadata for chunk in chunks]


def test_a_file_that_is_classified_itself_has_one_label_however_its_pages_are_cut(
    rules: list[Rule], asked: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "bill.txt"
    file.write_text("an invoice over a recipe book")
    pages = [Document(text=text, metadata={"file_path": str(file), "page_label": text}) for text in ("1", "2", "3")]
    arguments = {"rules": rules, "backend": SavedAsked(), "source": "file", "cache": str(tmp_path / "answers.sqlite")}
    labelled = in_worker(arguments, *([page] for page in pages))
    assert [page.metadata["classify_type"] for page in labelled] == ["invoice"] * 3
    assert asked == ["an invoice over a recipe book"]


@pytest.fixture
def ray_folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def labels_in(printed: str) -> dict[str, tuple[str, str, int]]:
    """Type, confidence and number of chunks by the name of each document."""
    found = re.findall(r"^(\S+) +(\S+) +([\d.]+) +(\d+) chunks$", printed, re.MULTILINE)
    return {name: (label, confidence, int(chunks)) for name, label, confidence, chunks in found}


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups to end a cluster by")
def test_a_real_cluster_labels_each_document_once_as_one_process_would(
    classify_server: ClassifyServer, ray_folder: Path
) -> None:
    cache = ray_folder / "answers.sqlite"
    options = ["--documents", "examples/documents", "--rules", "examples/rules.yaml", "--cache", str(cache)]
    options += ["--backend", "hosted", "--workers", "2"]
    environment = classify_server.environment()
    printed = run_program(PROGRAM, *options, folder=ray_folder, working_directory=ROOT, environment=environment)
    found = labels_in(printed)
    texts = {path: path.read_text() for path in sorted((ROOT / "examples" / "documents").iterdir()) if is_text(path)}
    documents = [Document(id_=path.name, text=text) for path, text in texts.items()]
    rules = load_rules(ROOT / "examples" / "rules.yaml")

    alone = ClassifyTransform(rules, backend="local")(documents)
    assert {name: labels[:2] for name, labels in found.items()} == {
        node.node_id: (node.metadata["classify_type"], f"{node.metadata['classify_confidence']:.2f}") for node in alone
    }
    assert max(chunks for _, _, chunks in found.values()) > 1
    assert classify_server.requests.count(CREATE) == classify_server.requests.count(UPLOAD) == len(documents)
    assert {request.status for request in classify_server.requests} <= {200, 201}

    # What the workers were answered is in the file that they share: here nothing is asked any more.
    made = len(classify_server.requests)
    step = ClassifyTransform(
        rules, backend="hosted", api_key=classify_server.api_key, base_url=classify_server.base_url, cache=cache
    )
    with step.classifier:
        assert {node.metadata["classify_status"] for node in step(documents)} == {"completed"}
    assert len(classify_server.requests) == made


def is_text(path: Path) -> bool:
    return path.suffix in {".eml", ".md", ".txt"}
