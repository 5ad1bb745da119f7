"""Deposit a release in a public repository; whenever it is stopped, the next try goes on."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from consonance.errors import ConsonanceError, ParameterError, StateError
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.models import Job, JobState
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope
from splits.depositing.contents import DepositedFile, deposited_files, metadata_of
from splits.depositing.zenodo import DepositError, Draft, Zenodo, cleaned_token
from splits.models import Deposit, Release
from splits.serving.contents import contents_of

if TYPE_CHECKING:
    from consonance.jobs.context import JobContext

_BLOCK: Final = 1 << 20
_KIND: Final = "splits.deposit"
_State = Deposit.State


def start_deposit(*, release: Release, publish: bool, actor: Any) -> Job:
    """Begin to deposit a release, or go on where an earlier try stopped.

    Parameters
    ----------
    release
        What.
    publish
        Whether the record is published at once: nobody can take that back.
    actor
        A curator of its collection.

    Raises
    ------
    NotAllowedError
        If the actor does not curate the collection.
    StateError
        If no usable token is set, or the release is deposited already, or is being deposited.
    """
    require(actor, Role.CURATOR, (Scope.COLLECTION, release.collection_id))
    if not settings.ZENODO_TOKEN:
        raise StateError("Nothing can be deposited: CONSONANCE_ZENODO_TOKEN is not set.")
    try:
        cleaned_token(settings.ZENODO_TOKEN)
    except ParameterError as error:
        raise StateError(str(error)) from None
    with transaction.atomic():
        Release.objects.select_for_update().get(pk=release.pk)
        found = release.deposits.filter(api=settings.ZENODO_API)
        if found.filter(state=_State.PUBLISHED).exists():
            raise StateError(f"{release} is deposited and published already.")
        deposit = found.first() or Deposit.objects.create(
            release=release, api=settings.ZENODO_API, created_by=actor
        )
        if _jobs_of(deposit).unfinished().exists():
            raise StateError(f"{release} is being deposited: wait for that job, or cancel it.")
        deposit.state, deposit.error = _State.STARTED, ""
        deposit.save(update_fields=["state", "error", "updated_at"])
        record("start_deposit", target=release, actor=actor, api=deposit.api, publish=publish)
        return enqueue_job(
            kind=_KIND,
            title=f"Deposit {release}",
            arguments={"deposit": str(deposit.pk), "publish": publish},
            actor=actor,
        )


def deposit_release(
    *,
    deposit_id: UUID,
    publish: bool,
    context: JobContext,
    actor: Any = None,
    pause: Callable[[float], object] = time.sleep,
) -> dict[str, Any]:
    """Do the work of a deposit; called again after a kill, it uploads only what is missing.

    Parameters
    ----------
    deposit_id
        Which.
    publish
        Whether to publish the record in the end.
    context
        The running job.
    actor
        Who asked for it.
    pause
        Waits before something is tried again.

    Raises
    ------
    DepositError
        If the service refuses or cannot be reached; the deposit says so, too.
    StateError
        If the settings name another service by now, another job is at it, the service's draft is
        another version's, or what is served of the release changed meanwhile.
    """
    deposit = Deposit.objects.select_related("release__collection").get(pk=deposit_id)
    if deposit.api != settings.ZENODO_API:
        raise StateError(f"This deposit is at {deposit.api}, the settings name another service.")
    if deposit.state == _State.PUBLISHED:
        return _result(deposit)
    others = _jobs_of(deposit).exclude(pk=context.job.pk)
    if others.filter(state=JobState.RUNNING, lease_until__gt=timezone.now()).exists():
        raise StateError(f"Another job is depositing {deposit.release}.")
    try:
        client = Zenodo(settings.ZENODO_API, settings.ZENODO_TOKEN, pause=pause)
        draft = _draft_of(client, deposit)
        if not draft.is_published:
            tag = _tag(deposit.release)
            draft = _fill(client, deposit, draft, context)
            if _tag(deposit.release) != tag:
                raise StateError("A clip was withdrawn or came back meanwhile: deposit again.")
            if publish:
                context.check()
                draft = client.publish(draft.id)
    except ConsonanceError as error:
        if isinstance(error, DepositError | ParameterError | StateError):
            Deposit.objects.filter(pk=deposit.pk).update(state=_State.FAILED, error=str(error))
        raise
    _keep(deposit, draft, actor)
    return _result(deposit)


def _marker(deposit: Deposit) -> str:
    return f"Consonance deposit {deposit.pk}"


def _jobs_of(deposit: Deposit) -> Any:
    return Job.objects.filter(kind=_KIND, arguments__deposit=str(deposit.pk))


def _tag(release: Release) -> str:
    """Return what tells the bytes served now from those of another moment."""
    contents = contents_of(release)
    return contents.tag if contents is not None else ""


def _draft_of(client: Zenodo, deposit: Deposit) -> Draft:
    """Return the deposit's record: the one that is known, one a killed try made, or a new one."""
    draft = client.held(deposit.record_id) if deposit.record_id else None
    if draft is None:
        if deposit.record_id:  # a curator discarded it there
            deposit.files, deposit.doi = {}, ""
        draft = client.find(_marker(deposit))
    if draft is None:
        earlier = _earlier(deposit)
        if earlier is None:
            draft = client.create(metadata_of(deposit.release, _marker(deposit)))
        else:
            draft = client.next_version(earlier.record_id)
    with transaction.atomic():
        _refuse_anothers(deposit, draft)
        deposit.record_id, deposit.url = draft.id, draft.url
        deposit.save(update_fields=["record_id", "url", "doi", "files", "updated_at"])
    return draft


