from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.urls import reverse

from tests.annotation.conftest import welcomed
from tests.factories import CampaignFactory, annotator

pytestmark = pytest.mark.django_db
MOST_BYTES = 60_000
LOADED = re.compile(r'<(?:script[^>]*? src|link rel="stylesheet" href)="([^"]+)"')
IMPORTED = re.compile(r'(?:from|import)\s*\(?\s*"(\.[^"]+)"')


def loaded(address):
    """Return a file that a page asks for, and all that it imports, as paths."""
    found = finders.find(address.removeprefix(settings.STATIC_URL).split("?")[0])
    assert found, address
    waiting, seen = [Path(found)], set()
    while waiting:
        path = waiting.pop().resolve()
        if path in seen:
            continue
        seen.add(path)
        if path.suffix == ".js":
            waiting += [path.parent / name for name in IMPORTED.findall(path.read_text())]
    return seen


@pytest.mark.parametrize("language", ["en", "de"])
def test_script_and_styles_of_the_rating_page_are_light(client_of, language):
    campaign = CampaignFactory(asks="both", asks_confidence=True)
    url = reverse("annotation:rate", args=[campaign.pk])
    client = client_of(welcomed(annotator(), campaign))
    text = client.get(url, headers={"accept-language": language}).content.decode()
    assert f'<html lang="{language}"' in text
    files = {path for address in LOADED.findall(text) for path in loaded(address)}
    if language != "en":  # words.js asks for them by name
        files |= loaded(f"{settings.STATIC_URL}js/words/{language}.js")
    assert {"rate.js", "outbox.js", "words.js", "rate.css", "tokens.css"} <= {f.name for f in files}
    for path in files:  # sound is decoded and drawn on the server, when a clip is cut
        for word in ("AudioContext", "decodeAudioData", "getImageData", "createAnalyser"):
            assert word not in path.read_text(), (path.name, word)
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in files) < MOST_BYTES
