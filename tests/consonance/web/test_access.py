"""Who gets what at every address. A new address without a row here fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.http import urlencode

from tests.consonance.web.world import World, make_world
from tests.factories import UserFactory, admin, annotator, curator, researcher

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]

WHO = ("anonymous", "annotator", "researcher", "curator", "admin")
MAKERS = {"annotator": annotator, "researcher": researcher, "curator": curator, "admin": admin}

PERSON = "consistency/<uuid:campaign_id>/people/<uuid:person_id>"
SCORES = "rounds/scores/<uuid:score_set_id>"
SEARCH = "detectors/searches/<uuid:search_id>"
API_REPORT = "api/v1/campaigns/<uuid:campaign_id>/consistency/"
API_RUNS = "api/v1/campaigns/<uuid:campaign_id>/runs/"
API = "api/v1/campaigns/<uuid:campaign_id>"
TAXONOMY = "taxonomies/<uuid:taxonomy_id>"
WITHDRAWAL = "collections/<slug:slug>/clips/<uuid:clip_id>/withdrawal"
RELEASE = "releases/<slug:name>/<str:version>"
#: Method and route → status for each of WHO. 302 for a stranger is the sign-in page.
TABLE: dict[tuple[str, str], tuple[int, int, int, int, int]] = {
    ("GET", ""): (200, 200, 200, 200, 200),
    ("GET", "health"): (200, 200, 200, 200, 200),
    ("GET", "styleguide/"): (200, 200, 200, 200, 200),
    # jobs
    ("GET", "jobs/"): (302, 403, 403, 200, 200),
    ("GET", "jobs/<uuid:job_id>/"): (302, 403, 403, 200, 200),
    ("GET", "jobs/<uuid:job_id>/status"): (302, 403, 403, 200, 200),
    ("POST", "jobs/<uuid:job_id>/cancel"): (302, 403, 403, 302, 302),
    ("POST", "jobs/<uuid:job_id>/retry"): (302, 403, 403, 302, 302),
    # sound
    ("GET", "media/clips/<uuid:clip_id>/audio"): (403, 200, 403, 200, 200),
    ("GET", "media/clips/<uuid:clip_id>/playback"): (403, 404, 403, 404, 404),
    ("GET", "media/clips/<uuid:clip_id>/spectrogram"): (403, 200, 403, 200, 200),
    # curators' pages
    ("GET", "collections/"): (302, 403, 403, 200, 200),
    ("GET", "collections/<slug:slug>/"): (302, 403, 403, 200, 200),
    ("GET", "collections/<slug:slug>/tracks/<int:track_no>/"): (302, 403, 403, 200, 200),
    ("GET", f"{WITHDRAWAL}/"): (302, 403, 403, 200, 200),
    ("POST", f"{WITHDRAWAL}/"): (302, 403, 403, 400, 400),
    ("GET", "taxonomies/"): (302, 403, 403, 200, 200),
    ("GET", "taxonomies/new/"): (302, 403, 403, 200, 200),
    ("POST", "taxonomies/new/"): (302, 403, 403, 400, 400),
    ("GET", "taxonomies/import/"): (302, 403, 403, 200, 200),
    ("POST", "taxonomies/import/"): (302, 403, 403, 400, 400),
    ("GET", "taxonomies/compare/"): (302, 403, 403, 200, 200),
    ("GET", f"{TAXONOMY}/"): (302, 403, 403, 200, 200),
    ("GET", f"{TAXONOMY}/file.json"): (302, 403, 403, 200, 200),
    ("GET", f"{TAXONOMY}/edit/"): (302, 403, 403, 200, 200),
    ("POST", f"{TAXONOMY}/edit/"): (302, 403, 403, 400, 400),
    ("GET", f"{TAXONOMY}/version/"): (302, 403, 403, 200, 200),
    ("POST", f"{TAXONOMY}/version/"): (302, 403, 403, 400, 400),
    ("GET", f"{TAXONOMY}/publish/"): (302, 403, 403, 200, 200),
    ("GET", f"{TAXONOMY}/delete/"): (302, 403, 403, 200, 200),
    ("GET", f"{TAXONOMY}/classes/"): (302, 403, 403, 200, 200),
    ("POST", f"{TAXONOMY}/classes/"): (302, 403, 403, 400, 400),
    ("GET", f"{TAXONOMY}/classes/<slug:entry_name>/"): (302, 403, 403, 200, 200),
    ("POST", f"{TAXONOMY}/classes/<slug:entry_name>/"): (302, 403, 403, 400, 400),
    ("GET", f"{TAXONOMY}/classes/<slug:entry_name>/remove/"): (302, 403, 403, 200, 200),
    ("POST", f"{TAXONOMY}/publish/"): (302, 403, 403, 302, 302),
    # By then it is published: one is sent back to it.
    ("POST", f"{TAXONOMY}/delete/"): (302, 403, 403, 302, 302),
    ("POST", f"{TAXONOMY}/classes/<slug:entry_name>/remove/"): (302, 403, 403, 302, 302),
    ("GET", "rounds/"): (302, 403, 403, 200, 200),
    ("GET", "rounds/draw/"): (302, 403, 403, 200, 200),
    ("POST", "rounds/draw/"): (302, 403, 403, 400, 400),
    ("GET", "rounds/<uuid:round_id>/"): (302, 403, 403, 200, 200),
    # What is to be counted, heard or shown is not said, or no excerpt begins there.
    ("GET", "rounds/draw/preview"): (302, 403, 403, 400, 400),
    ("GET", "rounds/scores/new/"): (302, 403, 403, 200, 200),
    ("POST", "rounds/scores/new/"): (302, 403, 403, 400, 400),
    ("GET", f"{SCORES}/listen/"): (302, 403, 403, 400, 400),
    ("GET", f"{SCORES}/excerpts/<int:track_no>/<int:start_ms>/sound"): (302, 403, 403, 400, 400),
    ("GET", f"{SCORES}/suggest/"): (302, 403, 403, 200, 200),
    ("POST", f"{SCORES}/suggest/"): (302, 403, 403, 400, 400),
    ("POST", f"{SCORES}/calibrate/"): (302, 403, 403, 302, 302),
    ("GET", "rounds/yields/<slug:slug>/"): (302, 403, 403, 200, 200),
    ("GET", f"{SCORES}/map/"): (302, 403, 403, 200, 200),
    ("POST", f"{SCORES}/map/make/"): (302, 403, 403, 302, 302),
    ("GET", f"{SCORES}/map/square/"): (302, 403, 403, 400, 400),
    ("GET", "detectors/"): (302, 403, 403, 200, 200),
    ("GET", "detectors/<uuid:detector_id>/"): (302, 403, 403, 200, 200),
    ("GET", "detectors/searches/"): (302, 403, 403, 200, 200),
    ("GET", "detectors/searches/new/"): (302, 403, 403, 200, 200),
    ("POST", "detectors/searches/new/"): (302, 403, 403, 400, 400),
    ("GET", f"{SEARCH}/"): (302, 403, 403, 200, 200),
    ("GET", f"{SEARCH}/configurations/<int:number>/"): (302, 403, 403, 200, 200),
    ("POST", f"{SEARCH}/go-on/"): (302, 403, 403, 302, 302),
    ("POST", f"{SEARCH}/stop/"): (302, 403, 403, 302, 302),
    ("POST", f"{SEARCH}/use/"): (302, 403, 403, 302, 302),
    ("GET", "campaigns/new/"): (302, 403, 403, 200, 200),
    ("POST", "campaigns/new/estimate/"): (302, 403, 403, 200, 200),
    ("GET", "campaigns/<uuid:campaign_id>/"): (302, 403, 403, 200, 200),
    ("POST", "campaigns/<uuid:campaign_id>/state"): (302, 403, 403, 302, 302),
    ("GET", "campaigns/<uuid:campaign_id>/settings/"): (302, 403, 403, 200, 200),
    ("GET", "campaigns/<uuid:campaign_id>/guidelines/"): (302, 403, 403, 200, 200),
    ("GET", "campaigns/<uuid:campaign_id>/guidelines/<str:class_name>/"): (
        302,
        403,
        403,
        200,
        200,
    ),
    ("GET", "campaigns/<uuid:campaign_id>/manage/"): (302, 403, 403, 200, 200),
    ("POST", "campaigns/<uuid:campaign_id>/extend/"): (302, 403, 403, 200, 200),  # its errors
    ("POST", "campaigns/<uuid:campaign_id>/clone/"): (302, 403, 403, 200, 200),
    ("POST", "campaigns/<uuid:campaign_id>/pilot/"): (302, 403, 403, 200, 200),
    ("GET", "campaigns/<uuid:campaign_id>/preview/"): (302, 403, 403, 200, 200),
    ("POST", "campaigns/<uuid:campaign_id>/preview/claim/"): (302, 403, 403, 400, 400),
    ("POST", "campaigns/<uuid:campaign_id>/preview/answers/"): (302, 403, 403, 400, 400),
    ("GET", "campaigns/<uuid:campaign_id>/questions/"): (302, 403, 403, 200, 200),
    ("GET", "questions/<uuid:question_id>/"): (302, 403, 403, 200, 200),
    ("GET", "campaigns/<uuid:campaign_id>/disputed/"): (302, 403, 403, 200, 200),
    ("GET", "campaigns/<uuid:campaign_id>/disputed/list/"): (302, 403, 403, 200, 200),
    ("POST", "questions/<uuid:question_id>/adjudicate/"): (302, 403, 403, 400, 400),
    ("POST", "adjudications/<uuid:adjudication_id>/withdraw/"): (302, 403, 403, 302, 302),
    ("GET", "campaigns/<uuid:campaign_id>/gold/"): (302, 403, 403, 200, 200),
    ("GET", "campaigns/<uuid:campaign_id>/gold/promote/"): (302, 403, 403, 200, 200),
    ("POST", "campaigns/<uuid:campaign_id>/gold/promote/"): (302, 403, 403, 200, 200),
    ("POST", "campaigns/<uuid:campaign_id>/gold/plant/"): (302, 403, 403, 302, 302),
    ("GET", "campaigns/<uuid:campaign_id>/flags/"): (302, 403, 403, 200, 200),
    ("POST", "campaigns/<uuid:campaign_id>/flags/<uuid:clip_id>/"): (302, 403, 403, 400, 400),
    ("POST", "questions/<uuid:question_id>/gold/"): (302, 403, 403, 302, 302),
    ("POST", "gold/<uuid:gold_id>/retire/"): (302, 403, 403, 302, 302),
    # joining, studies, oneself: whoever has an account joins a campaign that is for anybody; what
    # belongs to somebody else is not there; an empty form is answered with its errors
    ("GET", "join/<str:token>/"): (200, 200, 200, 200, 200),
    ("POST", "join/<str:token>/"): (400, 302, 302, 302, 302),
    ("GET", "campaigns/<uuid:campaign_id>/join/"): (302, 200, 200, 200, 200),
    # By then those who may have paused it by the row above.
    ("POST", "campaigns/<uuid:campaign_id>/join/"): (302, 302, 302, 409, 409),
    ("GET", "campaigns/<uuid:campaign_id>/invitations/"): (302, 403, 403, 200, 200),
    ("POST", "campaigns/<uuid:campaign_id>/invitations/"): (302, 403, 403, 400, 400),
    ("POST", "campaigns/<uuid:campaign_id>/invitations/<uuid:invitation_id>/revoke/"): (
        302,
        403,
        403,
        302,
        302,
    ),
    ("GET", "campaigns/<uuid:campaign_id>/studies/"): (302, 403, 403, 200, 200),
    ("POST", "campaigns/<uuid:campaign_id>/studies/"): (302, 403, 403, 400, 400),
    ("GET", "studies/<uuid:study_id>/"): (302, 403, 403, 200, 200),
    ("POST", "studies/<uuid:study_id>/state/"): (302, 403, 403, 302, 302),
    ("POST", "studies/<uuid:study_id>/reward/"): (302, 403, 403, 302, 302),
    ("POST", "studies/<uuid:study_id>/people/<uuid:participant_id>/end/"): (
        302,
        403,
        403,
        400,
        400,
    ),
    ("GET", "studies/<uuid:study_id>/participants.csv"): (302, 403, 403, 200, 200),
    ("GET", "study/<str:link>/"): (200, 200, 200, 200, 200),
    ("POST", "study/<str:link>/"): (400, 400, 400, 400, 400),
    ("GET", "studies/<uuid:study_id>/end/"): (302, 404, 404, 404, 404),
    ("POST", "studies/<uuid:study_id>/end/"): (302, 404, 404, 404, 404),
    ("GET", "me/"): (302, 200, 200, 200, 200),
    ("GET", "me/answers/"): (302, 200, 200, 200, 200),
    ("POST", "me/answers/<uuid:rating_id>/correct/"): (302, 404, 404, 404, 404),
    ("GET", "me/terms/"): (302, 200, 200, 200, 200),
    ("POST", "me/terms/"): (302, 400, 400, 400, 400),
    ("GET", "me/token/"): (302, 200, 200, 200, 200),
    ("POST", "me/token/"): (302, 200, 200, 200, 200),
    ("GET", "me/export/"): (302, 200, 200, 200, 200),
    ("GET", "me/erase/"): (302, 200, 200, 200, 200),
    ("POST", "me/erase/"): (302, 400, 400, 400, 400),
    # rating
    ("GET", "rate/"): (302, 200, 200, 200, 200),
    # Annotators are sent to the instructions first; curators and admins have paused the campaign.
    ("GET", "rate/<uuid:campaign_id>/"): (302, 302, 403, 200, 200),
    ("GET", "rate/<uuid:campaign_id>/plain/"): (302, 302, 403, 200, 200),
    ("GET", "rate/<uuid:campaign_id>/end/"): (302, 200, 403, 200, 200),
    ("GET", "rate/<uuid:campaign_id>/welcome/"): (302, 200, 403, 200, 200),
    ("POST", "rate/<uuid:campaign_id>/welcome/"): (302, 200, 403, 200, 200),
    ("GET", "rate/<uuid:campaign_id>/welcome/sound/"): (302, 404, 403, 404, 404),
    ("GET", "rate/<uuid:campaign_id>/headphones/"): (302, 200, 403, 200, 200),
    ("POST", "rate/<uuid:campaign_id>/headphones/"): (302, 302, 403, 302, 302),
    ("GET", "rate/<uuid:campaign_id>/headphones/sound/"): (302, 404, 403, 404, 404),
    ("POST", "language/"): (302, 302, 302, 302, 302),
    ("POST", "rounds/<uuid:round_id>/review/"): (302, 403, 403, 302, 302),
    ("GET", "campaigns/<uuid:campaign_id>/quiz/"): (302, 200, 403, 200, 200),
    ("POST", "campaigns/<uuid:campaign_id>/quiz/"): (302, 409, 403, 409, 409),  # nobody was asked
    # consistency
    ("GET", "consistency/"): (302, 403, 403, 403, 200),
    ("GET", "consistency/<uuid:campaign_id>/"): (302, 403, 403, 403, 200),
    ("GET", "consistency/<uuid:campaign_id>/status/"): (302, 403, 403, 200, 200),
    ("POST", "consistency/<uuid:campaign_id>/refresh/"): (302, 403, 403, 403, 302),
    ("POST", "consistency/<uuid:campaign_id>/aggregate/"): (302, 403, 403, 403, 302),
    ("GET", "consistency/<uuid:campaign_id>/classes/"): (302, 403, 403, 403, 200),
    ("GET", "consistency/<uuid:campaign_id>/classes/<str:class_name>/"): (302, 403, 403, 403, 200),
    ("GET", "consistency/<uuid:campaign_id>/runs/"): (302, 403, 403, 403, 200),
    ("GET", "consistency/<uuid:campaign_id>/runs/<int:number>/"): (302, 403, 403, 403, 200),
    ("GET", "consistency/<uuid:campaign_id>/runs/compare/"): (302, 403, 403, 403, 409),  # one run
    ("GET", "consistency/<uuid:campaign_id>/days.csv"): (302, 403, 403, 403, 200),
    ("GET", "consistency/<uuid:campaign_id>/people.csv"): (302, 403, 403, 403, 200),
    ("GET", "consistency/<uuid:campaign_id>/people/"): (302, 403, 403, 403, 200),
    ("GET", f"{PERSON}/"): (302, 403, 403, 403, 200),
    ("POST", f"{PERSON}/measures/"): (302, 403, 403, 403, 302),
    ("POST", f"{PERSON}/message/"): (302, 403, 403, 400, 400),
    ("POST", f"{PERSON}/read/"): (302, 403, 403, 302, 302),
    ("POST", "consistency/<uuid:campaign_id>/measures/"): (302, 403, 403, 403, 302),
    ("POST", "consistency/<uuid:campaign_id>/measures/lift/"): (302, 403, 403, 403, 302),
    ("POST", "consistency/<uuid:campaign_id>/measures/<uuid:measure_id>/lift/"): (
        302,
        403,
        403,
        403,
        302,
    ),
    ("GET", "consistency/<uuid:campaign_id>/pairs/"): (302, 403, 403, 403, 200),
    ("GET", "consistency/<uuid:campaign_id>/pairs.csv"): (302, 403, 403, 403, 200),
    ("GET", "consistency/<uuid:campaign_id>/clips/"): (302, 403, 403, 200, 200),
    ("GET", "consistency/<uuid:campaign_id>/clips.csv"): (302, 403, 403, 200, 200),
    ("GET", "consistency/<uuid:campaign_id>/ratings/"): (302, 403, 403, 403, 200),
    ("GET", "consistency/<uuid:campaign_id>/ratings.csv"): (302, 403, 403, 403, 200),
    # messages: a researcher has no part in the campaign, and nothing is sent without words
    ("GET", "messages/"): (302, 200, 200, 200, 200),
    ("GET", "messages/<uuid:campaign_id>/"): (302, 200, 403, 200, 200),
    ("POST", "messages/<uuid:campaign_id>/"): (302, 400, 403, 400, 400),
    ("GET", "messages/<uuid:campaign_id>/<uuid:person_id>/"): (302, 403, 403, 200, 200),
    ("GET", "consistency/<uuid:campaign_id>/classes.csv"): (302, 403, 403, 403, 200),
    # releases
    ("GET", "releases/"): (200, 200, 200, 200, 200),
    ("GET", "releases/duplicates/"): (302, 403, 403, 200, 200),
    ("POST", "releases/duplicates/"): (302, 403, 403, 400, 400),
    ("GET", "releases/duplicates/<uuid:scan_id>/"): (302, 403, 403, 200, 200),
    ("GET", "releases/duplicates/<uuid:scan_id>/review/"): (302, 403, 403, 200, 200),
    # Says nothing: told on the page it goes back to.
    ("POST", "releases/duplicates/<uuid:scan_id>/pairs/<int:pair_id>/verdict/"): (
        302,
        403,
        403,
        302,
        302,
    ),
    ("GET", "releases/build/"): (302, 403, 403, 200, 200),
    ("POST", "releases/build/"): (302, 403, 403, 400, 400),
    ("GET", "releases/feed.atom"): (200, 200, 200, 200, 200),
    ("GET", "releases/reports/"): (302, 403, 403, 200, 200),
    ("POST", "releases/reports/decide/"): (302, 403, 403, 302, 302),  # no report is named
    ("GET", "releases/<slug:name>/"): (302, 302, 302, 302, 302),  # to its newest version
    ("GET", "releases/<slug:name>/feed.atom"): (200, 200, 200, 200, 200),
    ("GET", f"{RELEASE}/reports/"): (200, 200, 200, 200, 200),
    ("GET", f"{RELEASE}/clips/<str:key>/"): (200, 200, 200, 200, 200),
    ("POST", f"{RELEASE}/clips/<str:key>/report/"): (400, 400, 400, 400, 400),
    ("GET", f"{RELEASE}/files/<path:path>"): (200, 200, 200, 200, 200),
    ("GET", f"{RELEASE}/deposits/"): (302, 403, 403, 200, 200),
    ("POST", f"{RELEASE}/doi/"): (302, 403, 403, 302, 302),
    ("POST", f"{RELEASE}/deposit/"): (302, 403, 403, 302, 302),  # no token is set
    ("GET", "releases/<slug:name>/<str:version>/"): (200, 200, 200, 200, 200),
    ("GET", "releases/<slug:name>/<str:version>/composition/"): (200, 200, 200, 200, 200),
    ("GET", "releases/<slug:name>/<str:version>/complete/"): (302, 403, 403, 200, 200),
    ("POST", "releases/<slug:name>/<str:version>/complete/"): (302, 403, 403, 400, 400),
    ("GET", "releases/<slug:name>/<str:version>/download"): (200, 200, 200, 200, 200),
    ("GET", "releases/<slug:name>/<str:version>/manifest.json"): (200, 200, 200, 200, 200),
    # API
    ("GET", "api/v1/schema"): (200, 200, 200, 200, 200),
    ("GET", "api/v1/jobs"): (401, 403, 403, 200, 200),
    ("GET", "api/v1/jobs/<uuid:pk>"): (401, 403, 403, 200, 200),
    ("GET", "api/v1/scores/<uuid:score_set_id>/suggestion"): (401, 403, 403, 409, 409),  # none
    ("POST", "api/v1/scores/<uuid:score_set_id>/suggestion"): (401, 403, 403, 202, 202),
    ("GET", "api/v1/collections/<slug:slug>/yields"): (401, 403, 403, 200, 200),
    # By then what a page started by a row above is under way.
    ("POST", "api/v1/collections/<slug:slug>/yields"): (401, 403, 403, 409, 409),
    ("GET", "api/v1/taxonomies"): (401, 403, 403, 200, 200),
    ("POST", "api/v1/taxonomies"): (401, 403, 403, 400, 400),
    ("GET", f"api/v1/{TAXONOMY}"): (401, 403, 403, 200, 200),
    # By then a row above has published it.
    ("POST", f"api/v1/{TAXONOMY}/publish"): (401, 403, 403, 409, 409),
    ("POST", "api/v1/questions/claim"): (401, 200, 403, 200, 200),
    ("POST", "api/v1/questions/skip"): (401, 400, 400, 400, 400),
    ("POST", "api/v1/questions/flag"): (401, 400, 400, 400, 400),
    ("POST", "api/v1/ratings"): (401, 400, 400, 400, 400),
    ("POST", "api/v1/ratings/undo"): (401, 400, 400, 400, 400),
    ("POST", "api/v1/ratings/correct"): (401, 400, 400, 400, 400),
    ("POST", f"{API}/welcome/"): (401, 200, 403, 200, 200),
    ("GET", f"{API}/quiz"): (401, 200, 403, 200, 200),
    ("POST", f"{API}/quiz"): (401, 409, 403, 409, 409),  # nobody was asked
    ("POST", f"{API}/quiz/answers"): (401, 400, 403, 400, 400),
    ("GET", f"{API}/headphones"): (401, 200, 403, 200, 200),
    ("POST", f"{API}/headphones"): (401, 200, 403, 200, 200),
    ("POST", f"{API}/headphones/answers"): (401, 400, 403, 400, 400),
    ("GET", f"{API}/headphones/sounds/<int:place>"): (401, 404, 403, 404, 404),  # none is open
    ("GET", "api/v1/terms"): (401, 200, 200, 200, 200),
    ("POST", "api/v1/terms"): (401, 400, 400, 400, 400),
    ("GET", f"{API_REPORT}"): (401, 403, 403, 403, 200),
    ("GET", f"{API_REPORT}classes/"): (401, 403, 403, 403, 200),
    ("GET", f"{API_REPORT}people/"): (401, 403, 403, 403, 200),
    ("GET", f"{API_REPORT}people/<slug:rater>/"): (401, 403, 403, 403, 200),
    ("GET", f"{API_REPORT}pairs/"): (401, 403, 403, 403, 200),
    ("GET", f"{API_REPORT}clips/"): (401, 403, 403, 200, 200),
    ("GET", f"{API_RUNS}"): (401, 403, 403, 403, 200),
    ("GET", f"{API_RUNS}<int:number>/"): (401, 403, 403, 403, 200),
    ("GET", f"{API_RUNS}compare/"): (401, 403, 403, 403, 400),  # of which runs is not said
    # By then what a page started by a row above is under way.
    ("POST", f"{API_REPORT}"): (401, 403, 403, 403, 409),
    ("POST", f"{API_RUNS}"): (401, 403, 403, 403, 409),
    ("POST", "api/v1/jobs/<uuid:pk>/cancel"): (401, 403, 403, 200, 200),
    # Whoever holds any role anywhere has a list; what is in it is asked by tests of its own. An
    # empty body is refused before its rounds, and so its collection, are known.
    ("GET", "api/v1/campaigns"): (401, 200, 200, 200, 200),
    ("POST", "api/v1/campaigns"): (401, 400, 400, 400, 400),
    ("GET", API): (401, 403, 200, 200, 200),
    ("PATCH", API): (401, 403, 403, 428, 428),  # nobody knows what was read
    ("POST", f"{API}/state"): (401, 403, 403, 400, 400),
    ("POST", f"{API}/extend"): (401, 403, 403, 400, 400),
    ("POST", f"{API}/clone"): (401, 403, 403, 400, 400),
    ("POST", f"{API}/pilot"): (401, 403, 403, 201, 201),
    ("GET", f"{API}/guidelines"): (401, 403, 200, 200, 200),
    ("GET", f"{API}/guidelines/<str:class_name>"): (401, 403, 200, 200, 200),
    ("POST", f"{API}/guidelines/<str:class_name>"): (401, 403, 403, 400, 400),
    ("GET", f"{API}/questions"): (401, 403, 200, 200, 200),
    ("GET", "api/v1/questions/<uuid:question_id>"): (401, 403, 200, 200, 200),
    ("GET", f"{API}/disputed"): (401, 403, 403, 200, 200),
    ("POST", "api/v1/questions/<uuid:question_id>/adjudicate"): (401, 403, 403, 400, 400),
    ("POST", "api/v1/adjudications/<uuid:adjudication_id>/withdraw"): (401, 403, 403, 200, 200),
    ("GET", f"{API}/flags"): (401, 403, 403, 200, 200),
    ("POST", f"{API}/flags/<uuid:clip_id>"): (401, 403, 403, 400, 400),
    ("GET", f"{API}/gold"): (401, 403, 403, 200, 200),
    ("POST", f"{API}/gold"): (401, 403, 403, 400, 400),
    ("POST", f"{API}/gold/plant"): (401, 403, 403, 200, 200),
    ("GET", f"{API}/gold/promote"): (401, 403, 403, 200, 200),
    ("POST", f"{API}/gold/promote"): (401, 403, 403, 400, 400),
    ("POST", "api/v1/gold/<uuid:gold_id>/retire"): (401, 403, 403, 200, 200),
    ("GET", f"{API}/measures"): (401, 403, 403, 403, 200),
    ("POST", f"{API}/measures"): (401, 403, 403, 403, 400),
    ("POST", f"{API}/measures/<uuid:measure_id>/lift"): (401, 403, 403, 403, 400),
    ("GET", f"{API}/messages"): (401, 200, 403, 200, 200),
    ("POST", f"{API}/messages"): (401, 400, 400, 400, 400),
    ("POST", f"{API}/messages/read"): (401, 200, 403, 200, 200),
    ("GET", f"{API}/invitations"): (401, 403, 403, 200, 200),
    ("POST", f"{API}/invitations"): (401, 403, 403, 201, 201),
    ("POST", f"{API}/invitations/<uuid:invitation_id>/revoke"): (401, 403, 403, 200, 200),
    ("GET", f"{API}/studies"): (401, 403, 403, 200, 200),
    ("POST", f"{API}/studies"): (401, 403, 403, 400, 400),
    ("GET", "api/v1/studies/<uuid:study_id>"): (401, 403, 403, 200, 200),
    ("POST", "api/v1/studies/<uuid:study_id>/state"): (401, 403, 403, 400, 400),
    ("POST", "api/v1/studies/<uuid:study_id>/reward"): (401, 403, 403, 400, 400),
    ("GET", "api/v1/studies/<uuid:study_id>/participants"): (401, 403, 403, 200, 200),
    ("POST", "api/v1/studies/<uuid:study_id>/participants/<uuid:participant_id>/end"): (
        401, 403, 403, 400, 400,
    ),
    ("GET", "api/v1/studies/<uuid:study_id>/participation"): (401, 404, 404, 404, 404),
    ("POST", "api/v1/studies/<uuid:study_id>/participation"): (401, 404, 404, 404, 404),
    ("GET", f"{API}/ratings/export"): (401, 403, 200, 200, 200),
    ("GET", f"{API}/questions/export"): (401, 403, 200, 200, 200),
    ("GET", f"{API}/labels/export"): (401, 403, 409, 409, 409),  # the run's table is not there
    ("GET", "api/v1/me"): (401, 200, 200, 200, 200),
    ("GET", "api/v1/me/answers"): (401, 200, 200, 200, 200),
    ("GET", "api/v1/me/export"): (401, 200, 200, 200, 200),
    # By then those who may have paused it by a row above.
    ("POST", f"{API}/join"): (401, 200, 200, 409, 409),
    ("GET", "api/v1/releases"): (200, 200, 200, 200, 200),
    ("GET", "api/v1/collections/<slug:slug>/duplicates"): (401, 403, 403, 200, 200),
    ("POST", "api/v1/collections/<slug:slug>/duplicates"): (401, 403, 403, 202, 202),
    ("GET", "api/v1/duplicates/<uuid:scan_id>"): (401, 403, 403, 200, 200),
    ("GET", "api/v1/duplicates/<uuid:scan_id>/pairs"): (401, 403, 403, 200, 200),
    ("POST", "api/v1/duplicates/<uuid:scan_id>/pairs/<int:pair_id>/verdict"): (
        401,
        403,
        403,
        400,
        400,
    ),
    ("GET", "api/v1/releases/<slug:name>/<str:version>"): (200, 200, 200, 200, 200),
    ("GET", f"api/v1/{RELEASE}/files"): (200, 200, 200, 200, 200),
    ("GET", f"api/v1/{RELEASE}/files/<path:path>"): (200, 200, 200, 200, 200),
    ("GET", f"api/v1/{RELEASE}/download"): (200, 200, 200, 200, 200),
    ("GET", f"api/v1/{RELEASE}/downloads"): (200, 200, 200, 200, 200),
    ("GET", f"api/v1/{RELEASE}/clips"): (200, 200, 200, 200, 200),
    ("GET", f"api/v1/{RELEASE}/clips/<str:key>"): (200, 200, 200, 200, 200),
    ("POST", f"api/v1/{RELEASE}/clips/<str:key>/reports"): (400, 400, 400, 400, 400),
    ("GET", f"api/v1/{RELEASE}/reports"): (200, 200, 200, 200, 200),
    ("POST", f"api/v1/{RELEASE}/doi"): (401, 403, 403, 400, 400),
    ("GET", f"api/v1/{RELEASE}/deposits"): (401, 403, 403, 200, 200),
    ("POST", f"api/v1/{RELEASE}/deposits"): (401, 403, 403, 409, 409),  # no token is set
    ("GET", "api/v1/reports"): (401, 403, 403, 200, 200),
    ("POST", "api/v1/reports/decide"): (401, 403, 403, 400, 400),
    # accounts (allauth): closed to sign-up, everything else is one's own account, and changes of
    # the second factor ask for the password first (302)
    ("GET", "accounts/login/"): (200, 302, 302, 302, 302),
    ("GET", "accounts/logout/"): (302, 200, 200, 200, 200),
    ("GET", "accounts/inactive/"): (200, 200, 200, 200, 200),
    ("GET", "accounts/signup/"): (200, 302, 302, 302, 302),
    ("GET", "accounts/reauthenticate/"): (302, 200, 200, 200, 200),
    ("GET", "accounts/email/"): (302, 200, 200, 200, 200),
    ("GET", "accounts/confirm-email/"): (200, 200, 200, 200, 200),
    ("GET", "accounts/password/change/"): (302, 200, 200, 200, 200),
    ("GET", "accounts/password/set/"): (302, 302, 302, 302, 302),
    ("GET", "accounts/password/reset/"): (200, 200, 200, 200, 200),
    ("GET", "accounts/password/reset/done/"): (200, 200, 200, 200, 200),
    ("GET", "accounts/password/reset/key/done/"): (200, 200, 200, 200, 200),
    ("GET", "accounts/login/code/confirm/"): (302, 302, 302, 302, 302),
    ("GET", "accounts/2fa/"): (302, 200, 200, 200, 200),
    ("GET", "accounts/2fa/authenticate/"): (302, 302, 302, 302, 302),
    ("GET", "accounts/2fa/reauthenticate/"): (302, 302, 302, 302, 302),
    ("GET", "accounts/2fa/totp/activate/"): (302, 302, 302, 302, 302),
    ("GET", "accounts/2fa/totp/deactivate/"): (302, 404, 404, 404, 404),
    ("GET", "accounts/2fa/recovery-codes/"): (302, 404, 404, 404, 404),
    ("GET", "accounts/2fa/recovery-codes/generate/"): (302, 302, 302, 302, 302),
    ("GET", "accounts/2fa/recovery-codes/download/"): (302, 404, 404, 404, 404),
}
#: Addresses with a secret in them; without it they show that the link is no good.
SECRET = {
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$",
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
}
CLAIM = "api/v1/questions/claim"
#: Whoever has an account gets the same there, with or without a role.
EVERYBODYS = ("accounts/", "me/", "join/", "study/")
EVERYBODYS_TOO = {
    "campaigns/<uuid:campaign_id>/join/", "studies/<uuid:study_id>/end/", f"{API}/join",
    "api/v1/studies/<uuid:study_id>/participation",
    "language/", "releases/<slug:name>/",
}  # fmt: skip


def routes() -> Iterator[str]:
    """Yield every route of the site, Django's admin left out."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[str]:
        for entry in resolver.url_patterns:
            route = prefix + str(entry.pattern)
            if isinstance(entry, URLPattern):
                yield route
            elif route != "admin/":
                yield from walk(entry, route)

    return walk(get_resolver(), "")


