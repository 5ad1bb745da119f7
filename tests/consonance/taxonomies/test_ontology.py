"""AudioSet's classes are found by what a curator types."""

from __future__ import annotations

from consonance.taxonomies.ontology import ontology


def names(words: str) -> list[str]:
    return [entry.name for entry in ontology().search(words)]


def test_a_name_comes_before_names_that_hold_it_and_those_before_descriptions() -> None:
    found = names("guitar")
    assert found[0] == "Guitar"
    assert found.index("Bass guitar") < found.index("Strum"), "guitars are in its description"


def test_several_words_must_all_fit_and_an_identifier_finds_its_class() -> None:
    assert names("drum snare")[0] == "Snare drum"
    assert "Bass drum" not in names("drum snare")
    assert names(" /m/0342h ") == ["Guitar"]


def test_nothing_finds_nothing_and_odd_letters_are_only_letters() -> None:
    assert names("   ") == []
    assert names("(.*[") == []


def test_a_slip_of_the_pen_is_understood() -> None:
    assert [entry.name for entry in ontology().near("acordion")] == ["Accordion"]
    assert "Guitar" in [entry.name for entry in ontology().near("/m/0342g")]
    assert ontology().near("qqqq") == []


def test_a_class_knows_what_lies_above_and_below() -> None:
    known = ontology()
    assert known.path("/m/0342h") == ("Music", "Musical instrument", "Plucked string instrument")
    assert known.below("/m/0342h")[0] == "/m/0342h"
    assert known.below("/m/0342h", but=frozenset({"/m/0342h"})) == ()
    assert known.below("/m/nonsense") == ()
    assert known.path("/m/nonsense") == ()
    assert known.name("/m/nonsense") == "/m/nonsense"
