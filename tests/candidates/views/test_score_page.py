"""The page on which a curator has a collection scored, and learns before what it takes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from consonance.catalog.models import Collection
from consonance.jobs.models import Job
from consonance.jobs.runner import run
from tests.factories import TrackFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]

ADDRESS = "/rounds/scores/new/"


def sent(of: Collection, /, **fields: Any) -> dict[str, Any]:
    return {
        "collection": str(of.pk), "detector": "default", "taxonomy": "openmic20",
        "window_ms": 10_000, "hop_ms": 3_840, "processes": 1, **fields,
    }  # fmt: skip


def test_without_recordings_it_says_what_to_do(browser: Client) -> None:
    answer = browser.get(ADDRESS)
    assert "./consonance import_tracks" in answer.content.decode()


def test_a_collection_named_in_the_address_is_chosen(browser: Client) -> None:
    first = TrackFactory(collection__name="A").collection
    second = TrackFactory(collection__name="B").collection
    page = browser.get(ADDRESS, {"collection": second.slug}).content.decode()
    assert f'<option value="{second.pk}" selected>' in page
    assert f'<option value="{first.pk}">' in page


def test_a_forecast_is_made_by_a_job_and_shown(browser: Client, collection: Collection) -> None:
    answer = browser.post(ADDRESS, sent(collection, action="forecast"))
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert job.kind == "candidates.forecast_scores"
    assert f"/jobs/{job.pk}/" in browser.get(ADDRESS).content.decode(), "it is under way"
    run(job.pk)
    page = browser.get(ADDRESS).content.decode()
    assert "5 tracks" in page
    assert "MB of scores" in page


def test_scoring_starts_as_a_job_of_the_curators(browser: Client, collection: Collection) -> None:
    browser.post(ADDRESS, sent(collection, action="score", fan_out="on"))
    job = Job.objects.get()
    assert (job.kind, job.title) == ("candidates.score", "Score Tones")
    assert job.created_by is not None
    assert job.arguments["fan_out"] is True
    done = run(job.pk)
    assert done is not None
    assert done.state == "done", done.error
    assert done.result["excerpts"] == 10


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"window_ms": 10}, "greater than or equal to 1000"),
        ({"processes": 0}, "greater than or equal to 1"),
        ({"detector": "vggish"}, "vggish is not one of the available choices"),
        ({"collection": str(uuid4())}, "not one of the available choices"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(
    browser: Client, fields: dict[str, Any], told: str
) -> None:
    collection = TrackFactory().collection
    answer = browser.post(ADDRESS, sent(collection, action="score", **fields))
    assert answer.status_code == 400
    assert told in answer.content.decode().replace("&quot;", '"')
    assert not Job.objects.exists()


def test_the_page_loads_no_network() -> None:
    program = (
        "import django, sys; django.setup(); import candidates.views.scoring; "
        "print([name for name in ('torch', 'librosa', 'faiss', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={"DJANGO_SETTINGS_MODULE": "consonance.web.settings", "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
