"""`CascadeBackend`: the cheap backend for most documents, the dear one for those that need it."""

from __future__ import annotations

from typing import Any, Literal, Self, TypeAlias

from classify_core.backend import Backend, BatchBackend, ClassifyRequest, JobBackend
from classify_core.backend_choice import HostedOptions, choose_backend
from classify_core.cascade.batches import BatchMethods
from classify_core.cascade.choosing import OnDearError, Policy
from classify_core.cascade.jobs import JobMethods
from classify_core.cascade.ledger import Ledger
from classify_core.cascade.report import CascadeReport
from classify_core.cascade.steps import Steps
from classify_core.cascade.teaching import CascadeTeaching, teaching_of
from classify_core.checks import checked_fraction
from classify_core.classification import Answer
from classify_core.errors import InvalidOptionError
from classify_core.models import ClassifyConfiguration

DEFAULT_BELOW = 0.8

StepLike: TypeAlias = Literal["local", "hosted"] | Backend


class CascadeBackend:
    """Asks a cheap backend first, and a dear one only for documents that need it.

    Which are those: where the documents of a call are looked at together (`classify_many` with a local cheap backend),
    all get a cheap answer with a view to the others first; then the ones of too little confidence are sent, or with
    `teach` a sample. `classify` and `classify_as_completed` decide for each document by itself, by `below`.

    Documents that the cheap backend cannot read, such as a scan without OCR, are sent too. An answer says who gave it:
    its `backend` is that of the one or the other.

    Args:
        cheap: `"local"`, or a backend that makes no jobs.
        dear: `"hosted"`, with the key of the environment, or any backend; where it makes jobs, as the hosted one does,
            a document that stays is neither uploaded nor charged.
        below: 0.0 to 1.0; a cheap answer of less confidence is sent.
        none_is_sure: keep the cheap answer that no rule fits; by default such a document is sent, since a small
            confidence in all rules does not tell an unusual document from one of no type.
        teach: of the documents of a `classify_many` send at most this share, chosen so that the cheap backend learns
            most from the answers, and keep its own answers for the rest; `report()` says how far they agree with the
            dear one's. Only a backend that learns, such as `"local"`, can be taught.
        on_dear_error: `"raise"`: a document that the dear backend fails on has failed; `"cheap"`: it gets its cheap
            answer, which no cache keeps. What would meet all documents (a refused key, no credits) stops the run
            either way.

    Raises:
        InvalidOptionError: an argument cannot work, or the cheap backend cannot be taught.
        MissingExtraError: it could, with scikit-learn.
        AuthenticationError: `dear="hosted"` and there is no usable key.
    """

    def __new__(cls, cheap: StepLike, dear: StepLike, **options: Any) -> Self:
        """Makes the kind of cascade that the two backends allow."""
        del options
        if cls is not CascadeBackend:
            return super().__new__(cls)
        makes_jobs = dear == "hosted" or isinstance(dear, JobBackend)
        learns = cheap == "local" or isinstance(cheap, BatchBackend)
        kind: Any = _KINDS[makes_jobs, learns]
        made: Self = object.__new__(kind)
        return made

    def __init__(
        self,
        cheap: StepLike,
        dear: StepLike,
        *,
        below: float = DEFAULT_BELOW,
        none_is_sure: bool = False,
        teach: float | CascadeTeaching | None = None,
        on_dear_error: OnDearError = "raise",
    ) -> None:
        if on_dear_error not in {"raise", "cheap"}:
            raise InvalidOptionError(f'on_dear_error={on_dear_error!r}: give "raise" or "cheap"')
        policy = Policy(checked_fraction("below", below), none_is_sure, on_dear_error, teaching_of(teach))
        steps = Steps(_backend("cheap", cheap), _backend("dear", dear), policy, Ledger())
        _refuse_useless(steps)
        self._steps = steps
        # The same two as what the kind of cascade that was made knows of them.
        self._pupil: Any = steps.cheap
        self._jobs: Any = steps.dear

    @property
    def name(self) -> str:
        """Both backends' names and what decides between them: `"cascade(local/lexical<0.8>hosted)"`."""
        policy = self._steps.policy
        said = f"{self._steps.cheap.name}<{policy.below:g}>{self._steps.dear.name}"
        said += ",none" if policy.none_is_sure else ""
        taught = policy.teaching
        said += "" if taught is None else f",teach {taught.share:g}:{taught.held_out:g}:{taught.rounds}"
        return f"cascade({said})"

    @property
    def cheap(self) -> Backend:
        """The backend that is asked first."""
        return self._steps.cheap

    @property
    def dear(self) -> Backend:
        """The backend that is asked where the other one is not sure."""
        return self._steps.dear

    @property
    def default_concurrency(self) -> int:
        """How many documents it usefully works on at once: as many as the dear backend, which takes longer."""
        return self._steps.dear.default_concurrency

    def report(self) -> CascadeReport:
        """What it came to so far: what was sent, what that cost and saved, and how far the two agree."""
        return self._steps.ledger.report()

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        """Asks the cheap backend, and the dear one where that is not sure."""
        return await self._steps.answer(request, timeout=timeout)

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        """Loads a configuration saved at the dear backend."""
        return await self._steps.dear.load_configuration(configuration_id)

    async def aclose(self) -> None:
        """Closes both backends."""
        try:
            await self._steps.cheap.aclose()
        finally:
            await self._steps.dear.aclose()

    def __repr__(self) -> str:
        return f"CascadeBackend({self.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        policy = self._steps.policy
        options = {
            "below": policy.below,
            "none_is_sure": policy.none_is_sure,
            "teach": policy.teaching,
            "on_dear_error": policy.on_dear_error,
        }
        return _restore, (self._steps.cheap, self._steps.dear, options)


class _JobCascade(JobMethods, CascadeBackend):
    """The dear backend makes jobs."""


class _BatchCascade(BatchMethods, CascadeBackend):
    """The cheap backend learns."""


class _BatchJobCascade(BatchMethods, JobMethods, CascadeBackend):
    """Both."""


# By whether the dear backend makes jobs, and whether the cheap one learns. A classifier asks a backend by its methods
# what it can do, so a cascade must not have the methods of what its backends cannot.
_KINDS: dict[tuple[bool, bool], type[CascadeBackend]] = {
    (False, False): CascadeBackend,
    (True, False): _JobCascade,
    (False, True): _BatchCascade,
    (True, True): _BatchJobCascade,
}


def _restore(cheap: Backend, dear: Backend, options: dict[str, Any]) -> CascadeBackend:
    return CascadeBackend(cheap, dear, **options)


def _backend(argument: str, value: StepLike) -> Backend:
    if isinstance(value, str) and value not in {"local", "hosted"}:
        raise InvalidOptionError(f'{argument}={value!r}: give "local", "hosted" or a Backend')
    return choose_backend(value, HostedOptions()).backend


def _refuse_useless(steps: Steps) -> None:
    """Raises where the two backends cannot do what is asked of them."""
    if steps.cheap is steps.dear:
        raise InvalidOptionError("cheap and dear are one backend; give two")
    if isinstance(steps.cheap, JobBackend):
        raise InvalidOptionError(f"cheap={steps.cheap.name!r} makes jobs, which cost credits; give it as dear")
    if steps.policy.teaching is None:
        return
    if not isinstance(steps.cheap, BatchBackend):
        raise InvalidOptionError(f'teach=: {steps.cheap.name!r} learns nothing from documents; cheap="local" does')
    steps.cheap.refuse_adaptation()
