"""`find_duplicates` in a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from consonance.jobs.models import Job
from splits.models import DuplicateScan
from tests.splits.conftest import COPY, Archive

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = StringIO()
    call_command("find_duplicates", *words, stdout=out)
    return out.getvalue()


def test_it_compares_a_collection_and_tells_what_was_found(
    make_archive: Callable[..., Archive],
) -> None:
    archive = make_archive([0, 1, COPY])
    told = json.loads(run("--collection", archive.collection.slug, "--json"))
    assert (told["clips"], told["pairs"], told["verified"], told["doubtful"]) == (3, 1, 1, 0)
    assert told["recall"] == 1.0
    assert DuplicateScan.objects.get().pk == Job.objects.get(pk=told["job"]).pk
    assert run("--collection", archive.collection.slug).startswith("3 clips of The Attic: 1 pair")


def test_refusals_have_their_exit_codes(make_archive: Callable[..., Archive]) -> None:
    archive = make_archive([0])
    for words, code in (
        (("--collection", "nobody"), 2),
        (("--collection", archive.collection.slug, "--expected-false-edges", "3"), 2),
    ):
        with pytest.raises(CommandError) as caught:
            run(*words)
        assert caught.value.returncode == code
    archive.clips[0].delete()
    with pytest.raises(CommandError) as caught:
        run("--collection", archive.collection.slug)
    assert caught.value.returncode == 3
