"""`ClassifyRunnable` in Ray's workers: held by a class that is made once in each, Parquet in and Parquet out."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from classify_core import AuthenticationError, Classifier, JobFailedError, MetadataSchema, RateLimits, Rule, load_rules
from classify_core.testing.server import ClassifyServer
from langchain_classify import ClassifyRunnable
from tests.backends import ScriptedBackend
from tests.ray_programs import run_program, short_folder

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "examples" / "langchain" / "ray_parquet.py"
RULES_FILE = ROOT / "examples" / "rules.yaml"
DOCUMENTS = ROOT / "examples" / "documents"
CREATE, UPLOAD = "POST /api/v2/classify", "POST /api/v1/beta/files"
BILL = "Invoice number 7: line items, tax, the total amount due"
CAKE = "Recipe: ingredients and quantities, then the steps of preparation"
KEY = "llx-of-the-driver-0123456789"
COLUMNS = MetadataSchema().all_keys
LABELS = re.compile(r"^(\S+) +(\S+) +(\d\.\d\d)$", re.MULTILINE)

pytest.importorskip("ray.data", reason="Ray is not installed")
arrow = importlib.import_module("pyarrow")
parquet = importlib.import_module("pyarrow.parquet")
cloudpickle = importlib.import_module("ray.cloudpickle")


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The example as a module, whose class travels as that of a program does: with its code."""
    monkeypatch.syspath_prepend(str(PROGRAM.parent))
    module = importlib.import_module(PROGRAM.stem)
    cloudpickle.register_pickle_by_value(module)
    yield module
    cloudpickle.unregister_pickle_by_value(module)


def worker_of(program: ModuleType, **arguments: Any) -> Any:
    """What one worker makes of the class and its arguments, which travel to it as Ray sends them."""
    sent = cloudpickle.dumps((program.ClassifyBatches, {"document": "content", "name": "name", **arguments}))
    made, given = cloudpickle.loads(sent)
    return made(**given)


def as_data(rules: list[Rule]) -> list[dict[str, Any]]:
    return [rule.model_dump() for rule in rules]


def table_of(*documents: str | bytes | None, **columns: list[Any]) -> Any:
    names = [f"{number}.txt" for number in range(len(documents))]
    return arrow.table({"name": names, "content": list(documents), **columns})


class TravellingBackend(ScriptedBackend):
    """Fails on `bad`, travels to a worker, and keeps what it is asked where the test sees it."""

    texts: list[str] = []  # noqa: RUF012 - the class is what both sides share

    def __init__(self) -> None:
        super().__init__(lambda text: JobFailedError("broken", job_id="job-1") if text == "bad" else None)

    async def classify(self, request: Any, *, timeout: float) -> Any:
        self.texts.append(request.content.data.decode())
        return await super().classify(request, timeout=timeout)

    def __reduce__(self) -> tuple[Any, ...]:
        return TravellingBackend, ()


@pytest.fixture
def asked() -> Iterator[list[str]]:
    TravellingBackend.texts.clear()
    yield TravellingBackend.texts
    TravellingBackend.texts.clear()


def test_each_row_has_the_label_that_one_process_gives_it(program: ModuleType, rules: list[Rule]) -> None:
    labelled = worker_of(program, rules=as_data(rules), backend="local")(table_of(BILL, CAKE, "0123", kept=[1, 2, 3]))
    with Classifier(rules, backend="local") as classifier:
        expected = [MetadataSchema().to_metadata(one) for one in classifier.classify_many([BILL, CAKE, "0123"])]
    rows = [{name: value for name, value in row.items() if value is not None} for row in labelled.to_pylist()]
    assert [{name: row[name] for name in row if name in COLUMNS} for row in rows] == expected
    assert [row["classify_type"] for row in rows] == ["invoice", "recipe", "uncategorized"]
    assert labelled["kept"].to_pylist() == [1, 2, 3]


def test_the_columns_are_the_same_in_every_batch_whatever_fails(
    program: ModuleType, rules: list[Rule], asked: list[str]
) -> None:
    worker = worker_of(program, rules=as_data(rules), backend=TravellingBackend())
    schemas = [worker(table_of(*batch)).schema for batch in (["invoice"], ["bad"], ["invoice", "bad", None])]
    assert schemas[0] == schemas[1] == schemas[2]
    kinds = {name: str(schemas[0].field(name).type) for name in COLUMNS}
    assert kinds == dict.fromkeys(COLUMNS, "string") | {"classify_confidence": "double"}


def test_a_failure_and_a_null_are_told_in_their_rows_and_nowhere_else(
    program: ModuleType, rules: list[Rule], asked: list[str]
) -> None:
    worker = worker_of(program, rules=as_data(rules), backend=TravellingBackend())
    rows = worker(table_of("an invoice", "bad", None, "")).to_pylist()
    assert [row["classify_status"] for row in rows] == ["completed", "failed", "failed", "failed"]
    assert [row["classify_type"] for row in rows] == ["invoice", None, None, None]
    assert rows[1]["classify_job_id"] == "job-1"
    assert all(row["classify_error"] and row["classify_confidence"] is None for row in rows[1:])
    assert asked == ["an invoice", "bad"]


def test_a_label_of_former_rules_is_replaced(program: ModuleType, rules: list[Rule], asked: list[str]) -> None:
    former = worker_of(program, rules=as_data(rules), backend=TravellingBackend())(table_of("an invoice", "bad"))
    worker = worker_of(
        program, rules=[{"type": "voice", "description": "A voice in a text."}], backend=TravellingBackend()
    )
    labelled = worker(former)
    assert labelled.column_names == former.column_names
    assert labelled["classify_type"].to_pylist() == ["voice", None]
    assert labelled["classify_rules_id"][0] != former["classify_rules_id"][0]


