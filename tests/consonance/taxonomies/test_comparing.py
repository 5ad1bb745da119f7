"""Two versions of a taxonomy against each other."""

from __future__ import annotations

from dataclasses import replace

from consonance.taxonomies.comparing import compare
from consonance.taxonomies.definition import ClassDefinition, Taxonomy

GUITAR = ClassDefinition("guitar", "Guitar", "a", ("/m/0342h",), (), "Six strings.")
PIANO = ClassDefinition("piano", "Piano", "a", ("/m/05r5c",), (), "Hammers.")
MOOD = ClassDefinition("mood", "Mood", "a", ())


def of(*classes: ClassDefinition, **facts: str) -> Taxonomy:
    return replace(Taxonomy("some", "1", "CC0-1.0", classes), **facts)


def test_nothing_differs_between_a_taxonomy_and_itself() -> None:
    found = compare(of(GUITAR, PIANO), of(GUITAR, PIANO, version="2"))
    assert found.is_equal
    assert found.same == 2


def test_what_came_and_went_is_told() -> None:
    found = compare(of(GUITAR, PIANO), of(GUITAR, MOOD))
    assert [one.name for one in found.added] == ["mood"]
    assert [one.name for one in found.removed] == ["piano"]
    assert found.same == 1


def test_a_class_that_only_changed_its_identifier_is_renamed_not_replaced() -> None:
    keys = replace(PIANO, name="keys", display_name="Keys")
    found = compare(of(GUITAR, PIANO), of(GUITAR, keys))
    assert not found.added
    assert not found.removed
    (change,) = found.changed
    assert change.is_renamed
    assert [(one.what, one.before, one.after) for one in change.changes] == [
        ("Identifier", "piano", "keys"), ("Name", "Piano", "Keys"),
    ]  # fmt: skip


def test_a_changed_definition_map_and_parent_are_told_with_what_counts_now() -> None:
    after = replace(
        GUITAR, definition="Any guitar.", parent="piano", audioset_without=("/m/018vs",)
    )
    (change,) = compare(of(GUITAR, PIANO), of(after, PIANO)).changed
    assert not change.is_renamed
    what = {one.what: one for one in change.changes}
    assert set(what) == {"Definition", "Kind of", "Without these", "AudioSet labels that count"}
    assert what["Without these"].after == "Bass guitar"
    assert "Bass guitar" in what["AudioSet labels that count"].before
    assert "Bass guitar" not in what["AudioSet labels that count"].after


def test_a_map_that_changes_through_another_class_is_told() -> None:
    bass = ClassDefinition("bass", "Bass", "a", ("/m/018vs",))
    (change,) = compare(of(GUITAR), of(bass, GUITAR)).changed
    assert [one.what for one in change.changes] == ["AudioSet labels that count"]


def test_a_kind_whose_parent_was_only_renamed_has_not_changed() -> None:
    kind = replace(MOOD, parent="piano")
    keys = replace(PIANO, name="keys")
    found = compare(of(kind, PIANO), of(replace(kind, parent="keys"), keys))
    assert [one.after.name for one in found.changed] == ["keys"]


def test_licence_and_description_count_too() -> None:
    found = compare(of(GUITAR), of(GUITAR, licence="CC-BY-4.0", description="New."))
    assert [one.what for one in found.about] == ["Licence", "Description"]
    assert not found.is_equal
