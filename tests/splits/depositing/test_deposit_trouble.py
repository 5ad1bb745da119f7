"""Deposits in trouble: another version's draft, withdrawals, double clicks, discarded drafts."""

from __future__ import annotations

import io
from collections.abc import Callable
from email.message import Message
from typing import Any
from urllib.error import HTTPError

import pytest
from django.test import Client
from django.utils import timezone

from consonance.catalog.models import Clip
from consonance.errors import ParameterError, StateError
from consonance.jobs.models import Job
from consonance.jobs.runner import claim, run
from consonance.people.models import Role
from splits.actions.deposit_release import start_deposit
from splits.depositing.zenodo import DepositError, Zenodo, _told, cleaned_token
from splits.models import Deposit, Release
from tests.factories import (
    ReleaseClipFactory,
    ReleaseFactory,
    curator,
    person_with,
    put_on_disk,
)
from tests.splits.depositing.stand_in import TOKEN, Service
from tests.splits.depositing.test_deposit import begun, ended, release, service, work

__all__ = ["release", "service"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]

HELD = "/api/deposit/depositions/1000"


def version(number: str) -> Release:
    return put_on_disk(
        ReleaseFactory(name="attic", version=number, title="The Attic"), {"new.bin": b"new"}
    )


def raising(code: int, path: str, *, times: int = 1) -> Callable[[str, str], int | None]:
    left = [code] * times

    def misbehave(method: str, asked: str) -> int | None:
        return left.pop() if (method, asked) == ("POST", path) and left else None

    return misbehave


class TestNextVersions:
    def test_another_versions_draft_is_left_alone_and_it_is_named(
        self, service: Service, release: Release
    ) -> None:
        work(begun(release))
        second, third = version("1.1.0"), version("1.2.0")
        work(begun(second), publish=False)
        before = dict(service.buckets["1001"])
        later = begun(third)
        with pytest.raises(StateError, match=r"it holds attic 1\.1\.0"):
            work(later)
        later.refresh_from_db()
        assert (later.record_id, later.state) == ("", "failed")
        assert "attic 1.1.0" in later.error
        assert service.buckets["1001"] == before
        assert not service.records["1001"]["submitted"]
        work(begun(second))
        work(begun(third))
        found = dict(Deposit.objects.values_list("release__version", "record_id"))
        assert found == {"1.0.0": "1000", "1.1.0": "1001", "1.2.0": "1002"}
        assert all(row["submitted"] for row in service.records.values())
        assert service.records["1001"]["metadata"]["version"] == "1.1.0"

    def test_a_published_record_is_no_draft_of_the_next(
        self, service: Service, release: Release
    ) -> None:
        work(begun(release))
        work(begun(version("1.1.0")))
        Deposit.objects.filter(record_id="1001").delete()  # published there, by hand
        third = version("1.2.0")
        work(begun(third))
        deposit = third.deposits.get()
        assert (deposit.record_id, deposit.doi) == ("1002", "10.5072/zenodo.1002")
        assert service.records["1002"]["submitted"]
        assert service.records["1001"]["metadata"]["version"] == "1.1.0"

    def test_a_draft_of_the_next_that_was_discarded_is_made_again(
        self, service: Service, release: Release
    ) -> None:
        work(begun(release))
        second = version("1.1.0")
        work(begun(second), publish=False)
        service.misbehave = lambda method, path: 404 if path.endswith("/1001") else None
        work(begun(second))
        assert second.deposits.get().record_id == "1002"


class TestWithdrawals:
    @pytest.mark.parametrize("publish", [True, False])
    def test_a_clip_withdrawn_during_the_upload_is_not_published(
        self,
        service: Service,
        release: Release,
        monkeypatch: pytest.MonkeyPatch,
        publish: bool,
    ) -> None:
        row = ReleaseClipFactory(release=release)
        sound = f"audio/{row.sample_key[:3]}/{row.sample_key}.ogg"
        put_on_disk(release, {sound: b"sound of a clip that goes"})
        real = Zenodo.upload

        def uploading(self: Zenodo, *args: Any) -> str:
            Clip.objects.filter(pk=row.clip_id).update(is_withdrawn=True)
            return real(self, *args)

        monkeypatch.setattr(Zenodo, "upload", uploading)
        deposit = begun(release)
        with pytest.raises(StateError, match="withdrawn or came back meanwhile"):
            work(deposit, publish=publish)
        deposit.refresh_from_db()
        assert deposit.state == "failed"
        assert not service.records["1000"]["submitted"]
        assert b"sound of a clip that goes" in service.buckets["1000"]["attic-1.0.0.tar"]
        work(begun(release))
        assert service.records["1000"]["submitted"]
        assert b"sound of a clip that goes" not in service.buckets["1000"]["attic-1.0.0.tar"]


