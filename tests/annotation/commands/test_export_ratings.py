from __future__ import annotations

import csv
import gzip
import json

import pytest
from django.core.management import CommandError

from annotation.api.exporting.tables import RATING_COLUMNS
from tests.factories import CampaignFactory, QuestionFactory, RatingFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    campaign = CampaignFactory()
    for _ in range(3):
        RatingFactory(question=QuestionFactory(campaign=campaign))
    return campaign


def run(campaign, target, capsys):
    from django.core.management import call_command

    call_command("export_ratings", "--campaign", str(campaign.pk), "--to", str(target), "--json")
    return json.loads(capsys.readouterr().out)


def test_a_file_of_json_lines(campaign, tmp_path, capsys):
    target = tmp_path / "ratings.ndjson"
    told = run(campaign, target, capsys)
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert (told["ratings"], len(rows)) == (3, 3)
    assert told["bytes"] == target.stat().st_size
    assert list(tmp_path.iterdir()) == [target]


def test_a_packed_table(campaign, tmp_path, capsys):
    target = tmp_path / "ratings.csv.gz"
    run(campaign, target, capsys)
    with gzip.open(target, "rt") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == RATING_COLUMNS
    assert len(rows) == 4


@pytest.mark.parametrize("name", ["ratings", "ratings.xlsx", "ratings.gz", "nowhere/ratings.csv"])
def test_a_file_that_cannot_be_is_refused_and_not_begun(campaign, tmp_path, capsys, name):
    with pytest.raises(CommandError) as ended:
        run(campaign, tmp_path / name, capsys)
    assert ended.value.returncode == 2
    assert list(tmp_path.iterdir()) == []
