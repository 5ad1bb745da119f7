"""What may be uploaded has a limit, whatever a request announces."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as of_the_site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http.multipartparser import MultiPartParser
from django.test import Client, RequestFactory
from django.urls import reverse

from consonance.taxonomies.file import MOST_BYTES
from consonance.web.uploads import UploadTooBigError
from tests.factories import curator

pytestmark = pytest.mark.django_db

MOST = 50_000


@pytest.fixture
def browser(settings: Any, tmp_path: Path) -> Client:
    settings.UPLOAD_MAX_SIZE = MOST
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 100  # to the disk
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    client = Client()
    client.force_login(curator(), backend="consonance.people.backends.AccountBackend")
    return client


def send(client: Client, *sizes: int, **more: Any) -> Any:
    files = [SimpleUploadedFile(f"{place}.json", b"x" * size) for place, size in enumerate(sizes)]
    return client.post(reverse("taxonomies:import"), {"file": files}, **more)


@pytest.mark.parametrize("sizes", [[MOST], [MOST // 2, MOST // 2]])
def test_too_much_is_told_with_the_limit_and_leaves_nothing(
    browser: Client, tmp_path: Path, sizes: list[int]
) -> None:
    answer = send(browser, *sizes)
    assert answer.status_code == 413
    assert "at most 48 KiB" in answer.content.decode()
    assert not list(tmp_path.iterdir())


def test_programs_get_a_problem(browser: Client) -> None:
    answer = send(browser, MOST, HTTP_ACCEPT="application/json")
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "48 KiB" in json.loads(answer.content)["detail"]


def test_what_fits_reaches_the_form(browser: Client) -> None:
    answer = send(browser, MOST // 2)
    assert answer.status_code == 400
    assert answer.templates[0].name == "catalog/taxonomies/import.html"


def test_whoever_announces_little_and_sends_much_is_stopped_on_the_way(
    settings: Any, tmp_path: Path
) -> None:
    settings.UPLOAD_MAX_SIZE = MOST
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    request = RequestFactory().post("/", {"file": SimpleUploadedFile("x.json", b"x" * 40 * MOST)})
    body = request.read()
    sent = BytesIO(body)
    request = RequestFactory().post("/", content_type=request.META["CONTENT_TYPE"])
    meta = {**request.META, "CONTENT_LENGTH": str(MOST // 2)}
    with pytest.raises(UploadTooBigError):
        MultiPartParser(meta, sent, request.upload_handlers).parse()
    assert sent.tell() < len(body) // 4, "the rest was never read"


def test_every_file_that_a_form_takes_fits() -> None:
    assert of_the_site.UPLOAD_MAX_SIZE > MOST_BYTES + of_the_site.DATA_UPLOAD_MAX_MEMORY_SIZE
