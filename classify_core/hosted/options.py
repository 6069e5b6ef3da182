"""How the hosted backend's jobs are made, waited for and cleaned up after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from classify_core.checks import checked_seconds
from classify_core.errors import InvalidOptionError

Api: TypeAlias = Literal["v2", "v1"]
Mode: TypeAlias = Literal["FAST", "MULTIMODAL"]


@dataclass(frozen=True, kw_only=True)
class HostedJobOptions:
    """What both APIs are told once.

    Attributes:
        retry_failed: make a document's job again that FAILED in a former run; it is billed again.
        usage: fetch what each job was billed; one more request a document.
        delete_after: delete a document's job, and the file that was uploaded for it, once the result is in.
        cancel_remote: cancel the jobs of documents that are given up on; else they are left running.
        upload_expires_in: seconds after which an uploaded file is to expire; None is the service's own 48 hours.
        mode: `"FAST"` reads text, `"MULTIMODAL"` (v1 alone) looks at pages too.
    """

    retry_failed: bool = False
    usage: bool = False
    delete_after: bool = False
    cancel_remote: bool = False
    upload_expires_in: float | None = None
    mode: Mode = "FAST"

    def __post_init__(self) -> None:
        for name in ("retry_failed", "usage", "delete_after", "cancel_remote"):
            _check_flag(name, getattr(self, name))
        if self.upload_expires_in is not None:
            checked_seconds("upload_expires_in", self.upload_expires_in)
        if self.mode not in {"FAST", "MULTIMODAL"}:
            raise InvalidOptionError(f'there is no mode {self.mode!r}; give "FAST" or "MULTIMODAL"')


def check_api(api: Api, mode: Mode) -> None:
    """Refuses an API that there is not, and a mode that it does not have.

    Raises:
        InvalidOptionError: one of the two cannot work.
    """
    if api not in {"v2", "v1"}:
        raise InvalidOptionError(f'there is no api {api!r}; give "v2", or "v1", which is deprecated')
    if api == "v2" and mode != "FAST":
        raise InvalidOptionError(f'mode={mode!r} needs api="v1" (deprecated); v2 has "FAST" only')


def _check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise InvalidOptionError(f"{name} is {value!r}; give True or False")
