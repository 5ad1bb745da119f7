"""docs/api.md against a live server: its program runs as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rest_framework.authtoken.models import Token

from annotation.api.exporting.tables import RATING_COLUMNS
from annotation.api.serializers import REASONS
from annotation.models import Rating
from tests.factories import CampaignFactory, QuestionFactory, annotator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def program() -> str:
    [block] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


@pytest.mark.django_db(transaction=True)
def test_the_program_answers_everything_that_there_is(live_server: Any) -> None:
    campaign = CampaignFactory(lease_seconds=600)
    for _ in range(7):
        QuestionFactory(campaign=campaign)
    token = Token.objects.create(user=annotator()).key
    ours = (live_server.url, token, str(campaign.pk))
    text, found = re.subn(
        r"(SITE, TOKEN, CAMPAIGN = ).*", lambda line: f"{line[1]}{ours!r}", program()
    )
    assert found == 1
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("stored") == 7
    assert "nothing_left" in done.stdout
    assert Rating.objects.filter(campaign=campaign, answer="unsure").count() == 7


def test_the_page_tells_every_reason_and_every_column() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in (*REASONS, *RATING_COLUMNS):
        assert f"`{name}`" in text, name
