"""`ClassifyToolSpec`: lets an agent ask what an attachment, a file or a text is."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

from llama_index.core.schema import BaseNode
from llama_index.core.tools.function_tool import FunctionTool
from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec
from llama_index.core.tools.types import ToolMetadata
from pydantic import BaseModel, Field

from classify_core.agent_answers import EMPTY_TEXT, AgentAnswer, content_of, describe_types, placeless
from classify_core.agent_documents import AgentDocuments, Finding, RootLike, attachments_of, roots_of
from classify_core.classifier import Classifier
from classify_core.errors import InvalidOptionError
from classify_core.grouping import grouped, joined_text
from classify_core.metadata import MetadataSchema
from classify_core.pickling import restored
from classify_core.source import Source, SourceLike
from llama_index_classify.events import observed
from llama_index_classify.nodes import items_of
from llama_index_classify.progress import dispatched_progress

if TYPE_CHECKING:
    from classify_core.classification import Classification
    from classify_core.file_roots import FileRoots
    from classify_core.models import Rule

DocumentLike: TypeAlias = SourceLike | BaseNode | Sequence[BaseNode]
"""A source (a `str` is a text, a `Path` a file), a LlamaIndex document or node, or the nodes of one document."""
OnToolFailure: TypeAlias = Literal["raise", "annotate"]

_DOCUMENT: Final = ("classify_document", "aclassify_document")
_TEXT: Final = ("classify_text", "aclassify_text")
_ATTACHMENT_PURPOSE: Final = "Tells what kind of document an attachment is. Give its name."
_FILE_PURPOSE: Final = "Tells what kind of document an attachment or a file is. Give its name."
_TEXT_PURPOSE: Final = "Tells what kind of document a text is. Give the text itself."
# A tool writes no metadata; events name what no rule matched as metadata does.
_SCHEMA: Final = MetadataSchema()
# Arguments of a Classifier that a tool decides itself, here by `on_failure`.
_NOT_TAKEN: Final = frozenset({"on_error"})


class _AttachmentName(BaseModel):
    name: str = Field(description="Name of the attachment.")


class _FileName(BaseModel):
    name: str = Field(description="Name of the attachment, or of the file relative to its folder.")


class _GivenText(BaseModel):
    text: str = Field(description="The document's text, when it is no attachment.")


class ClassifyToolSpec(BaseToolSpec):
    """Answers an agent's "what is this document?" with one line and a structured classification.

        spec = ClassifyToolSpec(rules, documents={"acme.pdf": Path("inbox/acme.pdf")})
        agent = FunctionAgent(tools=spec.to_tool_list(), llm=llm)

    The tool `classify_document` takes the name of one of `documents`; with `root`, also that of a file in a folder, and
    of none outside (see `FileRoots`). Without both it is not offered. The tool `classify_text` takes a text.

    A tool's output is an `AgentAnswer`: its `content` one line for the model, its `raw_output.classification` the
    `Classification` for the program. The model is told of its own mistakes in words, and then there is none. What the
    service, the key or a document is to blame for is raised as our own error; agents tell it to the model. Neither
    holds where on this machine a document lies.

    Args:
        rules: as for `Classifier`, like all further arguments of its.
        classifier: a classifier to share, instead of those arguments.
        documents: the attachments by name: texts, paths, bytes, `Source`s, LlamaIndex documents, or the list of one
            document's nodes. They belong to one conversation, so they are not pickled; `with_documents` gives others.
        root: a folder, several, or `FileRoots`, whose files may be read by name; by default none.
        on_failure: `"raise"`: a document that cannot be classified is an error; `"annotate"`: the model is told so.

    Raises:
        InvalidOptionError: an argument cannot work, or `classifier=` stands beside arguments of a Classifier.
    """

    spec_functions: list[SPEC_FUNCTION_TYPE] = [_DOCUMENT, _TEXT]  # noqa: RUF012 - as the framework declares it

    def __init__(
        self,
        rules: Iterable[Rule | Mapping[str, Any]] | None = None,
        *,
        classifier: Classifier | None = None,
        documents: Mapping[str, DocumentLike] | None = None,
        root: RootLike | None = None,
        on_failure: OnToolFailure = "raise",
        **arguments: Any,
    ) -> None:
        if on_failure not in {"raise", "annotate"}:
            raise InvalidOptionError(f"on_failure={on_failure!r} is neither 'raise' nor 'annotate'")
        given = arguments if rules is None else {"rules": rules, **arguments}
        self._classifier = _classifier(given) if classifier is None else _alone(classifier, given)
        self._on_failure: OnToolFailure = on_failure
        self._give(documents, roots_of(root))

    @property
    def classifier(self) -> Classifier:
        """The classifier that does the work."""
        return self._classifier

    def with_documents(self, documents: Mapping[str, DocumentLike]) -> Self:
        """The same tools for other attachments; they share the classifier."""
        other = copy.copy(self)
        other._give(documents, self._documents.roots)  # noqa: SLF001 - it is one of us
        return other

    def classify_document(self, name: str) -> AgentAnswer:
        """Tells what kind of document an attachment is.

        Args:
            name (str): Name of the attachment, or of the file relative to its folder.

        Raises:
            ClassifyError: it could not be classified, unless `on_failure` is `"annotate"`.
        """
        found = self._answer_or_source(self._documents.find(str(name)))  # a model may give a number
        return self._classified(found) if isinstance(found, Source) else found

    async def aclassify_document(self, name: str) -> AgentAnswer:
        """The same, awaited."""
        found = self._answer_or_source(await self._documents.afind(str(name)))
        return await self._aclassified(found) if isinstance(found, Source) else found

    def classify_text(self, text: str) -> AgentAnswer:
        """Tells what kind of document a text is.

        Args:
            text (str): The document's text.

        Raises:
            ClassifyError: it could not be classified, unless `on_failure` is `"annotate"`.
        """
        given = _text(text)
        return self._classified(given) if isinstance(given, Source) else given

    async def aclassify_text(self, text: str) -> AgentAnswer:
        """The same, awaited."""
        given = _text(text)
        return await self._aclassified(given) if isinstance(given, Source) else given

    def to_tool_list(
        self,
        spec_functions: list[SPEC_FUNCTION_TYPE] | None = None,
        func_to_metadata_mapping: dict[str, ToolMetadata] | None = None,
    ) -> list[FunctionTool]:
        """The tools, synchronous and asynchronous; their descriptions name the types, within what APIs allow.

        Args:
            spec_functions: only these; by default all that the documents and roots allow.
            func_to_metadata_mapping: descriptions of your own, by function name.
        """
        return super().to_tool_list(spec_functions, {**self._described(), **(func_to_metadata_mapping or {})})

    def _give(self, documents: Mapping[str, DocumentLike] | None, roots: FileRoots | None) -> None:
        self._documents = AgentDocuments(attachments_of(documents, _source), roots)
        is_named = bool(self._documents.attachments) or self._documents.has_files
        self.spec_functions = [one for one in type(self).spec_functions if one != _DOCUMENT or is_named]

    def _described(self) -> dict[str, ToolMetadata]:
        """What the model is told of our functions, by the names of both faces of each."""
        rules = self._classifier.arguments().get("rules")  # None where a saved configuration was not loaded yet
        has_files = self._documents.has_files
        purpose, schema = (_FILE_PURPOSE, _FileName) if has_files else (_ATTACHMENT_PURPOSE, _AttachmentName)
        document = ToolMetadata(describe_types(purpose, rules), _DOCUMENT[0], schema)
        text = ToolMetadata(describe_types(_TEXT_PURPOSE, rules), _TEXT[0], _GivenText)
        return dict.fromkeys(_DOCUMENT, document) | dict.fromkeys(_TEXT, text)

    def _answer_or_source(self, found: Finding) -> Source | AgentAnswer:
        """The document that was found; or what is said where there is none, or none that can be read."""
        if found.error is not None:
            return self._answered(self._classifier.failed(found.error))
        return AgentAnswer(line=self._documents.missing) if found.source is None else found.source

    def _classified(self, source: Source) -> AgentAnswer:
        with observed(type(self).__name__, _SCHEMA, node_count=1) as observation:
            found = self._classifier.classify(source, on_error="record", on_progress=dispatched_progress())
            outcome = observation.answered(placeless(found, source))
        return self._answered(outcome)

    async def _aclassified(self, source: Source) -> AgentAnswer:
        with observed(type(self).__name__, _SCHEMA, node_count=1) as observation:
            found = await self._classifier.aclassify(source, on_error="record", on_progress=dispatched_progress())
            outcome = observation.answered(placeless(found, source))
        return self._answered(outcome)

    def _answered(self, outcome: Classification) -> AgentAnswer:
        if outcome.error is not None and self._on_failure == "raise":
            raise outcome.error
        return AgentAnswer(line=content_of(outcome), classification=outcome)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._classifier!r}, {self._documents!r})"

    def __copy__(self) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A copy that shares the classifier, since neither connections nor keys can be copied."""
        return copy.copy(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return restored, (_make, type(self), self._classifier, self._documents.roots, self._on_failure)


def _make(
    spec: type[ClassifyToolSpec], classifier: Classifier, root: FileRoots | None, on_failure: OnToolFailure
) -> ClassifyToolSpec:
    return spec(classifier=classifier, root=root, on_failure=on_failure)


def _classifier(arguments: Mapping[str, Any]) -> Classifier:
    unknown = sorted(set(arguments) - (set(inspect.signature(Classifier).parameters) - _NOT_TAKEN))
    if unknown:
        raise InvalidOptionError(f"there is no argument {', '.join(unknown)}; see Classifier and ClassifyToolSpec")
    return Classifier(**arguments)


def _alone(classifier: Classifier, arguments: Mapping[str, Any]) -> Classifier:
    if arguments:
        raise InvalidOptionError(
            f"classifier= was given, so {', '.join(sorted(arguments))} cannot be; give one of the two"
        )
    return classifier


def _source(value: DocumentLike, name: str) -> Source:
    """The source in an attachment, named where it has no name of its own."""
    if isinstance(value, BaseNode):
        return _joined([value], name)
    if isinstance(value, Sequence) and value and all(isinstance(one, BaseNode) for one in value):
        return _joined([one for one in value if isinstance(one, BaseNode)], name)
    source = Source.of(value)  # type: ignore[arg-type]  # what is none of these it refuses
    return replace(source, name=name) if source.name is None else source


def _joined(nodes: Sequence[BaseNode], name: str) -> Source:
    """One document, its nodes in reading order: readers make a document of each page."""
    items = items_of(nodes)
    [indices] = grouped(items, lambda _: "one document")
    return Source.text(joined_text(items, indices), name=name)


def _text(text: str) -> Source | AgentAnswer:
    is_there = isinstance(text, str) and bool(text.strip())
    return Source.text(text) if is_there else AgentAnswer(line=EMPTY_TEXT)
