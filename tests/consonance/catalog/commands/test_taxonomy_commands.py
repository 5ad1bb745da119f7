"""`import_taxonomy`, `export_taxonomy` and `list_taxonomies` in a terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from consonance.catalog.models import Taxonomy
from consonance.taxonomies.file import read_file, written

pytestmark = pytest.mark.django_db
SEVEN = Path(__file__).resolve().parents[3] / "data" / "taxonomies" / "sounding7.json"


def run(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command(*words, "--json", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def refused(*words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command(*words)
    return caught.value


def test_a_file_goes_in_and_comes_out(tmp_path: Path) -> None:
    told = run("import_taxonomy", str(SEVEN), "--publish")
    assert told["outcome"] == "new"
    assert told["is_published"]
    assert told["no_detector"] == ["rubato"]
    assert "7 classes, published. No detector, uniform sampling: rubato." in told["summary"]
    assert run("import_taxonomy", str(SEVEN))["outcome"] == "same"
    path = tmp_path / "out.json"
    run("export_taxonomy", "sounding7", "--to", str(path))
    assert read_file(path) == read_file(SEVEN)
    out = StringIO()
    call_command("export_taxonomy", "sounding7@1", stdout=out)
    assert out.getvalue() == path.read_text() == written(read_file(SEVEN))


def test_a_draft_is_exported_by_its_version_only(tmp_path: Path) -> None:
    run("import_taxonomy", str(SEVEN))
    assert run("export_taxonomy", "sounding7@1")["name"] == "sounding7"
    error = refused("export_taxonomy", "sounding7")
    assert error.returncode == 3
    assert "is a draft" in str(error)
    assert refused("export_taxonomy", "none").returncode == 2
    path = tmp_path / "none" / "out.json"
    assert "cannot be written" in str(refused("export_taxonomy", "sounding7@1", "--to", str(path)))


def test_another_file_of_the_same_version_is_refused_unless_a_draft_may_give_way(
    tmp_path: Path,
) -> None:
    run("import_taxonomy", str(SEVEN))
    other = tmp_path / "other.json"
    other.write_text(written(replace(read_file(SEVEN), licence="CC0-1.0")))
    assert refused("import_taxonomy", str(other)).returncode == 3
    assert run("import_taxonomy", str(other), "--replace")["outcome"] == "replaced"
    assert Taxonomy.objects.get().licence == "CC0-1.0"


def test_a_file_that_is_no_taxonomy_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text("[]")
    error = refused("import_taxonomy", str(path))
    assert error.returncode == 2
    assert str(error) == "In the taxonomy bad.json: Expected an object, found a list."


def test_the_list_names_what_is_there() -> None:
    assert "./consonance import_taxonomy" in run("list_taxonomies")["summary"]
    run("import_taxonomy", str(SEVEN))
    told = run("list_taxonomies")
    assert told["summary"] == "sounding7@1\tdraft\t7 classes"
    assert told["taxonomies"][0]["licence"] == "CC-BY-SA-4.0"