def _refuse_anothers(deposit: Deposit, draft: Draft) -> None:
    """Refuse the record of another deposit: the service keeps one draft of a next version.

    Raises
    ------
    StateError
        If it is another's, which is named.
    """
    known = Deposit.objects.select_for_update().filter(api=deposit.api).order_by("pk")
    held = [row.pk for row in known if row.record_id == draft.id and row.pk != deposit.pk]
    if held:
        other = Release.objects.get(deposits=held[0])
        raise StateError(
            f"The service keeps one draft of a next version, and it holds {other}: publish that "
            "one first, or discard it there."
        )


def _earlier(deposit: Deposit) -> Deposit | None:
    """Return the newest published deposit of another version of this release."""
    return (
        Deposit.objects.filter(
            release__name=deposit.release.name, api=deposit.api, state=_State.PUBLISHED
        )
        .exclude(release=deposit.release_id)
        .order_by("-created_at")
        .first()
    )


def _fill(client: Zenodo, deposit: Deposit, draft: Draft, context: JobContext) -> Draft:
    """Write metadata and upload what is missing."""
    files = deposited_files(deposit.release)
    draft = client.describe(draft.id, metadata_of(deposit.release, _marker(deposit)))
    names = {file.name for file in files}
    # The draft of a next version begins with the files of the last one.
    for name, (_, _, file_id) in sorted(draft.files.items()):
        if name not in names:
            client.remove(draft.id, file_id)
    total = sum(file.size for file in files)
    done = 0
    for file in files:
        context.progress(done, total, unit="bytes", message=f"Uploading {file.name}")
        digest = _upload(client, draft, file, context, done)
        deposit.files = {**deposit.files, file.name: digest}
        deposit.save(update_fields=["files", "updated_at"])
        done += file.size
        context.progress(done, total, unit="bytes")
    return client.read(draft.id)


def _upload(
    client: Zenodo, draft: Draft, file: DepositedFile, context: JobContext, done: int
) -> str:
    """Upload a file unless it has arrived whole; return its MD5."""
    held = draft.files.get(file.name)
    if held is not None and held[1] == file.size:
        digest = _md5(file, context)
        if held[0] == digest:
            return digest
    sent: list[_Watched] = []

    def opened() -> IO[bytes]:
        sent.append(_Watched(file, lambda place: context.progress(done + place)))
        return io.BufferedReader(sent[-1], _BLOCK)

    got = client.upload(draft.bucket, file.name, file.size, opened)
    digest = sent[-1].digest.hexdigest()
    if got != digest:
        raise DepositError(f"{file.name} arrived altered: the service's MD5 differs. Try again.")
    return digest


class _Watched(io.RawIOBase):
    """A file that hashes what is read of it, and tells how far that is."""

    def __init__(self, file: DepositedFile, tell: Callable[[int], object]) -> None:
        self.digest = hashlib.md5(usedforsecurity=False)
        self._file, self._tell, self._place = file.open(), tell, 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        block = self._file.read(len(buffer))
        buffer[: len(block)] = block
        self.digest.update(block)
        self._place += len(block)
        self._tell(self._place)
        return len(block)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def _md5(file: DepositedFile, context: JobContext) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with file.open() as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
            context.progress(context.job.progress_done)
    return digest.hexdigest()


def _keep(deposit: Deposit, draft: Draft, actor: Any) -> None:
    """Store how it ended; a release without a DOI gets the record's."""
    with transaction.atomic():
        deposit.state = _State.PUBLISHED if draft.is_published else _State.UPLOADED
        deposit.doi, deposit.url, deposit.error = draft.doi, draft.url, ""
        deposit.save(update_fields=["state", "doi", "url", "error", "updated_at"])
        if draft.is_published:
            Release.objects.filter(pk=deposit.release_id, doi="").update(doi=draft.doi)
        record(
            "deposit_release",
            target=deposit.release,
            actor=actor,
            record=draft.id,
            doi=draft.doi,
            state=deposit.state,
        )


def _result(deposit: Deposit) -> dict[str, Any]:
    done = deposit.state == _State.PUBLISHED
    return {
        "deposit": str(deposit.pk),
        "record": deposit.record_id,
        "doi": deposit.doi,
        "url": deposit.url,
        "summary": f"{deposit.release}: "
        + (f"published as {deposit.doi}." if done else "uploaded; publish it there, or here."),
    }
