"""What is told of a campaign before somebody joins it."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from annotation.people.joining import facts_of, language_name
from tests.annotation.golden import golden
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("code", "name"), [("de", "German"), ("pt-BR", "Portuguese"), ("tlh", "tlh")]
)
def test_languages_have_names(code, name):
    assert language_name(code) == name


def test_whoever_joins_is_told_which_languages_they_should_read():
    campaign = CampaignFactory(languages=["en", "de"])
    assert dict(facts_of(campaign))["Languages"] == "English, German"
    with override("de"):
        assert "Englisch, Deutsch" in dict(facts_of(campaign)).values()
    assert "Languages" not in dict(facts_of(CampaignFactory()))


def test_a_quiz_is_told_where_there_is_one():
    wants = golden(present=1, campaign=CampaignFactory(requires_quiz=True))
    assert "First" not in dict(facts_of(wants))
    has = golden(campaign=CampaignFactory(requires_quiz=True))
    assert dict(facts_of(has))["First"] == "A short quiz with explained answers"
    assert "First" not in dict(facts_of(golden()))
