"""The traps that an `IngestionPipeline` holds for a step, and what we guarantee there; with the framework's own parts.

Further guarantees of the kind, each where its subject is:

- workers get every option, find their key in the environment, and say so where there is none: test_pipeline_workers;
- pickling loses nothing, no dictionary holds a key, `to_json` never raises, an order is stable: test_serialisation;
- an awaited step leaves the loop running, and cancelling reaches the classifier: test_pipeline;
- both ways are one span, no key reaches a tracer, a handler that raises harms nothing: test_spans, test_events;
- copies share neither metadata nor relationships with what was given: test_transform;
- what failed can be run again, under each docstore strategy and policy: test_forgetting.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionCache, IngestionPipeline
from llama_index.core.schema import Document, MetadataMode, TextNode, TransformComponent
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore

from classify_core import Answer, BatchError, ClassifyError, MetadataSchema, Rule, UnreadableDocumentError
from llama_index_classify import ClassifyTransform
from tests.backends import ScriptedBackend
from tests.llama_index.parts import fails_on, splitter

STRATEGIES = list(DocstoreStrategy)
# LlamaIndex says in this way that UPSERTS needs a vector store, and falls back to DUPLICATES_ONLY.
pytestmark = pytest.mark.filterwarnings("ignore:docstore_strategy=")

every_strategy = pytest.mark.parametrize("strategy", STRATEGIES)
with_and_without_store = pytest.mark.parametrize("with_store", [True, False], ids=["vector-store", "no-vector-store"])
with_and_without_cache = pytest.mark.parametrize("with_cache", [True, False], ids=["cache", "no-cache"])


def _ingesting(
    *steps: TransformComponent, strategy: DocstoreStrategy, with_store: bool, with_cache: bool = False
) -> IngestionPipeline:
    return IngestionPipeline(
        transformations=[*steps, MockEmbedding(embed_dim=4)],
        docstore=SimpleDocumentStore(),
        docstore_strategy=strategy,
        vector_store=SimpleVectorStore() if with_store else None,
        disable_cache=not with_cache,
    )


def _again(documents: list[Document]) -> list[Document]:
    """The same documents, as read anew."""
    return [document.model_copy(deep=True) for document in documents]


# 1. The pipeline's cache knows a step by its class name and dictionary.


def test_no_step_ever_receives_what_another_step_made(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    steps: list[TransformComponent] = [
        ClassifyTransform(rules, backend=backend),
        ClassifyTransform(rules, backend=backend, prefix="second_"),
        ClassifyTransform([Rule(type="total", description="names a total")], backend=backend, prefix="third_"),
        MockEmbedding(embed_dim=4),
    ]
    pipeline = IngestionPipeline(transformations=steps)
    for _ in range(2):
        [node] = pipeline.run(documents=[Document(text="invoice total")])
        assert [node.metadata[f"{prefix}type"] for prefix in ("classify_", "second_", "third_")] == [
            "invoice",
            "invoice",
            "total",
        ]
        assert node.embedding is not None


# 2. The pipeline's cache knows nodes by their texts and metadata, run together, and not by their identifiers.


@with_and_without_cache
def test_equal_documents_of_one_run_keep_their_own_identifiers(*, with_cache: bool, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    steps: list[TransformComponent] = [ClassifyTransform(rules, backend=backend), splitter()]
    pipeline = IngestionPipeline(transformations=steps, disable_cache=not with_cache)
    nodes = pipeline.run(documents=[Document(id_=name, text="an invoice") for name in "ab"])
    assert [node.ref_doc_id for node in nodes] == ["a", "b"]
    assert backend.asked.total() == 1


@with_and_without_cache
def test_equal_files_of_two_runs_keep_their_own_identifiers(
    *, with_cache: bool, rules: list[Rule], tmp_path: Path
) -> None:
    backend = ScriptedBackend()
    steps: list[TransformComponent] = [ClassifyTransform(rules, backend=backend), splitter()]
    pipeline = IngestionPipeline(transformations=steps, disable_cache=not with_cache)
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("an invoice")
        documents = SimpleDirectoryReader(input_files=[tmp_path / name], filename_as_id=True).load_data()
        [node] = pipeline.run(documents=documents)
        assert node.ref_doc_id == documents[0].id_
    assert backend.asked.total() == 1


def test_without_the_pipeline_s_cache_equal_documents_of_two_runs_keep_theirs_too_and_cost_nothing(
    rules: list[Rule],
) -> None:
    backend = ScriptedBackend()
    step = ClassifyTransform(rules, backend=backend)
    pipeline = IngestionPipeline(transformations=[step, splitter()], disable_cache=True)
    for name in "ab":
        [node] = pipeline.run(documents=[Document(id_=name, text="an invoice")])
        assert node.ref_doc_id == name
    assert backend.asked.total() == 1


# 3. The pipeline's cache keeps a whole batch or nothing of it.


@with_and_without_cache
@pytest.mark.parametrize("splitter_first", [True, False])
def test_in_another_order_one_new_document_is_one_classification(
    *, with_cache: bool, splitter_first: bool, rules: list[Rule], documents: list[Document]
) -> None:
    backend = ScriptedBackend()
    steps: list[TransformComponent] = [splitter(), ClassifyTransform(rules, backend=backend)]
    pipeline = IngestionPipeline(transformations=steps if splitter_first else steps[::-1], disable_cache=not with_cache)
    pipeline.run(documents=documents)
    backend.asked.clear()
    pipeline.run(documents=[*reversed(documents), Document(text="Another recipe.")])
    assert list(backend.asked.items()) == [("Another recipe.", 1)]


FORMER_PROCESS = """
import sys
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import Document
from classify_core import Rule
from llama_index_classify import ClassifyTransform
from tests.backends import ScriptedBackend
folder, *texts = sys.argv[1:]
rules = [Rule(type="invoice", description="a bill with a total amount")]
backend = ScriptedBackend()
step = ClassifyTransform(rules, backend=backend, cache=folder + "/answers.sqlite")
pipeline = IngestionPipeline(transformations=[step])
pipeline.run(documents=[Document(text=text) for text in texts])
pipeline.persist(folder)
assert backend.asked.total() == len(texts)
"""


@with_and_without_cache
def test_what_another_process_classified_is_not_classified_again(*, with_cache: bool, tmp_path: Path) -> None:
    texts = ["an invoice", "another invoice", "a poem"]
    subprocess.run(
        [sys.executable, "-c", FORMER_PROCESS, str(tmp_path), *texts], cwd=Path(__file__).parents[2], check=True
    )
    backend = ScriptedBackend()
    rules = [Rule(type="invoice", description="a bill with a total amount")]
    step = ClassifyTransform(rules, backend=backend, cache=tmp_path / "answers.sqlite")
    pipeline = IngestionPipeline(transformations=[step], disable_cache=not with_cache)
    pipeline.load(str(tmp_path))
    nodes = pipeline.run(documents=[Document(text=text) for text in [*reversed(texts), "a new invoice"]])
    assert [node.metadata["classify_type"] for node in nodes] == ["uncategorized", "invoice", "invoice", "invoice"]
    assert list(backend.asked) == ["a new invoice"]


# 4. The pipeline's cache knows neither a function nor the bytes behind a document.


def by_owner(node: Any) -> str:
    return str(node.metadata["owner"])


def by_case(node: Any) -> str:
    return str(node.metadata["case"])


def test_two_functions_never_share_what_the_pipeline_s_cache_keeps(rules: list[Rule]) -> None:
    documents = [
        Document(text="an invoice", metadata={"owner": "ann", "case": "1"}),
        Document(text="a recipe", metadata={"owner": "ann", "case": "2"}),
    ]
    cache, found = IngestionCache(), []
    for group_by in (by_owner, by_case, lambda node: node.metadata["owner"], lambda node: node.metadata["case"]):
        step = ClassifyTransform(rules, backend=ScriptedBackend(), group_by=group_by)
        nodes = IngestionPipeline(transformations=[step], cache=cache).run(documents=documents)
        found.append([node.metadata["classify_type"] for node in nodes])
    assert found == [["invoice", "invoice"], ["invoice", "recipe"]] * 2


def test_without_the_pipeline_s_cache_a_file_that_changed_is_classified_anew_and_only_then(
    rules: list[Rule], tmp_path: Path
) -> None:
    scan = tmp_path / "scan.txt"
    backend = ScriptedBackend()
    step = ClassifyTransform(rules, backend=backend, source="file")
    pipeline = IngestionPipeline(transformations=[step], disable_cache=True)
    for text in ("an invoice", "an invoice", "the recipe"):
        scan.write_text(text)
        [node] = pipeline.run(documents=[Document(text="", metadata={"file_path": str(scan)})])
        assert node.metadata["classify_type"] in text
    assert backend.asked == {"an invoice": 1, "the recipe": 1}


# 5. A docstore keeps the hashes of the objects that a step was given.


@every_strategy
@with_and_without_store
@with_and_without_cache
async def test_a_second_ingestion_finds_nothing_new(
    strategy: DocstoreStrategy,
    *,
    with_store: bool,
    with_cache: bool,
    rules: list[Rule],
    documents: list[Document],
) -> None:
    step = ClassifyTransform(rules, backend=fails_on("eggs"))
    pipeline = _ingesting(step, strategy=strategy, with_store=with_store, with_cache=with_cache)
    runs = [len(pipeline.run(documents=_again(documents))) for _ in range(2)]
    runs.append(len(await pipeline.arun(documents=_again(documents))))
    assert runs == [3, 0, 0]


# 6. A docstore knows a document before the steps have run.


@every_strategy
@with_and_without_store
async def test_a_failing_classifier_loses_no_document_of_a_docstore(
    strategy: DocstoreStrategy, *, with_store: bool, rules: list[Rule], documents: list[Document]
) -> None:
    step = ClassifyTransform(rules, backend=fails_on("eggs"))
    for way in ("sync", "async"):
        pipeline = _ingesting(step, strategy=strategy, with_store=with_store)
        nodes = pipeline.run(documents=documents) if way == "sync" else await pipeline.arun(documents=documents)
        assert [node.metadata["classify_status"] for node in nodes] == ["completed", "failed", "completed"]
        assert all(node.embedding is not None for node in nodes)
        assert set(pipeline.docstore.docs) == {"bill", "cake", "poem"}


# 7. With UPSERTS the former version of a document is deleted before the steps run.


@pytest.mark.parametrize("strategy", [DocstoreStrategy.UPSERTS, DocstoreStrategy.UPSERTS_AND_DELETE])
def test_a_new_version_that_cannot_be_classified_takes_the_former_one_s_place(
    strategy: DocstoreStrategy, rules: list[Rule], documents: list[Document]
) -> None:
    step = ClassifyTransform(rules, backend=fails_on("ducks"))
    pipeline = _ingesting(step, splitter(), strategy=strategy, with_store=True)
    pipeline.run(documents=documents)
    documents[1] = Document(id_="cake", text="This recipe needs 3 ducks.")
    pipeline.run(documents=_again(documents))
    store = pipeline.vector_store
    [node_id] = [node_id for node_id, document in store.data.text_id_to_ref_doc_id.items() if document == "cake"]
    assert store.data.metadata_dict[node_id]["classify_status"] == "failed"
    assert pipeline.docstore.docs["cake"].text == "This recipe needs 3 ducks."


# 15. A splitter refuses chunks that are shorter than the metadata it sees, be it for embedding or for a model.


def _verbose(text: str) -> Answer | ClassifyError:
    if "cannot" in text:
        return UnreadableDocumentError("broken " * 500)
    return Answer(type="invoice", confidence=0.9, reasoning="because " * 500)


@pytest.mark.parametrize(("text", "told"), [("This can be read. ", "reasoning"), ("This cannot be read. ", "error")])
def test_neither_a_long_reasoning_nor_a_long_error_stops_a_splitter(text: str, told: str, rules: list[Rule]) -> None:
    schemas = [MetadataSchema(prefix=prefix, reasoning_length=4000) for prefix in ("first_", "second_")]
    steps: list[TransformComponent] = [
        ClassifyTransform(rules, backend=ScriptedBackend(_verbose), metadata_schema=schema) for schema in schemas
    ]
    pipeline = IngestionPipeline(transformations=[*steps, splitter(60)])
    chunks = pipeline.run(documents=[Document(text=text * 60)])
    assert len(chunks) > 1
    for chunk in chunks:
        assert all(len(chunk.metadata[schema.key(told)]) >= 300 for schema in schemas)
        for mode in (MetadataMode.EMBED, MetadataMode.LLM):
            assert "because" not in chunk.get_content(mode)
            assert "broken" not in chunk.get_content(mode)


# 16. What reads nodes with all their metadata, such as the pipeline's cache and some rerankers, ignores exclusions.


def test_what_reads_all_metadata_finds_a_label_of_limited_length(rules: list[Rule]) -> None:
    for text in ("This can be read.", "This cannot be read."):
        [node] = ClassifyTransform(rules, backend=ScriptedBackend(_verbose))([Document(text=text)])
        assert 300 < len(node.get_content(MetadataMode.ALL)) < 1000
    short = MetadataSchema(keys=("type", "status", "rules_id"))
    [node] = ClassifyTransform(rules, backend=ScriptedBackend(_verbose), metadata_schema=short)([Document(text="it")])
    assert len(node.get_content(MetadataMode.ALL)) < 120


# 17. An extractor shows a bar, changes nodes in place, rewrites their templates, and must give back as many as it got.


def test_a_step_is_silent_leaves_templates_alone_and_may_return_fewer_nodes(
    rules: list[Rule], documents: list[Document], capfd: pytest.CaptureFixture[str]
) -> None:
    nodes = [TextNode(text=document.text, text_template="{content} of {metadata_str}") for document in documents]
    before = [node.model_copy(deep=True) for node in nodes]
    pipeline = IngestionPipeline(
        transformations=[ClassifyTransform(rules, backend=fails_on("eggs"), on_failure="skip", keep_types=["invoice"])]
    )
    labelled = pipeline.run(nodes=nodes)
    assert [node.node_id for node in labelled] == [nodes[0].node_id]
    assert labelled[0].text_template == "{content} of {metadata_str}"
    assert nodes == before
    assert capfd.readouterr() == ("", "")


# 18. The framework's own bridge from sync to async needs a new thread and loop, and replaces any RuntimeError.


async def test_a_synchronous_run_inside_a_running_loop_works_and_raises_its_own_errors(
    rules: list[Rule], documents: list[Document]
) -> None:
    step = ClassifyTransform(rules, backend=fails_on("eggs"), on_failure="raise")
    pipeline = IngestionPipeline(transformations=[step, MockEmbedding(embed_dim=4)])
    assert len(VectorStoreIndex(pipeline.run(documents=documents[:1]), embed_model=MockEmbedding(4)).docstore.docs) == 1
    with pytest.raises(BatchError, match="eggs cannot be read") as raised:
        pipeline.run(documents=documents)
    assert not isinstance(raised.value, RuntimeError)
