"""Datasheet, citation, licences: what a release says of itself."""

from __future__ import annotations

import datetime as dt
import re

import pyarrow as pa
import pytest
from release_world import CLASSES, make_world

from consonance.errors import ParameterError, ReleaseError
from splits.release.account import account
from splits.release.assemble import assemble
from splits.release.citation import bibtex, citation_cff, creators_of
from splits.release.datasheet import SECTIONS, datasheet
from splits.release.fields import tables_of
from splits.release.licences import licence_name, licence_url
from splits.release.listing import staged_tables
from splits.release.material import Material
from splits.release.staging import Staging


def material_of(world) -> Material:
    return Material(spec=world.spec, found=assemble(world.spec, world.tables))


# --- the account --------------------------------------------------------------------------------
def test_what_the_database_does_not_know_is_said_to_be_unknown(world):
    told = account(material_of(world))
    assert told.selection.startswith("How the clips were chosen from the collection is not")
    assert told.deciding == "How answers became labels is not recorded with this release."
    assert told.machine == "None is recorded. No label was given by a machine."
    assert told.duplicates == "No search for duplicates is recorded with this release."
    assert told.left_out.startswith("Which labelled clips were left out is not recorded")


def test_what_it_knows_is_told_with_its_numbers(world):
    rich = world.with_spec(
        provenance={
            "collection": "Attic",
            "consensus": {
                "method": "dawid_skene",
                "parameters": {"present_from": 0.8, "absent_to": 0.2},
            },
            "detector": {"name": "ear", "version": "3", "what": "A small network."},
            "rounds": [{"seed": 1}],
            "duplicates": {"pairs": 4, "verified": 2, "dropped": 1, "policy": "keep_one"},
            "left_out": {"licence CC-BY-ND-3.0": 7},
            "split": {"seed": 11},
        }
    ).with_table(
        "candidates",
        pa.Table.from_pylist(
            [
                {"clip_id": "clip-000", "class_name": "banjo", "tail": tail, "likelihood": 0.5,
                 "quantile": 0.5, "inclusion": None}
                for tail in ("high", "high", "low")
            ]
        ),
    )  # fmt: skip
    told = account(material_of(rich))
    assert told.sources == (
        "18 clips of 18 recordings by 6 artists of the collection “Attic”. ATTRIBUTION.csv says "
        "where each was found."
    )
    assert "1 round(s)" in told.selection
    assert "(2 high, 1 low)" in told.selection
    assert "“dawid_skene”" in told.deciding
    assert "(present from 0.8, absent up to 0.2)" in told.deciding
    assert told.machine.startswith("The detector ear 3 chose")
    assert told.duplicates.startswith("Clips were compared with each other for the same sound: 4")
    assert told.left_out == "Clips with labels that were left out: 7 for licence CC-BY-ND-3.0."
    assert told.splitting.endswith("Seed 11.")
    assert told.per_item == "3.00 answers a label on average, from 3 to 3."
    assert told.days == ("2026-03-01", "2026-03-01")
    assert told.missing.startswith("33.3 % of all pairs")


def test_labels_without_any_answer_make_no_account_fail(world):
    silent = world.with_table("ratings", world.tables.ratings.slice(0, 0))
    rows = [
        {**row, "n_yes": 0, "n_no": 0, "n_unsure": 0, "majority": None}
        for row in world.tables.labels.to_pylist()
    ]
    told = account(material_of(silent.with_table("labels", pa.Table.from_pylist(rows))))
    assert told.days == ()
    assert told.asking == "No rating is behind these labels: curators decided them."
    assert told.quality.startswith("No label has a yes or a no behind it")


def test_real_people_are_not_called_simulated(world):
    real = world.with_spec(name="tiny", simulated=False)
    text = datasheet(material_of(real))
    assert "simulated" not in text
    assert "Unknown: age, gender, origin" in text


# --- the datasheet ------------------------------------------------------------------------------
def test_the_datasheet_answers_every_question_of_its_seven_sections(published):
    text = (published / "DATASHEET.md").read_text()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert tuple(headings) == SECTIONS
    assert len(SECTIONS) == 7
    questions = re.findall(r"^\*\*(.+\?)\*\* *(.*)$", text, re.MULTILINE)
    assert len(questions) >= 35
    for question, answer in questions:
        assert answer, question
    assert "**The ratings were given by simulated people." in text
    assert all(name in text for name in CLASSES)


