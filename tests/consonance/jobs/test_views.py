"""The jobs pages and their API: who sees them, what they show, what they do."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from consonance.jobs.models import Job, JobEvent, JobState
from tests.factories import JobFactory, admin, annotator, curator, researcher

pytestmark = pytest.mark.django_db

READ = ["/jobs/", "/jobs/{pk}/", "/jobs/{pk}/status", "/api/v1/jobs", "/api/v1/jobs/{pk}"]
WRITE = ["/jobs/{pk}/cancel", "/jobs/{pk}/retry"]


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def browser() -> Client:
    """Return a curator's browser."""
    return client_of(curator())


@pytest.mark.parametrize("address", READ)
@pytest.mark.parametrize(
    ("who", "status"), [(admin, 200), (curator, 200), (annotator, 403), (researcher, 403)]
)
def test_jobs_are_for_curators(address: str, who: Callable[[], Any], status: int) -> None:
    job = JobFactory()
    assert client_of(who()).get(address.format(pk=job.pk)).status_code == status


@pytest.mark.parametrize("address", [*READ[:3], *WRITE])
def test_strangers_are_sent_to_sign_in(address: str) -> None:
    address = address.format(pk=JobFactory().pk)
    client = Client()
    ask = client.post if address.endswith(("cancel", "retry")) else client.get
    response = ask(address)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("address", WRITE)
@pytest.mark.parametrize("who", [annotator, researcher])
def test_others_neither_cancel_nor_retry(address: str, who: Callable[[], Any]) -> None:
    job = JobFactory(state=JobState.FAILED if "retry" in address else JobState.QUEUED)
    assert client_of(who()).post(address.format(pk=job.pk)).status_code == 403
    assert Job.objects.get(pk=job.pk).state == job.state


@pytest.mark.parametrize("address", WRITE)
def test_looking_changes_nothing(browser: Client, address: str) -> None:
    assert browser.get(address.format(pk=JobFactory().pk)).status_code == 405


def test_a_post_from_another_site_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(curator())
    job = JobFactory()
    assert client.post(f"/jobs/{job.pk}/cancel").status_code == 403
    assert Job.objects.get(pk=job.pk).state == JobState.QUEUED


def test_cancel_and_retry_lead_back_to_the_job_and_say_so(browser: Client) -> None:
    job = JobFactory(title="Import attic")
    response = browser.post(f"/jobs/{job.pk}/cancel", follow=True)
    assert response.redirect_chain[-1][0] == f"/jobs/{job.pk}/"
    assert "Asked “Import attic” to stop." in response.content.decode()
    response = browser.post(f"/jobs/{job.pk}/retry", follow=True)
    assert "is queued again" in response.content.decode()
    assert Job.objects.get(pk=job.pk).state == JobState.QUEUED


def test_what_cannot_be_done_is_said_with_409(browser: Client) -> None:
    job = JobFactory(state=JobState.DONE)
    response = browser.post(f"/jobs/{job.pk}/retry")
    assert response.status_code == 409
    assert "nothing to retry" in response.content.decode()


@pytest.mark.parametrize("address", [*READ[1:3], READ[4], *WRITE])
def test_a_job_that_does_not_exist_is_not_found(browser: Client, address: str) -> None:
    address = address.format(pk=uuid.uuid4())
    ask = browser.post if address.endswith(("cancel", "retry")) else browser.get
    assert ask(address).status_code == 404


def test_without_jobs_the_page_says_what_a_job_is(browser: Client) -> None:
    text = browser.get("/jobs/").content.decode()
    assert "No jobs yet" in text
    assert 'hx-trigger="every 2s"' not in text


def test_the_list_is_searched_and_filtered(browser: Client) -> None:
    JobFactory(title="Import attic", state=JobState.DONE)
    JobFactory(title="Score attic", state=JobState.FAILED)

    def titles(query: str) -> set[str]:
        return {row.job.title for row in browser.get(f"/jobs/{query}").context["rows"]}

    assert titles("") == {"Import attic", "Score attic"}
    assert titles("?q=score") == {"Score attic"}
    assert titles("?state=done") == {"Import attic"}
    assert titles("?state=nonsense") == {"Import attic", "Score attic"}
    assert "No job matches" in browser.get("/jobs/?q=zzz").content.decode()


