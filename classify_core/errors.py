"""Everything that goes wrong, as one tree.

ClassifyError
├── UsageError (ValueError)          the caller's mistake, found before anything is sent
│   ├── InvalidRulesError
│   ├── InvalidOptionError
│   ├── ForeignLabelError
│   └── TooFewLabelsError
├── MissingExtraError (ImportError)  an optional package is not installed
├── UnreadableDocumentError          the document cannot be classified as it is
├── ApiError                         the service refused or failed a request
│   ├── RejectedRequestError         400, 422 and any other 4xx
│   ├── AuthenticationError          401, or no usable key
│   ├── OutOfCreditsError            402
│   │   └── CreditLimitError         not begun, because `max_credits` is reached
│   ├── PermissionDeniedError        403
│   ├── NotFoundError                404
│   ├── ConflictError                409
│   ├── DocumentTooLargeError        413
│   ├── RateLimitError               429
│   └── ServerError                  5xx
├── ConnectionFailedError            no complete answer came
├── JobFailedError                   the job ended as FAILED
├── JobCancelledError                the job ended as CANCELLED
├── ClassifyTimeoutError             no outcome in the time allowed
├── ContractError                    the service broke its own contract
│   ├── InvalidResponseError
│   ├── UnknownStatusError
│   └── UnknownTypeError
├── WebhookError                     a webhook's delivery cannot be accepted
│   ├── InvalidSignatureError        not signed with the endpoint's secret
│   └── ReplayedEventError           its event was received before
├── RunStoppedError                  not begun, because the run had to stop
├── BatchError                       some documents of a run have no classification
└── RoutingError                     some documents of a run were not routed

Handlers read attributes, people read the message. All are picklable, so that they cross process pools, and
none derives from RuntimeError, which LlamaIndex intercepts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from classify_core.classification import Classification


class ClassifyError(Exception):
    """The root of all errors raised here.

    Attributes:
        message: what happened and what to do next.
        source_name: the document concerned, where there is one.
        job_id: the job concerned, where there is one.
    """

    def __init__(self, message: str, *, source_name: str | None = None, job_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.source_name = source_name
        self.job_id = job_id

    def about(self, *, source_name: str | None = None, job_id: str | None = None) -> Self:
        """Names the document and the job where they are not named yet, and returns the error itself."""
        if self.source_name is None:
            self.source_name = source_name
        if self.job_id is None:
            self.job_id = job_id
        return self

    def __str__(self) -> str:
        where = [f"document {self.source_name!r}"] if self.source_name is not None else []
        where += [f"job {self.job_id}"] if self.job_id is not None else []
        return f"{', '.join(where)}: {self.message}" if where else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__.copy())


def _restore(error_class: type[ClassifyError], args: tuple[Any, ...], state: dict[str, Any]) -> ClassifyError:
    """Rebuilds a pickled error without its constructor, whose keyword-only arguments pickle cannot pass."""
    error = error_class.__new__(error_class, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class UsageError(ClassifyError, ValueError):
    """The caller's mistake; nothing was sent and nothing was spent."""


class InvalidRulesError(UsageError):
    """The rules break one of the service's limits; the message names the rule, the limit and the file."""


class InvalidOptionError(UsageError):
    """An argument has a value that cannot work."""


class ForeignLabelError(UsageError):
    """A document already carries a type that was not written by us, and overwriting was not asked for."""


class TooFewLabelsError(UsageError):
    """The labelled documents are too few, or too much alike, to learn from; the message says what is missing.

    Attributes:
        documents: how many were given.
        right: how many of them were classified right.
    """

    def __init__(self, message: str, *, documents: int = 0, right: int = 0, **context: Any) -> None:
        super().__init__(message, **context)
        self.documents = documents
        self.right = right


class MissingExtraError(ClassifyError, ImportError):
    """A feature needs an optional package; the message names the command that installs it."""


class UnreadableDocumentError(ClassifyError):
    """A document has no text that could be classified: missing, empty, damaged, protected, too large or a scan.

    Attributes:
        code: the reason by the service's own name for it, such as `PDF_IS_PROTECTED` (contract README, "Limits, errors,
            price"); None where it has none.
    """

    def __init__(
        self, message: str, *, code: str | None = None, source_name: str | None = None, job_id: str | None = None
    ) -> None:
        super().__init__(message, source_name=source_name, job_id=job_id)
        self.code = code


