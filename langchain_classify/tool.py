"""`ClassifyTool`: lets an agent ask what an attachment is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.tools import ArgsSchema, BaseTool, ToolException
from pydantic import BaseModel, Field, PrivateAttr, SkipValidation, ValidationError

from classify_core.agent_answers import EMPTY_TEXT, content_of, describe_types, placeless
from classify_core.agent_documents import AgentDocuments, Finding, RootLike, attachments_of, folders_of, roots_of
from classify_core.errors import ClassifyError
from classify_core.file_roots import FileRoots, FolderLike
from classify_core.source import Source
from langchain_classify.component import COMPONENT_CONFIG, ClassifyComponent, Rules
from langchain_classify.hiding import hidden, revealed
from langchain_classify.progress import adispatched_progress, dispatched_progress
from langchain_classify.references import DocumentLike, source_of

if TYPE_CHECKING:
    from classify_core.classification import Classification

_PURPOSE: Final = (
    "Tells what kind of document an attachment or a text is. Give `document`, the attachment's name, or `text`; with "
    "neither, the only attachment is meant."
)
_FILE_PURPOSE: Final = (
    "Tells what kind of document an attachment, a file or a text is. Give `document`, the attachment's or file's name, "
    "or `text`; with neither, the only attachment is meant."
)
_BOTH: Final = "Give exactly one: `document`, a name, or `text`."


class ClassifyToolInput(BaseModel):
    """What to classify: one of the two, or neither for the only attachment."""

    # Made by a factory: a default would stand in the schema, where strict modes of APIs refuse it.
    document: str | None = Field(
        default_factory=type(None), description="Name of the attachment; may be left out where there is only one."
    )
    text: str | None = Field(default_factory=type(None), description="Text to classify, when it is no attachment.")


class ClassifyFileToolInput(ClassifyToolInput):
    """The same where files may be named too."""

    document: str | None = Field(
        default_factory=type(None),
        description="Name of the attachment, or of the file relative to its folder, such as 'march/invoice.pdf'.",
    )
    text: str | None = Field(
        default_factory=type(None), description="Text to classify, when it is neither an attachment nor a file."
    )


_OWN_SCHEMAS: Final = (ClassifyToolInput, ClassifyFileToolInput)


class ClassifyTool(ClassifyComponent, BaseTool):
    """Answers an agent's "what is this attachment?" with one line and a structured artifact.

    >>> from classify_core import Rule
    >>> rules = [Rule(type="invoice", description="contains invoice number, line items and total amount")]
    >>> tool = ClassifyTool(rules, backend="local", documents={"a.txt": "Invoice number 7: line items, total amount"})
    >>> tool.invoke({"document": "a.txt"}).startswith("invoice (confidence")
    True

    The model names one of `documents` (it need not, where there is one only) or gives a text; with `root`, it may also
    name a file in a folder, and none outside (see `FileRoots`). Invoked with a tool call the artifact is the
    `Classification` as JSON data (`Classification.model_validate` reads it); invoked with a dict or a string, LangChain
    gives the line alone. The model is told of its own mistakes only, with status "error"; what the service or the key
    is to blame for is raised as our own error. Callbacks and tracers see a document's name, but of a text only size and
    digest; neither they nor the model see where on this machine a document lies.

    Args:
        documents: the attachments by name; texts, paths, bytes, `Source`s or LangChain documents. They belong to one
            conversation, so they are neither dumped nor pickled; `with_documents` gives a tool other ones. What they
            are called is in no description, since who named them may be a stranger.
        root: a folder, several, or `FileRoots`, whose files may be read by name; by default none. Folders are dumped
            and pickled, as absolute paths that have to be there again; `FileRoots` are pickled only.
        on_failure: `"raise"`: a document that cannot be classified is an error; `"annotate"`: the model is told so.
        fields: those of `BaseTool`, and the arguments of `Classifier`, or `classifier=`; see `ClassifyComponent`.
    """

    model_config = COMPONENT_CONFIG

    name: str = "classify_document"
    description: str = ""
    """By default it tells how to ask, and names the types, as many as fit."""
    args_schema: Annotated[ArgsSchema | None, SkipValidation()] = Field(default=ClassifyToolInput, exclude=True)
    response_format: Literal["content_and_artifact"] = "content_and_artifact"
    handle_tool_error: Any = True
    handle_validation_error: Any = "Give `document`, a name, or `text`, as a string."
    documents: dict[str, Source] = Field(default_factory=dict, exclude=True, repr=False)
    root: Any = Field(default=None, frozen=True, repr=False)
    on_failure: Literal["raise", "annotate"] = "raise"

    _roots: FileRoots | None = PrivateAttr(default=None)

    def __init__(
        self,
        rules: Rules | None = None,
        *,
        documents: Mapping[str, DocumentLike] | None = None,
        root: RootLike | None = None,
        on_failure: Literal["raise", "annotate"] = "raise",
        **fields: Any,
    ) -> None:
        folders = folders_of(root)
        roots = roots_of(folders)
        if _is_own_description(fields):
            del fields["description"]  # made of the former rules and root; other ones may have come
        if fields.get("args_schema", type(self).model_fields["args_schema"].default) in _OWN_SCHEMAS:
            fields["args_schema"] = ClassifyToolInput if roots is None else ClassifyFileToolInput
        super().__init__(rules, documents=_sources(documents), root=_absolute(folders), on_failure=on_failure, **fields)
        self._roots = roots
        if not self.description:
            self.description = describe_types(_PURPOSE if roots is None else _FILE_PURPOSE, self.rules)

    def with_documents(self, documents: Mapping[str, DocumentLike]) -> Self:
        """The same tool for other attachments; it shares the classifier."""
        return self.model_copy(update={"documents": _sources(documents)})

    def run(self, tool_input: str | dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Runs the tool as `BaseTool` does, with texts hidden from callbacks."""
        asked = _asked(tool_input)
        found = {} if asked is None else {asked: self._named.find(asked)}
        with self._hidden(tool_input, found) as shown:
            return super().run(shown, *args, **kwargs)

    async def arun(self, tool_input: str | dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The same, awaited; files are read off the event loop."""
        asked = _asked(tool_input)
        found = {} if asked is None else {asked: await self._named.afind(asked)}
        with self._hidden(tool_input, found) as shown:
            return await super().arun(shown, *args, **kwargs)

    def _run(
        self,
        document: str | None = None,
        text: str | None = None,
        run_manager: CallbackManagerForToolRun | None = None,
    ) -> tuple[str, dict[str, Any]]:
        del run_manager
        given = self._given(document, text)
        source = self._source(self._named.find(given) if isinstance(given, str) else given)
        if isinstance(source, ClassifyError):
            return self._answered(self.classifier.failed(source))
        with _no_validation_error():
            outcome = self.classifier.classify(source, on_error="record", on_progress=dispatched_progress())
        return self._answered(placeless(outcome, source))

    async def _arun(
        self,
        document: str | None = None,
        text: str | None = None,
        run_manager: AsyncCallbackManagerForToolRun | None = None,
    ) -> tuple[str, dict[str, Any]]:
        del run_manager
        given = self._given(document, text)
        source = self._source(await self._named.afind(given) if isinstance(given, str) else given)
        if isinstance(source, ClassifyError):
            return self._answered(self.classifier.failed(source))
        with _no_validation_error():
            async with adispatched_progress() as callback:
                outcome = await self.classifier.aclassify(source, on_error="record", on_progress=callback)
        return self._answered(placeless(outcome, source))

    @property
    def _named(self) -> AgentDocuments:
        """What the model may name."""
        return AgentDocuments(self.documents, self._roots)

    def _given(self, document: str | None, text: str | None) -> Finding | str:
        """What the model gave: a name to look for, unless it was looked for already, or else a text."""
        named, written = revealed(document or ""), revealed(text or "")
        if _is_there(named) and _is_there(written):
            raise ToolException(_BOTH)
        if isinstance(written, str) and _is_there(written):
            return Finding(source=Source.text(written))
        if _is_there(named):
            return named
        if text is not None and document is None:
            raise ToolException(EMPTY_TEXT)
        if self._named.only is None:
            raise ToolException(f"{_BOTH} {self._named.known}")
        return self._named.only

    def _source(self, found: Finding) -> Source | ClassifyError:
        """The document to classify; or why the file that was named cannot be read."""
        if found.error is not None:
            return found.error
        if found.source is None:
            raise ToolException(self._named.missing)
        return found.source

    def _answered(self, outcome: Classification) -> tuple[str, dict[str, Any]]:
        if outcome.error is not None and self.on_failure == "raise":
            raise outcome.error
        content = content_of(outcome, reasoning_length=self.metadata_schema.reasoning_length)
        return content, outcome.model_dump(mode="json")

    def _hidden(self, tool_input: str | dict[str, Any], found: Mapping[str, Finding]) -> AbstractContextManager[Any]:
        """Arguments that a subclass adds to the schema are its own to hide."""
        added = set(getattr(self.args_schema, "model_fields", ())) - set(ClassifyToolInput.model_fields)
        return hidden(tool_input, found=found, open_arguments=added)

    def _never_pickled(self) -> frozenset[str]:
        return super()._never_pickled() | {"documents"}


def _sources(documents: Mapping[str, DocumentLike] | None) -> dict[str, Source]:
    return attachments_of(documents, lambda value, name: source_of(value, name=name))


def _absolute(folders: tuple[FolderLike, ...] | FileRoots | None) -> list[str] | FileRoots | None:
    """The folders as they are dumped and pickled: a relative one would be another in another working directory."""
    if not isinstance(folders, tuple):
        return folders
    return [os.path.abspath(folder) for folder in folders]  # noqa: PTH100 - as it was written, links not followed


def _is_own_description(fields: Mapping[str, Any]) -> bool:
    """Whether a component that is rebuilt from its fields was described by us."""
    origin = fields.get("origin")
    if origin is None:
        return False
    return fields.get("description") in {
        describe_types(purpose, origin.classifier.rules) for purpose in (_PURPOSE, _FILE_PURPOSE)
    }


def _asked(tool_input: str | dict[str, Any]) -> str | None:
    """The name that a call asks about, as far as it is a string; a call with a string alone gives a name."""
    asked = tool_input.get("document") if isinstance(tool_input, dict) else tool_input
    return asked if isinstance(asked, str) and asked.strip() else None


def _is_there(given: str | Finding) -> bool:
    return isinstance(given, Finding) or bool(given.strip())


@contextmanager
def _no_validation_error() -> Iterator[None]:
    """Keeps the tool layer from taking the fault of a callback for a mistake of the model; a backend's is ours here."""
    try:
        yield
    except ValidationError as error:
        places = sorted({".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False)})
        raise ClassifyError(f"a callback raised a ValidationError about {', '.join(places)}; mend it") from None
