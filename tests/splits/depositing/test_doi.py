"""A DOI that a curator writes down, and the citations that carry it."""

from __future__ import annotations

import pytest
import yaml
from django.test import Client

from consonance.errors import NotAllowedError, ParameterError
from consonance.ledger.models import AuditEntry
from splits.actions.record_doi import cleaned_doi, record_doi
from splits.presenting import citing
from tests.factories import ReleaseFactory, curator, researcher

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.5281/zenodo.1234567", "10.5281/zenodo.1234567"),
        (" https://doi.org/10.5281/Zenodo.12 ", "10.5281/zenodo.12"),
        ("doi:10.1000/182", "10.1000/182"),
        ("10.1000/a(b)c_1;2/x", "10.1000/a(b)c_1;2/x"),
        ("", ""),
    ],
)
def test_a_doi_is_taken_with_and_without_an_address(text: str, doi: str) -> None:
    assert cleaned_doi(text) == doi


@pytest.mark.parametrize(
    "text",
    ["10.12/x", "11.1234/x", "10.1234/", "10.1234/a b", "https://evil.example/10.1234/x",
     "javascript:10.1234/x", "10.1234/é", "10.1234567890/x", "10.1234/<script>\"", "zenodo.12"],
)  # fmt: skip
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="is no DOI"):
        cleaned_doi(text)


def test_it_is_written_down_audited_shown_and_cited() -> None:
    release, person = ReleaseFactory(title="50 % {Banjo} & more"), curator()
    record_doi(release=release, doi="10.5281/zenodo.7", actor=person)
    record_doi(release=release, doi="10.5281/zenodo.7", actor=person)
    entry = AuditEntry.objects.get(action="record_doi")
    assert entry.detail == {"before": "", "after": "10.5281/zenodo.7"}
    release.refresh_from_db()
    page = Client().get(release.get_absolute_url()).content.decode()
    assert 'href="https://doi.org/10.5281/zenodo.7"' in page
    assert "doi = {10.5281/zenodo.7}" in page
    assert r"title = {{50 \% \{Banjo\} \&amp; more}}" in page
    cff = yaml.safe_load(citing.citation_file(release, "https://a.example/r/"))
    assert (cff["doi"], cff["version"], cff["type"]) == ("10.5281/zenodo.7", "1.0.0", "dataset")
    assert cff["title"] == "50 % {Banjo} & more"
    assert citing.badge(release) == "[DOI 10.5281/zenodo.7](https://doi.org/10.5281/zenodo.7)"
    record_doi(release=release, doi="", actor=person)
    assert citing.badge(ReleaseFactory()) == ""


def test_no_two_versions_have_one_and_only_curators_write_it() -> None:
    ReleaseFactory(doi="10.5281/zenodo.7")
    release = ReleaseFactory()
    with pytest.raises(ParameterError, match="each version has its own"):
        record_doi(release=release, doi="10.5281/zenodo.7", actor=curator())
    with pytest.raises(NotAllowedError):
        record_doi(release=release, doi="10.5281/zenodo.8", actor=researcher())


def test_the_form_and_the_api_say_what_is_wrong() -> None:
    release, client = ReleaseFactory(), Client()
    client.force_login(curator(), backend="consonance.people.backends.AccountBackend")
    address = release.get_absolute_url()
    answer = client.post(f"{address}doi/", {"doi": "zenodo"})
    assert answer.status_code == 400
    assert "is no DOI" in answer.content.decode()
    assert client.post(f"{address}doi/", {"doi": "10.1234/A"}).status_code == 302
    api = f"/api/v1/releases/{release.name}/1.0.0"
    assert client.get(api).json()["doi"] == "10.1234/a"
    sent = client.post(f"{api}/doi", {"doi": "x"}, content_type="application/json")
    assert sent.status_code == 400
    assert "is no DOI" in sent.json()["detail"]