# --- the citation -------------------------------------------------------------------------------
def test_the_citation_file_has_what_its_format_requires(published):
    yaml = pytest.importorskip("yaml")
    told = yaml.safe_load((published / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(told)
    assert (told["cff-version"], told["type"], told["version"]) == ("1.2.0", "dataset", "1.0.0")
    assert told["authors"] == [{"name": "The creators of this data set (Tiny)"}]
    assert "date-released" not in told


def test_creators_with_and_without_an_orcid_are_cited(world):
    yaml = pytest.importorskip("yaml")
    spec = world.with_spec(
        creators=("Ada: “Countess” (https://orcid.org/0000-0002-1825-0097)", "J. {X} & Söhne"),
        created="2026-03-02",
        homepage="https://example.org/tiny",
    ).spec
    told = yaml.safe_load(citation_cff(spec))
    assert told["authors"] == [
        {"name": "Ada: “Countess”", "orcid": "https://orcid.org/0000-0002-1825-0097"},
        {"name": "J. {X} & Söhne"},
    ]
    assert told["date-released"] == dt.date(2026, 3, 2)
    assert told["url"] == "https://example.org/tiny"
    assert creators_of(spec)[1] == ("J. {X} & Söhne", "")
    entry = bibtex(spec)
    assert r"{J. \{X\} \& Söhne}" in entry
    assert entry.count("{") == entry.count("}")


@pytest.mark.parametrize("values", [{"created": "yesterday"}, {"homepage": "javascript:alert(1)"}])
def test_a_date_or_an_address_that_is_none_is_refused(world, values):
    with pytest.raises(ParameterError, match=next(iter(values))):
        world.with_spec(**values)


# --- licences -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("spdx", "url"),
    [
        ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
        ("CC-BY-NC-SA-3.0", "https://creativecommons.org/licenses/by-nc-sa/3.0/"),
        ("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
        ("MIT OR CC-BY-4.0", "https://spdx.org/licenses/MIT.html"),
        ("LAL-1.3", "https://spdx.org/licenses/LAL-1.3.html"),
    ],
)
def test_a_licence_has_an_address(spdx, url):
    assert licence_url(spdx) == url


def test_the_first_licence_of_an_expression_names_it():
    assert licence_name("(CC-BY-4.0 AND MIT)") == "CC-BY-4.0"


def test_three_licences_are_told_apart(published):
    audio, labels, code = (
        (published / f"LICENSE-{name}.txt").read_text() for name in ("audio", "labels", "code")
    )
    overview = (published / "LICENSE").read_text()
    assert re.findall(r"LICENSE-(\w+)\.txt", overview) == ["audio", "labels", "code"]
    assert "18  CC-BY-4.0" in audio
    assert "SPDX-License-Identifier: CC-BY-4.0" in labels
    assert "SPDX-License-Identifier: Apache-2.0" in code


# --- what is told of each table -----------------------------------------------------------------
def test_a_table_that_nobody_described_is_refused(world, tmp_path):
    staging = Staging(tmp_path / "staging")
    staging.write_csv("secrets.csv", ("name",), [("x",)])
    with pytest.raises(ReleaseError, match=r"secrets\.csv is a table that nobody described"):
        staged_tables(staging, world.spec)


def test_no_two_tables_share_a_name_or_a_path(world):
    tables = tables_of(world.spec)
    assert len({table.name for table in tables}) == len(tables)
    assert len({table.path for table in tables}) == len(tables)


def test_ratings_hold_neither_time_nor_outside_id_nor_free_text(published):
    import pyarrow.parquet as pq

    schema = pq.read_schema(published / "parquet" / "ratings.parquet")
    assert schema.names == [
        *("sample_key", "rating_id", "clip_id", "class_name", "task", "rater"),
        *("rater_is_simulated", "answer", "is_gold", "answered_on", "response_ms", "heard_ms"),
        "guideline_version",
    ]
    assert not any(pa.types.is_timestamp(field.type) for field in schema)
    text = b"".join(path.read_bytes() for path in published.rglob("*.csv"))
    assert b"12:00:01" not in text


def test_every_column_that_may_be_empty_says_so(published):
    """A column called required is never null: of all tables, by what lies in them."""
    import pyarrow.parquet as pq

    for table in tables_of(make_world().spec):
        path = published / table.path
        if table.path.endswith(".parquet") and path.exists():
            found = pq.read_table(path)
            for column in table.columns:
                if column.required:
                    assert found[column.name].null_count == 0, (table.path, column.name)
