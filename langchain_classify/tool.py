"""`ClassifyTool`: lets an agent ask what an attachment is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.tools import ArgsSchema, BaseTool, ToolException
from pydantic import BaseModel, Field, SkipValidation, ValidationError

from classify_core.agent_answers import EMPTY_TEXT, attachments_of, content_of, describe_types, no_such_document
from classify_core.errors import InvalidResponseError
from classify_core.source import Source
from langchain_classify.component import COMPONENT_CONFIG, ClassifyComponent, Rules, on_error_for
from langchain_classify.hiding import hidden, revealed
from langchain_classify.progress import adispatched_progress, dispatched_progress
from langchain_classify.references import DocumentLike, source_of

if TYPE_CHECKING:
    from classify_core.classification import Classification

_PURPOSE: Final = (
    "Tells what kind of document an attachment or a text is. Give either the attachment's name or the text."
)


class ClassifyToolInput(BaseModel):
    """What to classify: exactly one of the two."""

    document: str | None = Field(default=None, description="Name of an attachment.")
    text: str | None = Field(default=None, description="Text to classify, when it is not an attachment.")


class ClassifyTool(ClassifyComponent, BaseTool):
    """Answers an agent's "what is this attachment?" with one line and a structured artifact.

    >>> from classify_core import Rule
    >>> rules = [Rule(type="invoice", description="contains invoice number, line items and total amount")]
    >>> tool = ClassifyTool(rules, backend="local", documents={"a.txt": "Invoice number 7: line items, total amount"})
    >>> tool.invoke({"document": "a.txt"}).startswith("invoice (confidence")
    True

    The model names one of `documents` or gives a text; it cannot reach a file, since a name is never taken for a path.
    Invoked with a tool call the artifact is the `Classification` as JSON data (`Classification.model_validate` reads
    it). The model is told of its own mistakes only, with status "error"; what the service or the key is to blame for
    is raised as our own error. Callbacks and tracers see an attachment's name, but of a text only size and digest.

    Args:
        documents: the attachments by name; texts, paths, bytes, `Source`s or LangChain documents. They belong to one
            conversation, so they are neither dumped nor pickled; `with_documents` gives a tool other ones.
        on_failure: `"raise"`: a document that cannot be classified is an error; `"annotate"`: the model is told so.
        fields: those of `BaseTool`, and the arguments of `Classifier`, or `classifier=`; see `ClassifyComponent`.
    """

    model_config = COMPONENT_CONFIG

    name: str = "classify_document"
    description: str = ""
    """By default it names the types, as many as fit."""
    args_schema: Annotated[ArgsSchema | None, SkipValidation()] = Field(default=ClassifyToolInput, exclude=True)
    response_format: Literal["content_and_artifact"] = "content_and_artifact"
    handle_tool_error: Any = True
    handle_validation_error: Any = "Give `document` (the name of an attachment) or `text`, as a string."
    documents: dict[str, Source] = Field(default_factory=dict, exclude=True, repr=False)
    on_failure: Literal["raise", "annotate"] = "raise"

    def __init__(
        self,
        rules: Rules | None = None,
        *,
        documents: Mapping[str, DocumentLike] | None = None,
        on_failure: Literal["raise", "annotate"] = "raise",
        **fields: Any,
    ) -> None:
        origin = fields.get("origin")
        if origin is not None and fields.get("description") == describe_types(_PURPOSE, origin.classifier.rules):
            del fields["description"]  # made of the former rules; other ones may have come
        super().__init__(rules, documents=_sources(documents), on_failure=on_failure, **fields)
        if not self.description:
            self.description = describe_types(_PURPOSE, self.rules)

    def with_documents(self, documents: Mapping[str, DocumentLike]) -> Self:
        """The same tool for other attachments; it shares the classifier."""
        return self.model_copy(update={"documents": _sources(documents)})

    def run(self, tool_input: str | dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Runs the tool as `BaseTool` does, with texts hidden from callbacks."""
        with self._hidden(tool_input) as shown:
            return super().run(shown, *args, **kwargs)

    async def arun(self, tool_input: str | dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The same, awaited."""
        with self._hidden(tool_input) as shown:
            return await super().arun(shown, *args, **kwargs)

    def _run(
        self,
        document: str | None = None,
        text: str | None = None,
        run_manager: CallbackManagerForToolRun | None = None,
    ) -> tuple[str, dict[str, Any]]:
        del run_manager
        source = self._source(document, text)
        with _no_validation_error():
            found = self.classifier.classify(
                source, on_error=on_error_for(self.on_failure), on_progress=dispatched_progress()
            )
            return self._answer(found)

    async def _arun(
        self,
        document: str | None = None,
        text: str | None = None,
        run_manager: AsyncCallbackManagerForToolRun | None = None,
    ) -> tuple[str, dict[str, Any]]:
        del run_manager
        source = self._source(document, text)
        with _no_validation_error():
            async with adispatched_progress() as callback:
                found = await self.classifier.aclassify(
                    source, on_error=on_error_for(self.on_failure), on_progress=callback
                )
            return self._answer(found)

    def _source(self, document: str | None, text: str | None) -> Source:
        if (document is None) == (text is None):
            raise ToolException("Give exactly one: `document`, the name of an attachment, or `text`.")
        if document is not None:
            return self._attachment(document)
        given = revealed(text or "")
        if not given.strip():
            raise ToolException(EMPTY_TEXT)
        return Source.text(given)

    def _attachment(self, name: str) -> Source:
        found = self.documents.get(name)
        if found is None:
            raise ToolException(no_such_document(list(self.documents)))
        return found

    def _answer(self, classification: Classification) -> tuple[str, dict[str, Any]]:
        content = content_of(classification, reasoning_length=self.metadata_schema.reasoning_length)
        return content, classification.model_dump(mode="json")

    def _hidden(self, tool_input: str | dict[str, Any]) -> AbstractContextManager[Any]:
        """Arguments that a subclass adds to the schema are its own to hide."""
        added = set(getattr(self.args_schema, "model_fields", ())) - set(ClassifyToolInput.model_fields)
        return hidden(tool_input, shown=self.documents, open_arguments=added)

    def _never_pickled(self) -> frozenset[str]:
        return super()._never_pickled() | {"documents"}


def _sources(documents: Mapping[str, DocumentLike] | None) -> dict[str, Source]:
    return attachments_of(documents, lambda value, name: source_of(value, name=name))


@contextmanager
def _no_validation_error() -> Iterator[None]:
    """Keeps the tool layer from taking a broken answer of a backend for a mistake of the model."""
    try:
        yield
    except ValidationError as error:
        places = sorted({".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False)})
        raise InvalidResponseError(f"the backend's answer cannot be read: {', '.join(places)}") from None
