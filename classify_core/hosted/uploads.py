"""How the service comes to have a document: known already, noted by a former run, found in a listing, or uploaded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Final

from classify_core.api.calls_files import LARGEST_PAGE, is_same_upload, list_files, seconds_to_live, upload_file
from classify_core.api.clock import Clock
from classify_core.backend import ClassifyRequest, DocumentContext, RunContext
from classify_core.deadline import Deadline
from classify_core.errors import ClassifyError
from classify_core.hosted.journal import HostedJournal
from classify_core.hosted.known_uploads import KnownUpload
from classify_core.hosted.options import HostedJobOptions
from classify_core.hosted.per_run import PerRun
from classify_core.models import MAX_FILE_NAME_LENGTH, File
from classify_core.progress.events import Stage
from classify_core.source import Content, format_of

if TYPE_CHECKING:
    from classify_core.hosted.account import Account
    from classify_core.hosted.pacing import PacedClient

logger = logging.getLogger(__name__)

LIFETIME: Final = timedelta(hours=48)
USABLE_SHARE: Final = 47 / 48
"""A file counts as expired after this share of its life: of 48 hours the last one is left for its job to begin."""
EXPIRY_SLACK_SECONDS: Final = 120.0
"""By how much the service's clock may differ from ours before its expiry counts as another than the one asked for."""

_PURPOSE: Final = "classify"


@dataclass(frozen=True, slots=True)
class FileInput:
    """What a job names its document by.

    Attributes:
        file_id: the ID of a file, or of a parse job.
        is_new: whether it was uploaded just now, so that no former job can have read it.
    """

    file_id: str
    is_new: bool


@dataclass
class _RunUploads:
    """What is known of the uploads of one run.

    Attributes:
        is_repeated: whether a job of a former run came back, so that former uploads are worth a look.
        listing: the one look at them, by digest.
    """

    is_repeated: bool = False
    listing: asyncio.Task[dict[str, list[File]]] | None = None