def test_the_list_shows_progress_speed_and_time_left(browser: Client) -> None:
    begun = timezone.now() - timedelta(seconds=100)
    JobFactory(state=JobState.RUNNING, started_at=begun, progress_done=1000, progress_total=4000,
               progress_unit="tracks")  # fmt: skip
    text = browser.get("/jobs/").content.decode()
    assert "1,000 of 4,000 tracks" in text
    assert "about 5 min left" in text
    assert 'value="1000"' in text  # a number for the machine has no comma
    assert 'hx-trigger="every 2s"' in text


def test_htmx_gets_the_table_alone(browser: Client) -> None:
    JobFactory()
    text = browser.get("/jobs/?state=queued", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in text
    assert text.count('id="jobs"') == 1
    assert 'hx-get="/jobs/?state=queued"' in text


def test_a_job_shows_its_log_its_error_and_what_may_be_done(browser: Client) -> None:
    job = JobFactory(state=JobState.FAILED, error="<b>No such folder.</b>", arguments={"slug": "x"})
    JobEvent.objects.create(job=job, text="Refused ../x.mp3.", level="warning")
    text = browser.get(f"/jobs/{job.pk}/").content.decode()
    assert "&lt;b&gt;No such folder." in text
    assert "Warning: Refused ../x.mp3." in text
    assert f"/jobs/{job.pk}/retry" in text
    assert f"/jobs/{job.pk}/cancel" not in text


def test_an_unfinished_job_asks_for_itself_again_and_a_finished_one_does_not(
    browser: Client,
) -> None:
    for state, asks in ((JobState.RUNNING, True), (JobState.DONE, False)):
        job = JobFactory(state=state, started_at=timezone.now())
        text = browser.get(f"/jobs/{job.pk}/", headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in text
        assert ('hx-trigger="every 2s"' in text) is asks
        assert (f"/jobs/{job.pk}/cancel" in text) is asks


def test_status_tells_programs_the_same(browser: Client) -> None:
    job = JobFactory(state=JobState.RUNNING, progress_done=1, progress_total=4)
    status = browser.get(f"/jobs/{job.pk}/status").json()
    assert (status["state"], status["share"], status["is_final"]) == ("running", 0.25, False)


def test_the_api_lists_jobs_newest_first_and_filters(browser: Client) -> None:
    old, new = JobFactory(title="Old"), JobFactory(title="New", state=JobState.DONE)
    found = [row["id"] for row in browser.get("/api/v1/jobs").json()["results"]]
    assert found == [str(new.pk), str(old.pk)]
    assert browser.get(f"/api/v1/jobs/{new.pk}").json()["title"] == "New"


def test_strangers_get_no_job_from_the_api() -> None:
    assert Client().get("/api/v1/jobs").status_code in {401, 403}


def test_the_list_asks_the_same_few_queries_however_many_jobs(
    browser: Client, django_assert_max_num_queries: Any
) -> None:
    JobFactory.create_batch(30, created_by=curator())
    with django_assert_max_num_queries(10):
        browser.get("/jobs/")


def test_what_an_earlier_run_had_done_is_no_speed_of_this_one(browser: Client) -> None:
    begun = timezone.now() - timedelta(seconds=100)
    job = JobFactory(state=JobState.RUNNING, started_at=begun, progress_done=3000,
                     progress_total=4000, progress_unit="tracks",
                     result={"done_before": 2900})  # fmt: skip
    # 100 in 100 s, 1,000 to go: not 3,000 in 100 s, and half a minute.
    text = browser.get(f"/jobs/{job.pk}/").content.decode()
    assert "1.0 tracks a second" in text
    assert "about 16 min" in text or "about 17 min" in text
    left = browser.get(f"/jobs/{job.pk}/status").json()["seconds_left"]
    assert left == pytest.approx(1000, abs=10)


def test_before_a_run_has_done_anything_itself_no_time_is_told(browser: Client) -> None:
    begun = timezone.now() - timedelta(seconds=100)
    job = JobFactory(state=JobState.RUNNING, started_at=begun, progress_done=2900,
                     progress_total=4000, result={"done_before": 2900})  # fmt: skip
    assert browser.get(f"/jobs/{job.pk}/status").json()["seconds_left"] is None
    assert "a second" not in browser.get(f"/jobs/{job.pk}/").content.decode()