class ApiError(ClassifyError):
    """The service answered a request with an error.

    Attributes:
        status: the HTTP status; None where no request was sent.
        detail: what the body said, as text.
        request_id: the service's own name for the request, for a support ticket.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        detail: str | None = None,
        request_id: str | None = None,
        source_name: str | None = None,
        job_id: str | None = None,
    ) -> None:
        super().__init__(message, source_name=source_name, job_id=job_id)
        self.status = status
        self.detail = detail
        self.request_id = request_id


class RejectedRequestError(ApiError):
    """The service found the request invalid (400, 422 or another 4xx without a class of its own)."""


class AuthenticationError(ApiError):
    """The key is missing, malformed, wrong, revoked, or belongs to another region (401)."""


class OutOfCreditsError(ApiError):
    """The account has no credits left (402)."""


class CreditLimitError(OutOfCreditsError):
    """The document was not begun, because it would exceed the classifier's own `max_credits`.

    Attributes:
        remaining: the credits that are left; at 0 nothing more is begun, else documents that need less are.
    """

    def __init__(self, message: str, *, remaining: float = 0.0, **context: Any) -> None:
        super().__init__(message, **context)
        self.remaining = remaining


class PermissionDeniedError(ApiError):
    """The key may not do this (403)."""


class NotFoundError(ApiError):
    """No such job, file or configuration in this project (404)."""


class ConflictError(ApiError):
    """The thing is in a state that does not allow this (409), such as cancelling a finished job."""


class DocumentTooLargeError(ApiError):
    """The service refused the size of an upload (413)."""


class RateLimitError(ApiError):
    """Too many requests, or more than the plan allows (429).

    Attributes:
        retry_after: seconds to wait, where the service or a proxy said so.
        plan_limit: True where waiting does not help, because the plan's own limit is reached.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, plan_limit: bool = False, **context: Any
    ) -> None:
        super().__init__(message, **context)
        self.retry_after = retry_after
        self.plan_limit = plan_limit


class ServerError(ApiError):
    """The service failed (5xx), also after the retries."""


class ConnectionFailedError(ClassifyError):
    """No complete answer came: refused, cut half-way, timed out or not resolvable, also after the retries."""


class JobFailedError(ClassifyError):
    """A job ended as FAILED.

    Attributes:
        code: the service's code, such as `PDF_IS_PROTECTED`, where its message begins with one.
    """

    def __init__(
        self, message: str, *, code: str | None = None, source_name: str | None = None, job_id: str | None = None
    ) -> None:
        super().__init__(message, source_name=source_name, job_id=job_id)
        self.code = code


class JobCancelledError(ClassifyError):
    """A job ended as CANCELLED; somebody else cancelled it."""


class ClassifyTimeoutError(ClassifyError):
    """There was no outcome within the time allowed; a hosted job may still finish.

    Attributes:
        timeout: the seconds that were allowed.
    """

    def __init__(
        self,
        message: str,
        *,
        timeout: float | None = None,
        source_name: str | None = None,
        job_id: str | None = None,
    ) -> None:
        super().__init__(message, source_name=source_name, job_id=job_id)
        self.timeout = timeout


class ContractError(ClassifyError):
    """The service's answer does not keep its published contract."""


class InvalidResponseError(ContractError):
    """A good status with a body that cannot be read."""


class UnknownStatusError(ContractError):
    """A job has a status that this version does not know.

    Attributes:
        status: that status.
    """

    def __init__(self, message: str, *, status: str, source_name: str | None = None, job_id: str | None = None) -> None:
        super().__init__(message, source_name=source_name, job_id=job_id)
        self.status = status


class UnknownTypeError(ContractError):
    """A backend answered with a type that is in no rule.

    Attributes:
        type: that type.
    """

    def __init__(
        self,
        message: str,
        *,
        type: str,  # noqa: A002 - the name it has everywhere
        source_name: str | None = None,
        job_id: str | None = None,
    ) -> None:
        super().__init__(message, source_name=source_name, job_id=job_id)
        self.type = type


class WebhookError(ClassifyError):
    """A delivery to a webhook cannot be accepted."""


class InvalidSignatureError(WebhookError):
    """The delivery was not signed with the endpoint's secret, or was changed on its way."""


class ReplayedEventError(WebhookError):
    """The event was received before: sent again by the service, or by somebody who overheard it.

    Attributes:
        event_id: which one.
    """

    def __init__(
        self,
        message: str,
        *,
        event_id: str | None = None,
        source_name: str | None = None,
        job_id: str | None = None,
    ) -> None:
        super().__init__(message, source_name=source_name, job_id=job_id)
        self.event_id = event_id


class RunStoppedError(ClassifyError):
    """The document was not begun, because something ended the whole run (`__cause__` where it was an error)."""


class BatchError(ClassifyError):
    """A run is over and some of its documents have no classification.

    Attributes:
        outcomes: one `Classification` a document in the order given, the good ones included; from
            `classify_as_completed`, which yielded all of them, the failures alone.
    """

    def __init__(self, message: str, *, outcomes: Sequence[Classification] = ()) -> None:
        super().__init__(message)
        self.outcomes = tuple(outcomes)


class RoutingError(ClassifyError):
    """A run of a router is over and some of its documents did not arrive; all routes were tried.

    Attributes:
        report: what went where, and what failed and why; the framework's own kind of report.
    """

    def __init__(self, message: str, *, report: Any = None) -> None:
        super().__init__(message)
        self.report = report