class TestTwice:
    def test_a_second_click_starts_no_second_job(self, service: Service, release: Release) -> None:
        job = start_deposit(release=release, publish=True, actor=curator())
        with pytest.raises(StateError, match="is being deposited"):
            start_deposit(release=release, publish=True, actor=curator())
        claim(job.pk)
        with pytest.raises(StateError, match="is being deposited"):
            start_deposit(release=release, publish=True, actor=curator())
        assert Job.objects.filter(kind="splits.deposit").count() == 1
        ended(job)
        start_deposit(release=release, publish=True, actor=curator())

    def test_a_job_that_is_tried_again_waits_for_no_other_and_stops(
        self, service: Service, release: Release
    ) -> None:
        deposit = begun(release)
        job = start_deposit(release=release, publish=True, actor=curator())
        claim(job.pk)
        with pytest.raises(StateError, match="Another job"):
            work(deposit)
        assert service.requests == []
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now())  # its worker died
        work(deposit)
        assert list(service.records) == ["1000"]

    def test_those_who_curate_one_collection_come_back_to_its_deposits(
        self, service: Service, release: Release
    ) -> None:
        person = person_with(Role.CURATOR, place=release.collection)
        client = Client()
        client.force_login(person, backend="consonance.people.backends.AccountBackend")
        address = f"{release.get_absolute_url()}deposit/"
        answer = client.post(address, {"publish": "no"}, follow=True)
        assert answer.status_code == 200
        assert answer.request["PATH_INFO"] == f"{release.get_absolute_url()}deposits/"
        again = client.post(address, {"publish": "no"}, follow=True)
        assert "is being deposited" in again.content.decode()


class TestTokens:
    @pytest.mark.parametrize("token", [f"{TOKEN}\n", f"{TOKEN}\r\n", f" {TOKEN} "])
    def test_white_space_around_one_is_no_harm(
        self, service: Service, release: Release, settings: Any, token: str
    ) -> None:
        settings.ZENODO_TOKEN = token
        work(begun(release))
        assert service.records["1000"]["submitted"]

    @pytest.mark.parametrize("token", ["secret\r\nX: y", "secret secret", "sécret", "secret\x7f"])
    def test_one_that_cannot_travel_is_refused_without_telling_it(
        self, service: Service, release: Release, settings: Any, token: str
    ) -> None:
        deposit = begun(release)
        settings.ZENODO_TOKEN = token
        with pytest.raises(StateError, match="is no token") as at_once:
            start_deposit(release=release, publish=True, actor=curator())
        # A job that waited while the settings changed.
        job = Job.objects.get(kind="splits.deposit")
        Job.objects.update(state="queued")
        run(job.pk)
        deposit.refresh_from_db()
        assert deposit.state == "failed"
        assert "CONSONANCE_ZENODO_TOKEN" in deposit.error
        job.refresh_from_db()
        told = [str(at_once.value), deposit.error, job.error, job.message]
        told += job.events.values_list("text", flat=True)
        assert "cret" not in " ".join(told)
        assert service.requests == []

    def test_none_is_told(self, service: Service, release: Release, settings: Any) -> None:
        settings.ZENODO_TOKEN = " \n"
        with pytest.raises(StateError, match="No token is set"):
            start_deposit(release=release, publish=True, actor=curator())
        with pytest.raises(ParameterError, match="No token is set"):
            cleaned_token("")

    def test_no_error_carries_it_even_if_the_service_says_it(self, service: Service) -> None:
        client = Zenodo(service.api, TOKEN, pause=lambda seconds: None)
        with pytest.raises(DepositError) as error:
            client.upload(f"http://elsewhere.example/{TOKEN}", "a", 1, io.BytesIO)
        assert TOKEN not in str(error.value)

        def broken() -> Any:
            raise ValueError(f"Invalid header value b'Bearer {TOKEN}'")

        with pytest.raises(DepositError, match="cannot be made") as error:
            client.upload(f"{service.api}/files/1", "a", 1, broken)
        assert TOKEN not in str(error.value)
        assert error.value.__suppress_context__


class TestDrafts:
    @pytest.mark.parametrize("code", [404, 410])
    def test_one_that_was_discarded_there_is_made_again(
        self, service: Service, release: Release, code: int
    ) -> None:
        deposit = begun(release)
        work(deposit, publish=False)
        service.misbehave = lambda method, path: code if path == HELD else None
        work(begun(release))
        deposit.refresh_from_db()
        assert (deposit.state, deposit.record_id) == ("published", "1001")
        assert service.records["1001"]["submitted"]
        assert deposit.doi == "10.5072/zenodo.1001"

    def test_another_refusal_makes_no_new_one(self, service: Service, release: Release) -> None:
        deposit = begun(release)
        work(deposit, publish=False)
        service.misbehave = lambda method, path: 403 if path == HELD else None
        with pytest.raises(DepositError) as error:
            work(begun(release))
        assert error.value.code == 403
        deposit.refresh_from_db()
        assert (deposit.record_id, list(service.records)) == ("1000", ["1000"])

    def test_one_whose_answer_was_lost_is_found_and_not_made_twice(
        self, service: Service, release: Release
    ) -> None:
        sent = service._send  # the service does what it is asked and its front server fails

        def lost(handler: Any, status: int, answer: Any) -> None:
            if handler.command == "POST" and status == 201:
                status, answer = 504, {"message": "gateway timeout"}
            sent(handler, status, answer)

        service._send = lost  # type: ignore[method-assign]
        work(begun(release))
        assert list(service.records) == ["1000"]
        assert service.records["1000"]["submitted"]

    def test_one_that_was_not_made_is_asked_for_again(
        self, service: Service, release: Release
    ) -> None:
        service.misbehave = raising(503, "/api/deposit/depositions", times=2)
        pauses: list[float] = []
        work(begun(release), pauses=pauses)
        assert pauses == [2.0, 4.0]
        assert list(service.records) == ["1000"]


@pytest.mark.parametrize("errors", ["null", "5", '"x"', "[5]", "[null]"])
def test_a_refusal_of_any_shape_is_told(errors: str) -> None:
    content = io.BytesIO(b'{"message": "Bad", "errors": %b}' % errors.encode())
    with HTTPError("http://a.example", 400, "Bad", Message(), content) as error:
        assert "refused (400)" in _told(error)
