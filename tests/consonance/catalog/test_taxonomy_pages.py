"""A curator's pages about taxonomies."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from consonance.catalog.actions.draft_taxonomy import draft_next_version
from consonance.catalog.actions.edit_taxonomy import remove_class
from consonance.catalog.actions.import_taxonomy import import_taxonomy
from consonance.catalog.models import Taxonomy
from consonance.catalog.taxonomies import definition_of
from consonance.taxonomies.file import MOST_BYTES, read_file, written
from tests.factories import curator

pytestmark = pytest.mark.django_db
PATH = Path(__file__).resolve().parents[2] / "data" / "taxonomies" / "sounding7.json"
SEVEN = read_file(PATH)


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(curator(), backend="consonance.people.backends.AccountBackend")
    return client


@pytest.fixture
def draft() -> Taxonomy:
    row, _ = import_taxonomy(definition=SEVEN)
    return row


@pytest.fixture
def public() -> Taxonomy:
    row, _ = import_taxonomy(definition=SEVEN, publish=True)
    return row


def url(name: str, *arguments: Any) -> str:
    return reverse(f"taxonomies:{name}", args=arguments)


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def upload(browser: Client, content: bytes, **fields: Any) -> Any:
    sent = SimpleUploadedFile("mine.json", content, content_type="application/json")
    return browser.post(url("import"), {"file": sent, **fields}, follow=True)


# --- the list ----------------------------------------------------------------------------------
def test_an_empty_list_says_what_to_do(browser: Client) -> None:
    page = text(browser.get(url("list")))
    assert "No taxonomy yet" in page
    assert url("new") in page
    assert url("import") in page


def test_the_list_searches_names_and_classes_filters_and_sorts(
    browser: Client, draft: Taxonomy
) -> None:
    import_taxonomy(
        definition=replace(SEVEN, name="other", classes=(SEVEN.classes[0], SEVEN.classes[2])),
        publish=True,
    )
    assert "2 versions" in text(browser.get(url("list")))
    assert "1 version<" in text(browser.get(url("list"), {"q": "drum kit"}))
    assert "other" not in text(browser.get(url("list"), {"state": "draft"}))
    assert "No taxonomy fits" in text(browser.get(url("list"), {"q": "zzz"}))
    most = text(browser.get(url("list"), {"sort": "-classes"}))
    least = text(browser.get(url("list"), {"sort": "classes"}))
    assert most.index(">sounding7<") < most.index(">other<")
    assert least.index(">other<") < least.index(">sounding7<")
    assert browser.get(url("list"), {"sort": "nonsense", "page": "99"}).status_code == 200


def test_the_list_asks_the_database_as_often_for_many_as_for_one(
    browser: Client, draft: Taxonomy, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        import_taxonomy(definition=replace(SEVEN, version=f"{number + 2}"))
    with django_assert_max_num_queries(8):
        browser.get(url("list"))


# --- one ---------------------------------------------------------------------------------------
def test_a_taxonomy_shows_its_tree_its_map_and_what_no_detector_knows(
    browser: Client, public: Taxonomy
) -> None:
    page = text(browser.get(url("detail", public.pk)))
    assert "classes__name--1" in page
    assert "a kind of Strings" in page
    assert "Wind instrument, woodwind instrument, Brass instrument" in page
    assert "without Bass guitar" in page
    assert "Electric guitar" in page, "children that count are named"
    assert page.count("No detector: uniform sampling") == 1
    assert "The tempo bends on purpose." in page
    assert "Imported" in page
    assert "Published" in page
    assert url("edit", public.pk) not in page
    assert url("version", public.pk) in page


def test_it_says_which_detectors_know_it_and_where_it_is_used(
    browser: Client, public: Taxonomy
) -> None:
    page = text(browser.get(url("detail", public.pk)))
    assert "<dt>mn04</dt><dd>6 of 7 classes; not Rubato</dd>" in page
    assert "<dt>default</dt>" in page
    assert "--taxonomy sounding7@1" in page
    for sentence in (
        "No round was drawn by it yet.",
        "No campaign asks about it yet.",
        "No release is made of it yet.",
    ):
        assert sentence in page


def test_where_it_is_used_is_linked(browser: Client, public: Taxonomy) -> None:
    from tests.factories import (
        CampaignFactory,
        DetectorVersionFactory,
        GuidelineFactory,
        SamplingRoundFactory,
    )

    detector = DetectorVersionFactory(taxonomy=public, provenance={"uncovered": ["keys", "rubato"]})
    drawn = SamplingRoundFactory(score_set__detector=detector)
    campaign = CampaignFactory(collection=drawn.score_set.collection, name="By ear")
    campaign.rounds.add(drawn)
    for target in public.classes.all()[:2]:
        GuidelineFactory(campaign=campaign, target=target)
    page = text(browser.get(url("detail", public.pk)))
    assert "5 of 7 classes; not Keyboard, Rubato" in page
    assert drawn.get_absolute_url() in page
    assert page.count("By ear") == 1


def test_the_file_comes_back_as_it_was(browser: Client, public: Taxonomy) -> None:
    response = browser.get(url("file", public.pk))
    assert response.content.decode() == written(SEVEN)
    assert response.headers["Content-Disposition"] == 'attachment; filename="sounding7-1.json"'


# --- making one --------------------------------------------------------------------------------
def test_a_draft_is_begun_and_what_is_wrong_is_told(browser: Client) -> None:
    sent = {"name": "mine", "version": "1", "licence": "CC0-1.0", "description": ""}
    page = text(browser.post(url("new"), {**sent, "name": "Mine"}), 400)
    assert "begin with a lower-case letter" in page
    page = text(browser.post(url("new"), sent, follow=True))
    assert "Add its classes" in page
    assert "No classes yet" in page
    page = text(browser.post(url("new"), sent), 400)
    assert "There is a taxonomy mine 1 already" in page


def test_a_file_is_imported_as_a_draft_and_imported_again_is_the_same(browser: Client) -> None:
    assert "sounding7 1 is a draft now" in text(upload(browser, PATH.read_bytes()))
    assert "was there already" in text(upload(browser, PATH.read_bytes()))
    assert definition_of(Taxonomy.objects.get()) == SEVEN
    changed = written(replace(SEVEN, licence="CC0-1.0")).encode()
    assert "Replace it on purpose" in text(upload(browser, changed), 400)
    assert "has the file" in text(upload(browser, changed, replace="on"))
    assert Taxonomy.objects.get().licence == "CC0-1.0"


def test_every_problem_of_a_file_is_listed_and_nothing_is_stored(browser: Client) -> None:
    data = json.loads(PATH.read_text())
    data["classes"][0]["audioset_mids"] = ["Acordion"]
    data["classes"][1]["parent"] = "string"
    page = text(upload(browser, json.dumps(data).encode()), 400)
    assert "Perhaps /m/0mkg (Accordion)?" in page
    assert "Did you mean &#x27;strings&#x27;?" in page
    assert "cannot be read as JSON" in text(upload(browser, b"<html>"), 400)
    assert "The submitted file is empty" in text(upload(browser, b""), 400)
    assert "This field is required" in text(browser.post(url("import"), {}), 400)
    assert not Taxonomy.objects.exists()


def test_a_file_that_is_too_large_is_refused(browser: Client) -> None:
    page = text(upload(browser, b" " * (3 * MOST_BYTES)), 400)
    assert "larger than 1,000,000 bytes" in page


def test_an_upload_needs_the_form_s_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(curator(), backend="consonance.people.backends.AccountBackend")
    sent = SimpleUploadedFile("mine.json", PATH.read_bytes())
    assert client.post(url("import"), {"file": sent}).status_code == 403
    assert not Taxonomy.objects.exists()


# --- classes -----------------------------------------------------------------------------------
CLASS = {
    "display_name": "Harp", "name": "harp", "article": "a", "definition": "A harp.", "parent": "",
}  # fmt: skip


def test_audioset_is_searched_without_losing_what_was_typed(
    browser: Client, draft: Taxonomy
) -> None:
    sent = {**CLASS, "display_name": "Harps", "words": "harp", "find": "1"}
    page = text(browser.post(url("class_new", draft.pk), sent))
    assert 'value="/m/03m5k"' in page
    assert 'value="Harps"' in page
    assert "This field is required" not in page
    assert draft.classes.count() == 7, "nothing is saved"
    page = text(
        browser.post(url("class_new", draft.pk), {**sent, "mids": "/m/03m5k", "words": "zzz"})
    )
    assert 'name="mids" value="/m/03m5k" checked' in page, "what is chosen stays"
    assert "Nothing else in AudioSet is called like that" in page


def test_a_class_is_added_and_changed(browser: Client, draft: Taxonomy) -> None:
    sent = {**CLASS, "parent": "plucked", "mids": ["/m/03m5k"], "without": []}
    assert "Harp is saved." in text(browser.post(url("class_new", draft.pk), sent, follow=True))
    page = text(browser.get(url("class", draft.pk, "harp")))
    assert 'value="/m/03m5k" checked' in page
    assert '<option value="plucked" selected>' in page
    sent |= {"name": "harps", "definition": "Line one.\r\nLine two."}
    browser.post(url("class", draft.pk, "harp"), sent)
    made = next(one for one in definition_of(draft).classes if one.name == "harps")
    assert made.definition == "Line one.\nLine two."
    assert made.parent == "plucked"
    assert draft.classes.count() == 8


def test_a_class_says_what_it_stands_for_or_that_no_detector_knows_it(
    browser: Client, draft: Taxonomy
) -> None:
    page = text(browser.post(url("class_new", draft.pk), CLASS), 400)
    assert "or say that no detector knows it" in page
    both = {**CLASS, "mids": "/m/03m5k", "no_detector": "on"}
    assert "Take them out" in text(browser.post(url("class_new", draft.pk), both), 400)
    browser.post(url("class_new", draft.pk), {**CLASS, "no_detector": "on"})
    assert draft.classes.get(name="harp").audioset_mids == []


def test_a_class_cannot_be_a_kind_of_its_own_kind(browser: Client, draft: Taxonomy) -> None:
    page = text(browser.get(url("class", draft.pk, "strings")))
    assert '<option value="keys">' in page
    assert '<option value="bowed">' not in page
    assert '<option value="strings">' not in page


@pytest.mark.parametrize("mid", ["/m/nonsense", "x" * 5000])
def test_a_forged_audioset_class_is_refused(browser: Client, draft: Taxonomy, mid: str) -> None:
    page = text(browser.post(url("class_new", draft.pk), {**CLASS, "mids": mid}), 400)
    assert "AudioSet" in page
    assert draft.classes.count() == 7


def test_a_class_is_removed_after_a_question(browser: Client, draft: Taxonomy) -> None:
    address = url("class_remove", draft.pk, "strings")
    page = text(browser.get(address))
    assert "Remove Strings from sounding7 1?" in page
    assert "Its kinds (Bowed strings, Plucked strings) stay." in page
    assert draft.classes.count() == 7
    assert "The class strings is removed." in text(browser.post(address, follow=True))
    assert draft.classes.count() == 6
    assert browser.get(address).status_code == 404
    assert "any more" in text(browser.post(address, follow=True))


# --- publishing, versions, deleting ------------------------------------------------------------
def test_publishing_asks_once_more_and_tells_what_to_know(browser: Client, draft: Taxonomy) -> None:
    page = text(browser.get(url("publish", draft.pk)))
    assert "No detector: uniform sampling of “Rubato”." in page
    draft.refresh_from_db()
    assert not draft.is_published
    assert "is published" in text(browser.post(url("publish", draft.pk), follow=True))
    draft.refresh_from_db()
    assert draft.is_published


def test_an_empty_draft_cannot_be_published(browser: Client, draft: Taxonomy) -> None:
    for one in list(draft.classes.all()):
        remove_class(taxonomy_id=draft.pk, name=one.name)
    page = text(browser.post(url("publish", draft.pk)), 400)
    assert "has no class yet" in page


def test_pages_that_change_send_away_from_a_published_version(
    browser: Client, public: Taxonomy
) -> None:
    for address in (
        url("edit", public.pk), url("publish", public.pk), url("delete", public.pk),
        url("class_new", public.pk), url("class", public.pk, "keys"),
        url("class_remove", public.pk, "keys"),
    ):  # fmt: skip
        for method in (browser.get, browser.post):
            assert "never edited" in text(method(address, follow=True))
    assert definition_of(Taxonomy.objects.get()) == SEVEN


def test_a_new_version_is_begun_from_an_old_one_and_compared(
    browser: Client, public: Taxonomy
) -> None:
    address = url("version", public.pk)
    assert "There is a taxonomy" in text(browser.post(address, {"version": "1"}), 400)
    browser.post(address, {"version": "2"})
    second = Taxonomy.objects.get(version="2")
    browser.post(
        url("class", second.pk, "keys"),
        {**CLASS, "name": "keyboard", "display_name": "Keyboard", "mids": ["/m/05148p4"]},
    )
    remove_class(taxonomy_id=second.pk, name="rubato")
    compare_url = f"{url('compare')}?from={public.pk}&to={second.pk}"
    assert compare_url.replace("&", "&amp;") in text(browser.get(url("detail", second.pk)))
    page = text(browser.get(compare_url))
    assert "Renamed" in page
    assert "<dt>Definition</dt>" in page
    assert "Only in sounding7 1" in page
    assert "Rubato" in page


def test_comparing_asks_for_two_and_says_when_nothing_differs(
    browser: Client, public: Taxonomy
) -> None:
    assert "Choose two versions" in text(browser.get(url("compare")))
    assert "Choose two versions" in text(browser.get(url("compare"), {"from": "x", "to": "y"}))
    second = draft_next_version(taxonomy_id=public.pk, version="2")
    page = text(browser.get(url("compare"), {"from": public.pk, "to": second.pk}))
    assert "Nothing differs" in page
    Taxonomy.objects.all().delete()
    assert "Nothing to compare" in text(browser.get(url("compare")))


def test_a_draft_is_deleted_after_a_question(browser: Client, draft: Taxonomy) -> None:
    page = text(browser.get(url("delete", draft.pk)))
    assert "Its 7 classes go with it" in page
    assert url("file", draft.pk) in page
    assert Taxonomy.objects.exists()
    assert "is deleted" in text(browser.post(url("delete", draft.pk), follow=True))
    assert not Taxonomy.objects.exists()


def test_details_are_changed(browser: Client, draft: Taxonomy) -> None:
    sent = {"version": "1.1", "licence": "CC0-1.0", "description": "For a test."}
    assert "Saved." in text(browser.post(url("edit", draft.pk), sent, follow=True))
    page = text(browser.post(url("edit", draft.pk), {**sent, "version": "a b"}), 400)
    assert "The version &#x27;a b&#x27; does not do" in page
