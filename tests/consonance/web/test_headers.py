"""What every answer carries to keep a browser safe."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.annotation.conftest import welcomed
from tests.consonance.web.world import make_world
from tests.factories import admin, annotator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]

PUBLIC = ["/", "/health", "/styleguide/", "/releases/", "/accounts/login/", "/nothing/here",
          "/api/v1/releases", "/api/v1/jobs"]  # fmt: skip

FORBIDDEN = ("<style", " style=", " onclick=", " onload=", " onsubmit=", "javascript:")


def directives(policy: str) -> dict[str, set[str]]:
    parts = [part.split() for part in policy.split(";") if part.strip()]
    return {name: set(values) for name, *values in parts}


@pytest.mark.parametrize("address", PUBLIC)
def test_every_answer_forbids_inline_code_framing_and_sniffing(address: str) -> None:
    headers = Client().get(address).headers
    policy = directives(headers["Content-Security-Policy"])
    assert policy["script-src"] == policy["style-src"] == policy["default-src"] == {"'self'"}
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == {"'none'"}
    assert policy["form-action"] == {"'self'"}
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_no_page_needs_what_the_policy_forbids() -> None:
    world = make_world()
    client, root = Client(), welcomed(admin(), world.campaign)
    client.force_login(root)
    seen = 0
    for address in [
        "/", "/jobs/", f"/jobs/{world.job.pk}/", "/collections/", "/rounds/", "/rounds/draw/",
        world.track.collection.get_absolute_url(), world.round.get_absolute_url(),
        f"/rate/{world.campaign.pk}/welcome/", f"/rate/{world.campaign.pk}/headphones/",
        f"/rate/{world.campaign.pk}/", f"/campaigns/{world.campaign.pk}/", "/campaigns/new/",
        f"/consistency/{world.campaign.pk}/", f"/questions/{world.question.pk}/",
        "/releases/", "/releases/build/", world.release.get_absolute_url(), "/styleguide/",
        "/accounts/2fa/", "/accounts/password/change/", "/no/such/page",
    ]:  # fmt: skip
        page = client.get(address).content.decode()
        assert "<html" in page, address
        for forbidden in FORBIDDEN:
            assert forbidden not in page, f"{forbidden} in {address}"
        for tag in page.split("<script")[1:]:
            opening, body = tag.split(">", 1)
            inline = body.split("</script", 1)[0].strip()
            assert "src=" in opening or 'type="application/json"' in opening, address
            assert not inline or 'type="application/json"' in opening, address
        assert "https://" not in "".join(page.split("<head", 1)[1].split("</head", 1)[0]), address
        seen += 1
    assert seen == 22


def test_cookies_are_out_of_reach_of_scripts_and_other_sites() -> None:
    person = annotator()
    client = Client()
    response = client.post(
        "/accounts/login/", {"login": person.username, "password": "correct horse battery staple"}
    )
    assert response.status_code == 302
    session = response.cookies["sessionid"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"


def test_a_wrong_password_does_not_say_whether_the_name_exists() -> None:
    person = annotator()
    told = []
    for name in (person.username, "nobody-at-all"):
        response = Client().post("/accounts/login/", {"login": name, "password": "wrong"})
        assert response.status_code == 200
        page = response.content.decode()
        told.append(page[page.index("<form") :].count("not correct") or page.count("incorrect"))
    assert told[0] == told[1] == 1


def test_a_wrong_host_is_refused() -> None:
    assert Client(headers={"host": "evil.example"}).get("/").status_code == 400
