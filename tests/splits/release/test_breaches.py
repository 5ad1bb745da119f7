from __future__ import annotations

import dataclasses

import pyarrow as pa
import pytest

from consonance.errors import ParameterError
from splits.release import BreachedContractError, Contract, check


def codes(world) -> list[str]:
    return [breach.code for breach in check(world.spec, world.tables)]


def told(world) -> str:
    return " ".join(breach.sentence for breach in check(world.spec, world.tables))


def test_a_good_release_has_no_breach(world):
    assert codes(world) == []


def test_too_few_positives_and_labels_say_how_many_more(world):
    greedy = world.with_spec(contract=Contract(min_positives=500, min_labels=1500))
    assert codes(greedy).count("too_few_positives") == 3
    assert codes(greedy).count("too_few_labels") == 3
    assert "banjo has 12 of 1500 labels: 1488 more needed." in told(greedy)


def test_the_default_promise_is_500_positives_and_1500_labels():
    assert (Contract().min_positives, Contract().min_labels) == (500, 1500)


def test_a_class_eleven_positives_short_is_refused_as_openmics_accordion_would_be(world):
    """OpenMIC-2018 ships 489 accordion positives under a promise of 500."""
    labels = world.tables.labels.to_pylist()
    have = sum(r["class_name"] == "banjo" and r["decision"] == "present" for r in labels)
    promise = Contract(min_positives=have + 11, min_labels=0)
    assert f"banjo has {have} of {have + 11} positives: 11 more needed." in told(
        world.with_spec(contract=promise)
    )


def test_a_duplicate_group_in_two_partitions_is_named(world):
    # Clips 0 (train) and 4 (test) become duplicates.
    divided = world.with_cell("groups", 4, group=0)
    assert codes(divided) == ["divided_group"]
    assert "duplicate group 0 is in test, train" in told(divided)


def test_an_artist_in_two_partitions_is_named_unless_the_contract_lets_it(world):
    divided = world.with_cell("clips", 0, artist_key="artist-4")
    assert codes(divided) == ["divided_artist"]
    assert "artist-4" in told(divided)
    loose = world.spec.contract.model_copy(update={"undivided_artists": False})
    assert codes(divided.with_spec(contract=loose)) == []


def test_a_clip_marked_to_drop_may_not_be_released(world):
    assert codes(world.with_cell("groups", 3, action="drop")) == ["dropped_duplicate"]


@pytest.mark.parametrize("licence", ["CC-BY-ND-4.0", "CC-BY-NC-ND-3.0", "", "NOASSERTION"])
def test_a_licence_that_is_not_allowed_is_named(world, licence):
    spoiled = world.with_cell("clips", 5, licence_spdx=licence)
    assert codes(spoiled) == ["licence_not_allowed"]
    assert (licence or "no known licence") in told(spoiled)


@pytest.mark.parametrize(
    "licence", ["CC0-1.0", "CC-BY-3.0", "CC-BY-SA-4.0", "CC-BY-NC-2.5", "CC-BY-3.0-US"]
)
def test_open_licences_are_allowed(licence):
    assert Contract().allows(licence)