@pytest.fixture
def world() -> World:
    return make_world()


def browser(who: str) -> Client:
    client = Client()
    if who in MAKERS:
        client.force_login(
            MAKERS[who](), backend="consonance.people.backends.AccountBackend"
        )
    return client


def ask(client: Client, method: str, route: str, world: World) -> Any:
    address = world.address(route)
    if method == "GET":
        return client.get(address)
    if route.startswith("api/"):
        body = {"campaign": str(world.campaign.pk), "count": 1} if route == CLAIM else {}
        send = client.patch if method == "PATCH" else client.post
        return send(address, body, content_type="application/json")
    # What a form would send; an empty form is answered with its errors.
    fields = {
        "campaigns/<uuid:campaign_id>/state": {"to": "paused"},
        "questions/<uuid:question_id>/gold/": {"truth": "present"},
    }.get(route, {"x": ""})
    return client.post(address, urlencode(fields), content_type="application/x-www-form-urlencoded")


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    known = {route for _, route in TABLE} | SECRET
    assert set(routes()) == known


@pytest.mark.parametrize("column", range(len(WHO)), ids=WHO)
def test_everybody_gets_what_the_table_says(world: World, column: int) -> None:
    surprises = {}
    for (method, route), row in TABLE.items():
        response = ask(browser(WHO[column]), method, route, world)
        if response.status_code != row[column]:
            surprises[method, route] = (row[column], response.status_code)
        if (
            row[0] == 302
            and WHO[column] == "anonymous"
            and not route.startswith(("accounts/", "language/"))
            and route != "releases/<slug:name>/"  # leads to the newest version
        ):
            assert response["Location"].startswith("/accounts/login/"), route
    assert surprises == {}