def test_several_labels_stand_side_by_side(program: ModuleType, rules: list[Rule], asked: list[str]) -> None:
    first = worker_of(program, rules=as_data(rules), backend=TravellingBackend())
    second = worker_of(program, rules=as_data(rules), backend=TravellingBackend(), prefix="kind_")
    [row] = second(first(table_of("an invoice"))).to_pylist()
    assert row["classify_type"] == row["kind_type"] == "invoice"


def test_a_worker_holds_one_runnable_for_all_of_its_batches(
    program: ModuleType, rules: list[Rule], asked: list[str]
) -> None:
    worker = worker_of(program, rules=as_data(rules), backend=TravellingBackend())
    types = [worker(table_of("an invoice", "a recipe"))["classify_type"].to_pylist() for _ in range(3)]
    assert types == [["invoice", "recipe"]] * 3
    assert sorted(asked) == ["a recipe", "an invoice"]


def test_files_bytes_are_read_by_the_ending_of_their_names(program: ModuleType) -> None:
    names = ["harbour-lights-march.pdf", "sound-desk-loan.docx"]
    table = arrow.table({"name": names, "content": [(DOCUMENTS / name).read_bytes() for name in names]})
    labelled = worker_of(program, rules=as_data(load_rules(RULES_FILE)), backend="local")(table)
    assert labelled["classify_type"].to_pylist() == ["invoice", "contract"]


def test_what_travels_holds_no_key_and_a_hosted_worker_without_one_never_turns_local(
    program: ModuleType, rules: list[Rule], classify_server: ClassifyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Classifier(rules, api_key=KEY, base_url=classify_server.base_url) as classifier:
        assert KEY.encode() not in cloudpickle.dumps({"classifier": classifier})
        with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):
            worker_of(program, classifier=classifier)
        monkeypatch.setenv("LLAMA_CLOUD_API_KEY", classify_server.api_key)
        labelled = worker_of(program, classifier=classifier)(table_of(BILL))
    assert labelled["classify_backend"].to_pylist() == ["hosted"]


def test_a_workers_share_of_the_plan_travels_with_it(rules: list[Rule]) -> None:
    share = RateLimits.of("pro").divided(2)
    sent = cloudpickle.loads(cloudpickle.dumps({"rules": rules, "backend": "hosted", "api_key": KEY, "plan": share}))
    assert ClassifyRunnable(**sent).plan == share


def write_parquet(folder: Path, documents: dict[str, bytes | None], *, files: int) -> None:
    """The documents in several files, as Parquet of any size is."""
    folder.mkdir()
    rows = [{"name": name, "content": content} for name, content in documents.items()]
    schema = arrow.schema([("name", arrow.string()), ("content", arrow.binary())])
    for number in range(files):
        parquet.write_table(arrow.Table.from_pylist(rows[number::files], schema), folder / f"{number}.parquet")


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups to end a cluster by")
def test_a_real_cluster_writes_the_labels_that_one_process_gives_each_document_asked_for_once(
    classify_server: ClassifyServer, tmp_path: Path
) -> None:
    documents = {path.name: path.read_bytes() for path in sorted(DOCUMENTS.iterdir())}
    write_parquet(tmp_path / "in", {**documents, "null.txt": None, "broken.pdf": b"%PDF-1.7 of nothing"}, files=3)
    with short_folder() as folder:
        options = ["--input", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--rules", str(RULES_FILE)]
        options += ["--cache", str(folder / "answers.sqlite"), "--backend", "hosted", "--workers", "2", "--batch", "4"]
        environment = classify_server.environment()
        printed = run_program(PROGRAM, *options, folder=folder, working_directory=ROOT, environment=environment)
        made = len(classify_server.requests)
        rules = load_rules(RULES_FILE)
        with Classifier(rules, cache=folder / "answers.sqlite", **at(classify_server)) as classifier:
            # What the workers were answered is in the file that they share: here nothing is asked any more.
            outcomes = classifier.classify_many([DOCUMENTS / name for name in documents])
        assert len(classify_server.requests) == made

    rows = {row["name"]: row for row in parquet.read_table(tmp_path / "out").to_pylist()}
    assert rows.keys() == documents.keys() | {"null.txt", "broken.pdf"}
    expected = [MetadataSchema().to_metadata(one) for one in outcomes]
    assert [{name: rows[one][name] for name in COLUMNS if rows[one][name] is not None} for one in documents] == expected
    assert {rows[name]["content"] for name in documents} == set(documents.values())
    assert [rows[name]["classify_status"] for name in ("null.txt", "broken.pdf")] == ["failed", "failed"]
    assert {rows[name]["classify_backend"] for name in documents} == {"hosted"}
    assert LABELS.findall(printed) == [
        (name, rows[name]["classify_type"], f"{rows[name]['classify_confidence']:.2f}") for name in documents
    ]
    with_jobs = len(documents) + 1  # a null is no document
    assert classify_server.requests.count(CREATE) == classify_server.requests.count(UPLOAD) == with_jobs
    assert {request.status for request in classify_server.requests} <= {200, 201}


def at(server: ClassifyServer) -> dict[str, str]:
    return {"backend": "hosted", "api_key": server.api_key, "base_url": server.base_url}
