"""Downloads of ratings, questions and labels."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotation.api.exporting.tables import (
    QUESTION_COLUMNS,
    RATING_COLUMNS,
    label_chunks,
    question_chunks,
    rating_chunks,
)
from annotation.models import Rating
from annotation.people.pseudonyms import Pseudonyms
from consonance.catalog.models import Clip
from consonance.people.models import Role
from tests.annotation.api.conftest import role_in
from tests.annotation.frozen_runs import label, make_run
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    QuestionFactory,
    RatingFactory,
    UserFactory,
    annotator,
    curator,
    researcher,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


@pytest.fixture
def ratings(campaign):
    """Answers of two people at moments of their own, two of them at the same."""
    now = timezone.now()
    people = [UserFactory(), UserFactory()]
    made = []
    for number in range(7):
        rating = RatingFactory(
            question__campaign=campaign, person=people[number % 2], answer="yes", heard_ms=4_000
        )
        at = now - timedelta(minutes=10 - max(1, number))
        Rating.objects.filter(pk=rating.pk).update(created_at=at)
        made.append(rating.pk)
    return list(Rating.objects.order_by("created_at", "pk"))


def lines(answer):
    return [json.loads(line) for line in answer.getvalue().decode().splitlines()]


def export(api, campaign, what="ratings", who=None, **asked):
    return api(who or researcher(), "get", f"campaigns/{campaign.pk}/{what}/export", asked)


class TestRatings:
    def test_each_is_a_line_of_json_the_oldest_first(self, api, campaign, ratings):
        answer = export(api, campaign)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("application/x-ndjson")
        assert answer.headers["Content-Disposition"].endswith('ratings.ndjson"')
        rows = lines(answer)
        assert [row["id"] for row in rows] == [str(one.pk) for one in ratings]
        assert tuple(rows[0]) == RATING_COLUMNS
        first = ratings[0]
        assert rows[0]["sample_key"] == first.question.clip.sample_key
        assert rows[0]["class_name"] == first.question.target.name
        assert (rows[0]["clip"], rows[0]["question"]) == (
            str(first.question.clip_id), str(first.question_id),
        )  # fmt: skip

    def test_people_are_named_by_pseudonym_only(self, api, campaign, ratings):
        names = Pseudonyms(campaign.collection_id).of_all(one.person_id for one in ratings)
        answer = export(api, campaign)
        text = answer.getvalue().decode()
        assert {row["rater"] for row in map(json.loads, text.splitlines())} == set(names.values())
        for one in ratings:
            assert str(one.person_id) not in text
            assert one.person_id.hex not in text
            assert one.person.username not in text

    def test_a_table_has_the_same_cells(self, api, campaign, ratings):
        answer = export(api, campaign, format="csv")
        assert answer.headers["Content-Type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
        assert [row["id"] for row in rows] == [str(one.pk) for one in ratings]
        assert rows[0]["confidence"] == ""

    def test_what_a_spreadsheet_would_run_is_text(self, api, campaign, ratings):
        Rating.objects.update(ui_version="=1+1")
        answer = export(api, campaign, format="csv")
        rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
        assert rows[0]["ui_version"] == "'=1+1"

    def test_it_is_packed_for_whoever_takes_that(self, api, campaign, ratings):
        person = researcher()
        path = f"campaigns/{campaign.pk}/ratings/export"
        packed = api(person, "get", path, HTTP_ACCEPT_ENCODING="gzip, br")
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in packed.headers["Vary"]
        plain = gzip.decompress(packed.getvalue()).decode()
        assert len(plain.splitlines()) == len(ratings)

    def test_whoever_lost_the_connection_goes_on_after_their_last_row(self, api, campaign, ratings):
        whole = lines(export(api, campaign))
        cutoff = export(api, campaign).headers["Consonance-Cutoff"]
        for number in range(len(ratings)):
            rest = export(api, campaign, after=str(ratings[number].pk), cutoff=cutoff)
            assert lines(rest) == whole[number + 1 :]

    def test_a_number_of_rows_is_a_page(self, api, campaign, ratings):
        whole = lines(export(api, campaign))
        assert lines(export(api, campaign, limit=3)) == whole[:3]
        assert lines(export(api, campaign, limit=3, after=whole[2]["id"])) == whole[3:6]

    def test_chunks_of_any_size_hold_the_same_rows(self, campaign, ratings):
        now = timezone.now()
        whole = [row for some in rating_chunks(campaign, cutoff=now) for row in some]
        for size in (1, 2, 3, 7, 8):
            some = rating_chunks(campaign, cutoff=now, chunk=size)
            assert [row for rows in some for row in rows] == whole

    def test_it_is_as_of_one_moment(self, api, campaign, ratings):
        cutoff = timezone.now()
        before = lines(export(api, campaign, cutoff=cutoff.isoformat()))
        later = RatingFactory(question__campaign=campaign)
        Rating.objects.filter(pk=ratings[0].pk).update(
            is_withdrawn=True, withdrawn_at=timezone.now()
        )
        Rating.objects.filter(pk=ratings[1].pk).update(superseded_by=later)
        assert lines(export(api, campaign, cutoff=cutoff.isoformat())) == before
        after = {row["id"]: row for row in lines(export(api, campaign))}
        assert after[str(ratings[0].pk)]["is_withdrawn"] is True
        assert after[str(ratings[1].pk)]["superseded_by"] == str(later.pk)
        assert str(later.pk) in after

    def test_other_campaigns_answers_are_not_in_it(self, api, campaign, ratings):
        other = RatingFactory()
        assert str(other.pk) not in {row["id"] for row in lines(export(api, campaign))}
        assert export(api, campaign, after=str(other.pk)).status_code == 400

    def test_a_campaign_without_answers_gives_an_empty_file(self, api, campaign):
        assert export(api, campaign).getvalue() == b""
        table = export(api, campaign, format="csv").getvalue().decode()
        assert table.strip().split(",") == list(RATING_COLUMNS)

    @pytest.mark.parametrize(
        "asked",
        [
            {"format": "xml"}, {"limit": "0"}, {"cutoff": "yesterday"}, {"colour": "red"},
            {"cutoff": "2999-01-01T00:00:00Z"}, {"after": "0"},
            {"after": "00000000-0000-0000-0000-000000000000"},
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_refused_before_the_first_byte(self, api, campaign, asked):
        answer = export(api, campaign, **asked)
        assert answer.status_code == 400
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"]

    @pytest.mark.parametrize("what", ["ratings", "questions", "labels"])
    def test_annotators_and_strangers_to_the_campaign_get_none(self, api, campaign, what):
        for who in (annotator(), role_in(Role.ADMIN, CampaignFactory())):
            assert export(api, campaign, what, who=who).status_code == 403

    def test_queries_grow_with_chunks_and_not_with_rows(
        self, campaign, ratings, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(6):
            list(rating_chunks(campaign, cutoff=timezone.now()))

    def test_each_chunk_walks_the_campaigns_index_and_sorts_nothing(self, campaign, ratings):
        # PostgreSQL reads so few rows another way; what it does with many is its own choice.
        if connection.vendor != "sqlite":
            pytest.skip("SQLite's plan")
        with CaptureQueriesContext(connection) as asked:
            list(rating_chunks(campaign, cutoff=timezone.now(), chunk=3))
        read = [one["sql"] for one in asked if "ORDER BY" in one["sql"] and "LIMIT 3" in one["sql"]]
        assert len(read) == 3
        for sql in read:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                plan = " ".join(str(row[-1]) for row in cursor.fetchall())
            assert "rating_by_campaign" in plan
            assert "TEMP B-TREE" not in plan
            assert "SCAN" not in plan

    def test_researchers_cannot_tell_gold_from_what_is_left_out_elsewhere(
        self, api, campaign, ratings
    ):
        gold = RatingFactory(question__campaign=campaign, question__is_gold=True)
        asked = {row["id"] for row in lines(export(api, campaign, "questions"))}
        assert {row["question"] for row in lines(export(api, campaign))} == asked
        # Neither does one of those answers serve as the place to go on after.
        assert export(api, campaign, after=str(gold.pk)).status_code == 400
        whole = lines(export(api, campaign, who=curator()))
        assert str(gold.pk) in {row["id"] for row in whole}
        assert export(api, campaign, who=curator(), after=str(gold.pk)).status_code == 200


class TestQuestions:
    def test_what_is_asked_is_listed_without_gold(self, api, campaign):
        asked = [QuestionFactory(campaign=campaign, log_odds=0.0) for _ in range(3)]
        QuestionFactory(campaign=campaign, is_gold=True)
        rows = lines(export(api, campaign, "questions"))
        assert [row["id"] for row in rows] == sorted(str(one.pk) for one in asked)
        assert tuple(rows[0]) == QUESTION_COLUMNS
        assert rows[0]["posterior"] == 0.5
        rest = export(api, campaign, "questions", after=rows[0]["id"], limit=1)
        assert lines(rest) == rows[1:2]

    def test_chunks_of_any_size_hold_the_same_rows(self, campaign):
        for _ in range(5):
            QuestionFactory(campaign=campaign)
        whole = [row for some in question_chunks(campaign) for row in some]
        some = [row for rows in question_chunks(campaign, chunk=2) for row in rows]
        assert some == whole


class TestLabels:
    def test_without_a_run_it_says_what_to_do(self, api, campaign):
        answer = export(api, campaign, "labels")
        assert answer.status_code == 409
        assert "Aggregate" in answer.json()["detail"]

    @pytest.fixture
    def run(self, campaign, settings, tmp_path):
        settings.TABLES_ROOT = tmp_path
        clips = [ClipFactory() for _ in range(5)]
        return make_run(campaign, labels=[label(clip, "banjo") for clip in clips])

    def test_a_runs_labels_are_numbered_and_the_same_each_time(self, api, campaign, run):
        answer = export(api, campaign, "labels", run=run.number)
        assert answer.headers["Consonance-Run"] == str(run.number)
        assert "labels-run1" in answer.headers["Content-Disposition"]
        rows = lines(answer)
        assert [row["row"] for row in rows] == [1, 2, 3, 4, 5]
        assert {row["decision"] for row in rows} == {"present"}
        assert lines(export(api, campaign, "labels")) == rows  # the newest
        assert lines(export(api, campaign, "labels", after=2, limit=2)) == rows[2:4]
        assert export(api, campaign, "labels", after=9).getvalue() == b""

    def test_labels_of_gold_are_for_curators_and_leave_no_gap(self, api, campaign, run):
        whole = lines(export(api, campaign, "labels", who=curator()))
        hidden = whole[1]
        clip = Clip.objects.get(pk=hidden["clip_id"])
        target = ClassFactory(name=hidden["class_name"])
        QuestionFactory(campaign=campaign, clip=clip, target=target, is_gold=True)
        shown = lines(export(api, campaign, "labels"))
        assert len(shown) == len(whole) - 1
        assert hidden["clip_id"] not in {row["clip_id"] for row in shown}
        assert [row["row"] for row in shown] == list(range(1, len(whole)))
        assert lines(export(api, campaign, "labels", after=1, limit=2)) == shown[1:3]
        assert lines(export(api, campaign, "labels", who=curator())) == whole
        some = [row for rows in label_chunks(run, chunk=1, with_gold=False) for row in rows]
        assert [row[0] for row in some] == [row["row"] for row in shown]

    def test_chunks_of_any_size_hold_the_same_labels(self, run):
        whole = [row for some in label_chunks(run) for row in some]
        for after in range(6):
            some = [row for rows in label_chunks(run, after=after, chunk=2) for row in rows]
            assert some == whole[after:]

    def test_a_table_that_is_elsewhere_is_told(self, api, campaign, run, settings, tmp_path):
        settings.TABLES_ROOT = tmp_path / "moved"
        assert export(api, campaign, "labels").status_code == 409

    def test_a_run_that_is_not_there_is_told(self, api, campaign):
        assert export(api, campaign, "labels", run=3).status_code == 404