def test_pages_that_only_show_refuse_to_be_posted_to(world: World) -> None:
    client = browser("admin")
    also_posts = {route for method, route in TABLE if method == "POST"} | {
        "rate/<uuid:campaign_id>/plain/", "campaigns/new/",
        "campaigns/<uuid:campaign_id>/settings/", "campaigns/<uuid:campaign_id>/preview/",
        "campaigns/<uuid:campaign_id>/guidelines/<str:class_name>/",
        "", "health", "styleguide/",  # read whatever the method is
    }  # fmt: skip
    for method, route in TABLE:
        if method == "GET" and route not in also_posts and not route.startswith("accounts/"):
            assert ask(client, "POST", route, world).status_code == 405, route


def test_pages_that_do_something_refuse_to_be_looked_at(world: World) -> None:
    client = browser("admin")
    also_shown = {route for method, route in TABLE if method == "GET"}
    for method, route in TABLE:
        if method == "POST" and route not in also_shown:
            assert ask(client, "GET", route, world).status_code == 405, route


def test_somebody_without_any_role_gets_what_is_public_and_their_own_account(world: World) -> None:
    client = Client()
    client.force_login(UserFactory(), backend="consonance.people.backends.AccountBackend")
    for (method, route), row in TABLE.items():
        if route.startswith(EVERYBODYS) or route in EVERYBODYS_TOO:
            continue  # asked by test_everybody_gets_what_the_table_says; joining gives a role
        wanted = {200: {200}, 302: {403}, 400: {400}, 401: {403, 200, 400}, 403: {403}}[row[0]]
        if route in {"rate/", "messages/"}:
            wanted = {200}  # an empty list that says whom to ask
        assert ask(client, method, route, world).status_code in wanted, route


