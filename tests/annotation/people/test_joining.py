"""What is told of a campaign before somebody joins it."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from annotation.people.joining import facts_of, language_name
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
