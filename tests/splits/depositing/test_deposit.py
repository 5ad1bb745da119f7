"""Depositing a release at a stand-in of Zenodo's API: refusals, trouble, kills, next versions."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from consonance.errors import NotAllowedError, StateError
from consonance.jobs.context import JobContext
from consonance.jobs.models import Job
from consonance.jobs.runner import claim, run
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role
from splits.actions.deposit_release import deposit_release, start_deposit
from splits.depositing.zenodo import DepositError, Zenodo
from splits.models import Deposit, Release
from tests.factories import (
    CollectionFactory,
    JobFactory,
    ReleaseFactory,
    curator,
    person_with,
    put_on_disk,
    researcher,
)
from tests.splits.depositing.stand_in import TOKEN, Service

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


class KilledError(BaseException):
    """As if the process ended: nothing of ours catches it."""


@pytest.fixture
def service(settings: Any) -> Iterator[Service]:
    found = Service()
    settings.ZENODO_API, settings.ZENODO_TOKEN = found.api, TOKEN
    yield found
    found.close()


@pytest.fixture
def release() -> Release:
    return put_on_disk(
        ReleaseFactory(name="attic", title="The Attic"), {"data.bin": bytes(range(256)) * 400}
    )


def begun(release: Release) -> Deposit:
    ended(start_deposit(release=release, publish=True, actor=curator()))
    found: Deposit = release.deposits.get()
    return found


def ended(job: Job) -> None:
    """Let a job be over: the tests do its work themselves."""
    Job.objects.filter(pk=job.pk).update(state="done")


def work(deposit: Deposit, *, publish: bool = True, pauses: list[float] | None = None) -> Any:
    claimed = claim(JobFactory().pk)
    assert claimed is not None
    waited: list[float] = [] if pauses is None else pauses
    with JobContext(*claimed) as context:
        return deposit_release(
            deposit_id=deposit.pk, publish=publish, context=context, pause=waited.append
        )


def test_a_release_is_uploaded_described_and_published_by_its_job(
    service: Service, release: Release
) -> None:
    person = curator()
    job = start_deposit(release=release, publish=True, actor=person)
    run(job.pk, reraise=True)
    deposit = release.deposits.get()
    assert (deposit.state, deposit.doi) == ("published", "10.5072/zenodo.1000")
    release.refresh_from_db()
    assert release.doi == "10.5072/zenodo.1000"
    record = service.records["1000"]
    assert record["submitted"]
    assert record["metadata"]["version"] == "1.0.0"
    assert record["metadata"]["title"] == "The Attic 1.0.0"
    assert record["metadata"]["creators"] == [{"name": release.collection.name}]
    held = service.buckets["1000"]
    assert set(held) == {"README.md", "manifest.json", "manifest.json.sha256", "attic-1.0.0.tar"}
    with tarfile.open(fileobj=io.BytesIO(held["attic-1.0.0.tar"])) as tar:
        file = tar.extractfile("attic-1.0.0/data.bin")
        assert file is not None
        assert file.read() == bytes(range(256)) * 400
    actions = set(
        AuditEntry.objects.filter(object_id=str(release.pk)).values_list("action", "actor")
    )
    assert actions == {("start_deposit", person.pk), ("deposit_release", person.pk)}
    assert TOKEN not in str(Job.objects.values()) + str(Deposit.objects.values())


def test_without_publishing_it_waits_there_and_is_published_by_the_next_try(
    service: Service, release: Release
) -> None:
    deposit = begun(release)
    work(deposit, publish=False)
    deposit.refresh_from_db()
    assert deposit.state == "uploaded"
    assert not service.records["1000"]["submitted"]
    release.refresh_from_db()
    assert release.doi == ""
    sent = len(service.uploads())
    start_deposit(release=release, publish=True, actor=curator())
    work(deposit)
    assert service.records["1000"]["submitted"]
    assert len(service.uploads()) == sent  # nothing is sent twice


def test_a_token_that_is_refused_is_told_and_nothing_is_tried_again(
    service: Service, release: Release
) -> None:
    service.token = "another"
    deposit = begun(release)
    pauses: list[float] = []
    with pytest.raises(DepositError, match="CONSONANCE_ZENODO_TOKEN"):
        work(deposit, pauses=pauses)
    assert (len(service.requests), pauses) == (1, [])
    deposit.refresh_from_db()
    assert deposit.state == "failed"
    assert "token" in deposit.error
    assert TOKEN not in deposit.error


def test_a_file_that_is_too_large_is_told_and_the_others_stay(
    service: Service, release: Release
) -> None:
    service.misbehave = lambda method, path: 413 if path.endswith(".tar") else None
    deposit = begun(release)
    with pytest.raises(DepositError, match="as large as this"):
        work(deposit)
    deposit.refresh_from_db()
    assert "manifest.json" in deposit.files
    assert not service.records["1000"]["submitted"]
    service.misbehave = lambda method, path: None
    before = len(service.uploads())
    work(deposit)
    assert service.uploads()[before:] == ["attic-1.0.0.tar"]
    deposit.refresh_from_db()
    assert (deposit.state, deposit.error) == ("published", "")


def test_trouble_of_the_service_passes_and_is_waited_for(
    service: Service, release: Release
) -> None:
    left = [503, 500, 502]

    def trouble(method: str, path: str) -> int | None:
        return left.pop() if path.endswith(".tar") and left else None

    service.misbehave = trouble
    pauses: list[float] = []
    work(begun(release), pauses=pauses)
    assert pauses == [2.0, 4.0, 8.0]
    assert service.records["1000"]["submitted"]


def test_trouble_that_stays_is_told(service: Service, release: Release) -> None:
    service.misbehave = lambda method, path: 503
    deposit = begun(release)
    pauses: list[float] = []
    with pytest.raises(DepositError, match="503"):
        work(deposit, pauses=pauses)
    assert len(pauses) == 4
    deposit.refresh_from_db()
    assert deposit.state == "failed"


def test_a_service_that_is_not_there_is_told(release: Release, settings: Any) -> None:
    settings.ZENODO_API, settings.ZENODO_TOKEN = "http://127.0.0.1:9/api", TOKEN
    with pytest.raises(DepositError, match="cannot be reached"):
        work(begun(release))


@pytest.mark.parametrize("place", range(12))
def test_killed_at_any_request_it_goes_on_without_a_second_record_or_upload(
    service: Service, release: Release, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    deposit = begun(release)
    real, count = Zenodo._once, [0]

    def dying(self: Zenodo, method: str, url: str, body: Any) -> Any:
        # The service has done what it was asked; nobody hears its answer.
        answer = real(self, method, url, body)
        count[0] += 1
        if count[0] == place + 1:
            raise KilledError
        return answer

    monkeypatch.setattr(Zenodo, "_once", dying)
    try:
        work(deposit)
        assert count[0] <= place  # it ended before
    except KilledError:
        pass
    monkeypatch.setattr(Zenodo, "_once", real)
    work(deposit)
    deposit.refresh_from_db()
    assert deposit.state == "published"
    assert list(service.records) == ["1000"]
    assert sorted(service.uploads()) == sorted(set(service.uploads()))
    publishing = [path for _, path in service.requests if path.endswith("publish")]
    assert len(publishing) == 1
    release.refresh_from_db()
    assert release.doi == "10.5072/zenodo.1000"


def test_the_next_version_is_one_of_the_same_record(service: Service, release: Release) -> None:
    work(begun(release))
    later = put_on_disk(ReleaseFactory(name="attic", version="1.1.0", title="The Attic"))
    work(begun(later))
    assert list(service.records) == ["1000", "1001"]
    assert ("POST", "/api/deposit/depositions/1000/actions/newversion") in service.requests
    assert "attic-1.0.0.tar" not in service.buckets["1001"]
    assert "attic-1.1.0.tar" in service.buckets["1001"]
    later.refresh_from_db()
    assert later.doi == "10.5072/zenodo.1001"


def test_what_arrived_altered_is_refused(
    service: Service, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Zenodo, "upload", lambda self, bucket, name, size, open_file: (
        open_file().read() and "0" * 32
    ))  # fmt: skip
    with pytest.raises(DepositError, match="arrived altered"):
        work(begun(release))


def test_the_token_goes_nowhere_else(service: Service, release: Release) -> None:
    service.elsewhere = "http://127.0.0.1:9/api"
    with pytest.raises(DepositError, match="points to another place"):
        work(begun(release))
    service.elsewhere = ""
    service.misbehave = lambda method, path: 302
    with pytest.raises(DepositError, match="sends us elsewhere"):
        work(release.deposits.get())


def test_a_doi_that_a_curator_wrote_down_is_kept(service: Service, release: Release) -> None:
    release.doi = "10.1234/mine"
    release.save()
    work(begun(release))
    release.refresh_from_db()
    assert release.doi == "10.1234/mine"


def test_only_once_only_with_a_token_and_only_by_its_curators(
    service: Service, release: Release, settings: Any
) -> None:

    with pytest.raises(NotAllowedError):
        start_deposit(release=release, publish=False, actor=researcher())
    other = person_with(Role.CURATOR, place=CollectionFactory())
    with pytest.raises(NotAllowedError):
        start_deposit(release=release, publish=False, actor=other)
    settings.ZENODO_TOKEN = ""
    with pytest.raises(StateError, match="CONSONANCE_ZENODO_TOKEN"):
        start_deposit(release=release, publish=False, actor=curator())
    settings.ZENODO_TOKEN = TOKEN
    work(begun(release))
    with pytest.raises(StateError, match="published already"):
        start_deposit(release=release, publish=True, actor=curator())
    assert release.deposits.count() == 1


def test_the_page_tells_what_there_is_and_starts_a_job(service: Service, release: Release) -> None:
    client = Client()
    client.force_login(curator(), backend="consonance.people.backends.AccountBackend")
    address = f"{release.get_absolute_url()}deposits/"
    page = client.get(address).content.decode()
    assert "Nothing is deposited" in page
    assert TOKEN not in page
    answer = client.post(f"{release.get_absolute_url()}deposit/", {"publish": "no"})
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert job.arguments["publish"] is False
    run(job.pk, reraise=True)
    page = client.get(address).content.decode()
    assert "10.5072/zenodo.1000" in page
    assert "reserved" in page
    api = client.get("/api/v1/releases/attic/1.0.0/deposits").json()["results"]
    assert [row["state"] for row in api] == ["uploaded"]
    started = client.post(
        "/api/v1/releases/attic/1.0.0/deposits", {"publish": True}, content_type="application/json"
    )
    assert started.status_code == 202
    assert client.get(started.json()["url"]).json()["kind"] == "splits.deposit"