@pytest.mark.parametrize("column", ["licence_url", "track_url"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_part_of_the_attribution_is_named(world, column, value):
    lacking = world.with_cell("clips", 1, **{column: value})
    assert codes(lacking) == ["attribution_missing"]
    assert "000711_3840" in told(lacking)


def test_a_label_without_ratings_is_named(world):
    ratings = world.tables.ratings.slice(3)  # those of the first label
    untraced = world.with_table("ratings", ratings)
    assert "label_without_rating" in codes(untraced)
    assert "label_counts_differ" in codes(untraced)
    assert "000000_0 banjo" in told(untraced)


def test_a_label_on_which_everybody_was_unsure_rests_on_nothing(world):
    rows = world.tables.ratings.to_pylist()
    for row in rows[:3]:
        row["answer"] = "unsure"
    unsure = world.with_table("ratings", pa.Table.from_pylist(rows))
    unsure = unsure.with_cell("labels", 0, n_yes=0, n_no=0, n_unsure=3)
    assert codes(unsure) == ["label_without_rating"]
    assert codes(unsure.with_cell("labels", 0, stop_reason="curator")) == []


def test_what_a_curator_decided_rests_on_the_curator(world):
    alone = world.with_table("ratings", world.tables.ratings.slice(3))
    alone = alone.with_cell(
        "labels", 0, n_yes=0, n_no=0, n_unsure=0, posterior_crowd=0.5, majority=None,
        relevance=None, stop_reason="curator",
    )  # fmt: skip
    assert codes(alone) == []


def test_counts_that_do_not_match_the_ratings_are_named(world):
    assert codes(world.with_cell("labels", 0, n_yes=7)) == ["label_counts_differ"]


def test_a_rater_without_a_skill_is_named(world):
    unknown = world.with_table("skills", world.tables.skills.slice(1))
    assert "rater_without_skill" in codes(unknown)


def test_an_empty_or_unknown_partition_is_named(world):
    rows = world.tables.splits.to_pylist()
    for row in rows:
        row["partition"] = "dev" if row["partition"] == "test" else row["partition"]
    odd = world.with_table("splits", pa.Table.from_pylist(rows))
    assert codes(odd) == ["empty_partition", "unknown_partition"]


def test_simulated_ratings_cannot_be_published_under_a_plain_name(world, tmp_path):
    plain = world.with_spec(name="tiny")
    assert codes(plain) == ["simulation_unnamed"]
    with pytest.raises(BreachedContractError, match="call it tiny-simulated"):
        plain.build(tmp_path / "tiny")
    assert list(tmp_path.iterdir()) == []


def test_simulated_ratings_cannot_be_hidden_from_the_manifest(world):
    assert codes(world.with_spec(simulated=False)) == ["simulation_hidden"]


def test_real_ratings_may_not_be_called_simulated(world):
    rows = [row | {"rater_is_simulated": False} for row in world.tables.ratings.to_pylist()]
    real = world.with_table("ratings", pa.Table.from_pylist(rows))
    assert codes(real) == ["simulation_claimed"]
    assert codes(real.with_spec(name="tiny", simulated=False)) == []


def test_every_breach_is_told_at_once(world, tmp_path):
    bad = world.with_cell("clips", 0, licence_spdx="CC-BY-ND-4.0", artist_key="artist-4")
    bad = bad.with_spec(name="tiny")
    with pytest.raises(BreachedContractError) as caught:
        bad.build(tmp_path / "tiny")
    assert {breach.code for breach in caught.value.breaches} == {
        "licence_not_allowed",
        "divided_artist",
        "simulation_unnamed",
    }
    assert "CC-BY-ND-4.0" in str(caught.value)
    assert "call it tiny-simulated" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "row", "values", "words"),
    [
        ("clips", 1, {"clip_id": "clip-000"}, "stands twice in the clips table"),
        ("clips", 1, {"clip_id": "other"}, "not in the clips table: clip-001"),
        ("groups", 1, {"clip_id": "other"}, "not in the groups table: clip-001"),
        ("clips", 1, {"sample_key": "000000_0"}, "have the sample key 000000_0"),
        ("clips", 1, {"sample_key": "../../etc"}, "not of the form"),
        ("labels", 1, {"class_name": "kazoo"}, "kazoo"),
        ("labels", 1, {"class_name": "banjo"}, "two labels for banjo"),
        ("skills", 1, {"rater": "00000000"}, "rater stands twice"),
    ],
)
def test_tables_that_do_not_fit_together_are_refused(world, kind, row, values, words):
    with pytest.raises(ParameterError, match=words):
        codes(world.with_cell(kind, row, **values))


def test_a_table_of_another_kind_is_refused(world):
    swapped = dataclasses.replace(world.tables, labels=world.tables.splits)
    with pytest.raises(ParameterError, match="labels table needs"):
        check(world.spec, swapped)
