"""Taxonomies are drafted, changed, published, versioned and deleted, and each step is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from candidates.actions.register_detector import complete_shipped, register_taxonomy
from candidates.detector.taxonomy import read
from consonance.catalog.actions.delete_taxonomy import delete_taxonomy
from consonance.catalog.actions.draft_taxonomy import draft_next_version, draft_taxonomy
from consonance.catalog.actions.edit_taxonomy import edit_taxonomy, remove_class, write_class
from consonance.catalog.actions.import_taxonomy import import_taxonomy
from consonance.catalog.actions.publish_taxonomy import publish_taxonomy
from consonance.catalog.models import Taxonomy, TaxonomyClass
from consonance.catalog.taxonomies import definition_of, published
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.taxonomies.checking import TaxonomyError
from consonance.taxonomies.definition import ClassDefinition
from consonance.taxonomies.file import read_file
from tests.factories import TaxonomyFactory, annotator, curator

pytestmark = pytest.mark.django_db
SEVEN = read_file(Path(__file__).resolve().parents[3] / "data" / "taxonomies" / "sounding7.json")
HARP = ClassDefinition("harp", "Harp", "a", ("/m/03m5k",), (), "A harp is plucked.")


def draft(**change: Any) -> Taxonomy:
    row, _ = import_taxonomy(definition=replace(SEVEN, **change))
    return row


def told(row: Taxonomy) -> list[str]:
    entries = AuditEntry.objects.filter(object_id=str(row.pk)).order_by("at")
    return [entry.action for entry in entries]


def test_what_is_stored_is_what_was_read_and_stored_once() -> None:
    person = curator()
    row, outcome = import_taxonomy(definition=SEVEN, actor=person)
    assert outcome == "new"
    assert definition_of(row) == SEVEN
    assert not row.is_published
    assert row.created_by == person
    again, outcome = import_taxonomy(definition=SEVEN)
    assert (again, outcome) == (row, "same")
    assert told(row) == ["import_taxonomy"]


def test_a_draft_gives_way_only_on_purpose_and_keeps_the_rows_of_its_classes() -> None:
    row = draft()
    ids = dict(row.classes.values_list("name", "pk"))
    other = replace(SEVEN, description="Other.", classes=SEVEN.classes[1:])
    with pytest.raises(StateError, match="Replace it on purpose"):
        import_taxonomy(definition=other)
    again, outcome = import_taxonomy(definition=other, replace=True)
    assert (again.pk, outcome) == (row.pk, "replaced")
    assert definition_of(again) == other
    kept = dict(again.classes.values_list("name", "pk"))
    assert kept == {name: pk for name, pk in ids.items() if name != "blown"}


def test_a_published_version_is_never_edited() -> None:
    row, _ = import_taxonomy(definition=SEVEN, publish=True)
    with pytest.raises(StateError, match="give this one a new version"):
        import_taxonomy(definition=replace(SEVEN, licence="CC0-1.0"), replace=True)
    for act in (
        lambda: edit_taxonomy(taxonomy_id=row.pk, version="2", licence="CC0-1.0"),
        lambda: write_class(taxonomy_id=row.pk, entry=HARP),
        lambda: remove_class(taxonomy_id=row.pk, name="keys"),
        lambda: publish_taxonomy(taxonomy_id=row.pk),
        lambda: delete_taxonomy(taxonomy_id=row.pk),
    ):
        with pytest.raises(StateError, match="published"):
            act()
    row.refresh_from_db()
    assert definition_of(row) == SEVEN


def test_importing_with_publish_publishes_the_draft_of_the_same_content() -> None:
    row = draft()
    same, outcome = import_taxonomy(definition=SEVEN, publish=True)
    assert outcome == "same"
    assert same.is_published
    assert told(row) == ["import_taxonomy", "publish_taxonomy"]


def test_only_curators_change_taxonomies() -> None:
    row, person = draft(), annotator()
    acts = (
        lambda: import_taxonomy(definition=SEVEN, actor=person),
        lambda: draft_taxonomy(name="a", version="1", licence="CC0-1.0", actor=person),
        lambda: draft_next_version(taxonomy_id=row.pk, version="2", actor=person),
        lambda: edit_taxonomy(taxonomy_id=row.pk, version="2", licence="x", actor=person),
        lambda: write_class(taxonomy_id=row.pk, entry=HARP, actor=person),
        lambda: remove_class(taxonomy_id=row.pk, name="keys", actor=person),
        lambda: publish_taxonomy(taxonomy_id=row.pk, actor=person),
        lambda: delete_taxonomy(taxonomy_id=row.pk, actor=person),
    )
    for act in acts:
        with pytest.raises(NotAllowedError):
            act()
    assert told(row) == ["import_taxonomy"]


def test_a_draft_is_begun_empty_filled_and_published() -> None:
    row = draft_taxonomy(name="mine", version="1", licence="CC0-1.0", description="For a test.")
    with pytest.raises(TaxonomyError, match="has no class yet"):
        publish_taxonomy(taxonomy_id=row.pk)
    write_class(taxonomy_id=row.pk, entry=HARP)
    write_class(taxonomy_id=row.pk, entry=ClassDefinition("calm", "Calm", "", ()))
    assert list(row.classes.values_list("name", "position")) == [("calm", 0), ("harp", 1)]
    publish_taxonomy(taxonomy_id=row.pk)
    row.refresh_from_db()
    assert row.is_published
    assert told(row) == ["draft_taxonomy", "add_class", "add_class", "publish_taxonomy"]


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"name": "Mine"}, "begin with a lower-case letter"),
        ({"version": "1/2"}, "The version '1/2' does not do"),
        ({"licence": ""}, "The licence is empty"),
        ({"description": "x" * 4001}, "4,000 fit"),
    ],
)
def test_a_draft_needs_a_name_a_version_and_a_licence(facts: Any, sentence: str) -> None:
    with pytest.raises(TaxonomyError, match=sentence):
        draft_taxonomy(**{"name": "mine", "version": "1", "licence": "CC0-1.0", **facts})


def test_a_new_version_has_the_old_one_s_classes_and_leaves_it_alone() -> None:
    row, _ = import_taxonomy(definition=SEVEN, publish=True)
    made = draft_next_version(taxonomy_id=row.pk, version="2")
    assert definition_of(made) == replace(SEVEN, version="2")
    assert not made.is_published
    assert not set(made.classes.values_list("pk")) & set(row.classes.values_list("pk"))
    with pytest.raises(StateError, match="There is a taxonomy sounding7 2 already"):
        draft_next_version(taxonomy_id=row.pk, version="2")


def test_a_class_that_is_renamed_takes_its_kinds_along() -> None:
    row = draft()
    strings = next(one for one in SEVEN.classes if one.name == "strings")
    pk = row.classes.get(name="keys").pk
    write_class(taxonomy_id=row.pk, entry=replace(strings, name="corded"), instead_of="strings")
    parents = {one.name: one.parent for one in definition_of(row).classes}
    assert parents["bowed"] == parents["plucked"] == "corded"
    assert "strings" not in parents
    assert row.classes.get(name="keys").pk == pk, "the others keep their rows"
    entry = AuditEntry.objects.filter(action="edit_class").get()
    assert entry.detail == {"class_name": "corded", "was": "strings"}


def test_a_class_is_refused_with_sentences_and_nothing_changes() -> None:
    row = draft()
    with pytest.raises(TaxonomyError, match="more than once: 'keys'"):
        write_class(taxonomy_id=row.pk, entry=replace(HARP, name="keys"))
    strings = next(one for one in SEVEN.classes if one.name == "strings")
    circle = replace(strings, parent="bowed")
    with pytest.raises(TaxonomyError, match="go in a circle"):
        write_class(taxonomy_id=row.pk, entry=circle, instead_of="strings")
    with pytest.raises(TaxonomyError, match=r"Perhaps /m/03m5k \(Harp\)"):
        write_class(taxonomy_id=row.pk, entry=replace(HARP, audioset_mids=("/m/03m5kk",)))
    with pytest.raises(StateError, match="Somebody removed the class 'gone'"):
        write_class(taxonomy_id=row.pk, entry=HARP, instead_of="gone")
    assert definition_of(row) == SEVEN


def test_the_kinds_of_a_removed_class_move_up() -> None:
    row = draft()
    remove_class(taxonomy_id=row.pk, name="strings")
    assert all(not one.parent for one in definition_of(row).classes)
    with pytest.raises(StateError, match="has no class 'strings' any more"):
        remove_class(taxonomy_id=row.pk, name="strings")


def test_details_of_a_draft_change_but_never_to_a_version_that_is_there() -> None:
    draft(version="2")
    row = draft()
    edit_taxonomy(taxonomy_id=row.pk, version="1.1", licence="CC0-1.0", description="New.")
    row.refresh_from_db()
    assert (row.version, row.licence, row.description) == ("1.1", "CC0-1.0", "New.")
    with pytest.raises(StateError, match="There is a taxonomy sounding7 2 already"):
        edit_taxonomy(taxonomy_id=row.pk, version="2", licence="CC0-1.0")


def test_a_deleted_draft_is_gone_and_its_content_is_kept_in_the_trail() -> None:
    row = draft()
    pk = str(row.pk)
    assert delete_taxonomy(taxonomy_id=row.pk) == "sounding7 1"
    assert not Taxonomy.objects.exists()
    assert not TaxonomyClass.objects.exists()
    entry = AuditEntry.objects.get(action="delete_taxonomy")
    assert entry.object_id == pk
    assert len(entry.detail["content"]["classes"]) == 7
    with pytest.raises(StateError, match="was deleted"):
        remove_class(taxonomy_id=pk, name="keys")  # type: ignore[arg-type]


# --- by name -----------------------------------------------------------------------------------
def test_a_name_means_the_newest_published_version() -> None:
    import_taxonomy(definition=SEVEN, publish=True)
    second, _ = import_taxonomy(definition=replace(SEVEN, version="2"), publish=True)
    import_taxonomy(definition=replace(SEVEN, version="3"))
    assert published("sounding7") == second
    assert published("sounding7@1").version == "1"
    with pytest.raises(StateError, match="is a draft"):
        published("sounding7@3")
    with pytest.raises(ParameterError, match="Known are: sounding7@1, sounding7@2, sounding7@3"):
        published("nothing")


def test_one_that_ships_is_stored_when_it_is_first_needed_and_stays() -> None:
    row = register_taxonomy(name="openmic20")
    assert row.is_published
    assert definition_of(row) == read("openmic20")
    assert register_taxonomy(name="openmic20@1") == row
    assert Taxonomy.objects.count() == 1


def test_a_curators_own_version_is_what_the_name_means_from_then_on() -> None:
    first = register_taxonomy(name="openmic20")
    second = draft_next_version(taxonomy_id=first.pk, version="2")
    assert register_taxonomy(name="openmic20") == first
    publish_taxonomy(taxonomy_id=second.pk)
    assert register_taxonomy(name="openmic20") == second
    assert register_taxonomy(name="openmic20@1") == first


@pytest.mark.parametrize("by", [lambda: register_taxonomy(name="openmic20"), complete_shipped])
def test_rows_from_before_maps_were_stored_are_completed_once(by: Any) -> None:
    source = read("openmic20")
    row = TaxonomyFactory(name=source.name, version=source.version, licence=source.licence)
    for position, entry in enumerate(source.classes):
        TaxonomyClass.objects.create(
            taxonomy=row, position=position, name=entry.name,
            display_name=entry.display_name, article=entry.article,
        )  # fmt: skip
    ids = set(row.classes.values_list("pk", flat=True))
    by()
    by()
    row.refresh_from_db()
    assert Taxonomy.objects.get() == row
    assert definition_of(row) == source
    assert set(row.classes.values_list("pk", flat=True)) == ids


def test_a_file_that_changed_without_a_new_version_is_refused() -> None:
    source = read("openmic20")
    import_taxonomy(definition=replace(source, classes=source.classes[:3]), publish=True)
    with pytest.raises(StateError, match="Give the file a new version"):
        register_taxonomy(name="openmic20")