def test_nobody_signs_up(world: World) -> None:
    response = Client().post(
        "/accounts/signup/",
        {"username": "mallory", "password1": "a long passphrase", "password2": "a long passphrase"},
    )
    assert response.status_code == 200
    assert "by invitation" in response.content.decode().lower()
    assert not type(admin()).objects.filter(username="mallory").exists()


@pytest.mark.parametrize("who", WHO)
def test_djangos_admin_is_for_its_staff_only(who: str) -> None:
    def walk(resolver: URLResolver) -> Iterator[str]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from (str(entry.pattern) + rest for rest in walk(entry))
            elif "<" not in str(entry.pattern) and "?P<" not in str(entry.pattern):
                yield str(entry.pattern)

    [site] = [entry for entry in get_resolver().url_patterns if str(entry.pattern) == "admin/"]
    client = browser(who)
    seen = 0
    for route in walk(site):
        if route in {"login/", "logout/"}:
            continue
        response = client.get(f"/admin/{route}")
        assert response.status_code == 302, route
        assert response["Location"].startswith("/admin/login/"), route
        seen += 1
    assert seen > 10


def test_djangos_admin_has_no_way_in_past_the_second_factor() -> None:
    person = UserFactory(username="root", is_staff=True, is_superuser=True)
    person.set_password("correct horse battery")
    person.save()
    client = Client()
    tried = {"username": "root", "password": "correct horse battery"}
    response = client.post("/admin/login/?next=/admin/", tried)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")
    assert "_auth_user_id" not in client.session