class Uploads:
    """Brings documents to the service, each as seldom as can be.

    An upload carries the content's digest as its `external_file_id`, never a local path.
    """

    def __init__(
        self, client: PacedClient, account: Callable[[], Account], options: HostedJobOptions, clock: Clock
    ) -> None:
        self._client = client
        self._account = account
        self._options = options
        self._clock = clock
        self._runs: PerRun[_RunUploads] = PerRun(lambda _: _RunUploads())
        self._has_warned = False

    async def file_id_of(self, request: ClassifyRequest, context: DocumentContext, deadline: Deadline) -> str:
        """The ID that a job names the document by; what the user named by ID is used as it is.

        Raises:
            ClassifyError: it had to be uploaded, and could not be.
        """
        return (await self.file_of(request, context, deadline)).file_id

    async def file_of(self, request: ClassifyRequest, context: DocumentContext, deadline: Deadline) -> FileInput:
        """The same, and whether it was uploaded just now."""
        content = request.content
        if content is None:
            return FileInput(str(request.source.value), is_new=False)
        document, known = request.content_key, self._account().uploads
        upload = known.get(document, self._clock.now())
        if upload is not None:
            return FileInput(upload.file_id, is_new=False)
        async with known.alone_with(document):
            upload = await self._found(document, content, context.run)
            is_new = upload is None
            if upload is None:
                upload = await self._uploaded(document, content, context, deadline)
            known.keep(document, upload)
        return FileInput(upload.file_id, is_new=is_new)

    def forget(self, request: ClassifyRequest, file_id: str | None = None) -> None:
        """The service does not know the document's file any more: it is not used again, whoever noted it.

        Args:
            request: the document.
            file_id: the file that was refused; another one that took its place meanwhile stays.
        """
        self._account().uploads.refuse(request.content_key, file_id)

    def expect_former(self, run: RunContext) -> None:
        """A job of a former run came back: the run's further documents may have been uploaded too."""
        self._runs.of(run).is_repeated = True

    def journal_of(self, run: RunContext) -> HostedJournal:
        """The run's journal, about the service and project that documents are uploaded to."""
        return HostedJournal(run.journal, self._client.base_url, self._client.project_id)

    async def _found(self, document: str, content: Content, run: RunContext) -> KnownUpload | None:
        known, now = self._account().uploads, self._clock.now()
        first = known.get(document, now)  # of another document of equal content, which was waited for
        if first is not None:
            return first
        noted = await self.journal_of(run).upload(document)
        if noted is not None and known.is_usable(noted, now):
            return noted
        return await self._listed(content, run)

    async def _uploaded(
        self, document: str, content: Content, context: DocumentContext, deadline: Deadline
    ) -> KnownUpload:
        now, seconds = self._clock.now(), self._options.upload_expires_in
        call = upload_file(
            content.data,
            name=upload_name(content),
            external_file_id=_digest(document),
            purpose=_PURPOSE,
            expires_at=None if seconds is None else now + timedelta(seconds=seconds),
        )
        file = await self._client.run(
            call, deadline=deadline, on_wait=lambda left: context.report(Stage.WAITING, seconds=left)
        )
        context.report(Stage.UPLOADED)
        self._check_expiry(file)
        upload = self._known(file)
        await self.journal_of(context.run).note_upload(document, upload)
        return upload

    def _known(self, file: File) -> KnownUpload:
        """A file with the time until which it is used: the service's, the user's or the published one."""
        now, lives = self._clock.now(), [LIFETIME.total_seconds()]
        if self._options.upload_expires_in is not None:
            lives.append(self._options.upload_expires_in)
        if file.expires_at is not None:
            lives.append(seconds_to_live(file.expires_at, now))
        return KnownUpload(file.id, now + timedelta(seconds=min(lives) * USABLE_SHARE))

    def _check_expiry(self, file: File) -> None:
        """Says, once, that the service keeps files longer than was asked for: privacy must not fail silently."""
        asked = self._options.upload_expires_in
        if asked is None or self._has_warned:
            return
        lives = LIFETIME.total_seconds() if file.expires_at is None else self._seconds_left(file.expires_at)
        if lives > asked + EXPIRY_SLACK_SECONDS:
            self._has_warned = True
            logger.warning(
                "the service keeps uploads for %.0f s and not for the %.0f s of upload_expires_in; "
                "delete_after=True deletes each once its result is in",
                lives,
                asked,
            )

    def _seconds_left(self, expires_at: datetime) -> float:
        return seconds_to_live(expires_at, self._clock.now())

    async def _listed(self, content: Content, run: RunContext) -> KnownUpload | None:
        """A former upload by the run's one look at the newest files; only a repeated run has reason to look."""
        run_uploads = self._runs.of(run)
        if not run_uploads.is_repeated:
            return None
        if run_uploads.listing is None:
            run_uploads.listing = asyncio.create_task(self._newest_files())
        files = await asyncio.shield(run_uploads.listing)
        now, digest = self._clock.now(), content.digest
        uploads = (
            self._known(file)
            for file in files.get(digest, ())
            if is_same_upload(file, name=upload_name(content), external_file_id=digest, purpose=_PURPOSE, now=now)
        )
        known = self._account().uploads
        return next((upload for upload in uploads if known.is_usable(upload, now)), None)

    async def _newest_files(self) -> dict[str, list[File]]:
        """The newest files by their digests; none where they could not be listed: then all are uploaded."""
        try:
            page = await self._client.run(list_files(order_by="last_modified_at desc", page_size=LARGEST_PAGE))
        except ClassifyError as error:
            logger.debug("former uploads could not be listed: %s", type(error).__name__)
            return {}
        by_digest: dict[str, list[File]] = {}
        for file in page.items:
            if file.external_file_id is not None:
                by_digest.setdefault(file.external_file_id, []).append(file)
        return by_digest


def upload_name(content: Content) -> str:
    """The name a document is uploaded under: no local folder in it, an ending that tells the service the format."""
    named = PureWindowsPath(content.name or "").name[-MAX_FILE_NAME_LENGTH // 2 :]  # splits at both kinds of slash
    stem = named or content.digest[:16]
    if content.format and format_of(stem) != content.format:
        return f"{stem}.{content.format}"
    return stem


def _digest(document: str) -> str:
    """The digest in a content key; to compute it again would take as long as the first time."""
    return document.partition(".")[0]
