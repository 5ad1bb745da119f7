"""A taxonomy's file is read strictly, with every problem told, and written one way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consonance.taxonomies.checking import LONGEST_DEFINITION, TaxonomyError, notes_of
from consonance.taxonomies.definition import ClassDefinition, Taxonomy
from consonance.taxonomies.file import MOST_BYTES, as_data, of_data, parse, read_file, written

SEVEN = Path(__file__).resolve().parents[2] / "data" / "taxonomies" / "sounding7.json"


def entry(**change: Any) -> dict[str, Any]:
    return {
        "name": "drum", "display_name": "Drum", "article": "a", "audioset_mids": [], **change
    }  # fmt: skip


def content(**change: Any) -> dict[str, Any]:
    return {"name": "small", "version": "1", "licence": "CC0-1.0", "classes": [entry()], **change}


def told(data: Any) -> tuple[str, ...]:
    with pytest.raises(TaxonomyError) as caught:
        of_data(data)
    return caught.value.problems


def test_the_same_taxonomy_is_the_same_file_and_comes_back_from_it() -> None:
    taxonomy = read_file(SEVEN)
    text = written(taxonomy)
    assert parse(text.encode()) == taxonomy
    assert written(parse(text.encode())) == text
    assert of_data(as_data(taxonomy)) == taxonomy


texts = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029\x85"),
    min_size=1, max_size=40,
).map(str.strip).filter(bool)  # fmt: skip
classes = st.builds(
    ClassDefinition,
    name=st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True),
    display_name=texts,
    article=st.sampled_from(["a", "an", ""]),
    audioset_mids=st.lists(st.sampled_from(["/m/0342h", "/m/05r5c"]), unique=True).map(tuple),
    definition=texts | st.just(""),
)


@given(st.lists(classes, min_size=1, max_size=6, unique_by=lambda one: one.name), texts)
def test_whatever_is_written_is_read_back(made: list[ClassDefinition], description: str) -> None:
    made.sort(key=lambda one: one.name)
    taxonomy = Taxonomy("some", "1.0", "CC0-1.0", tuple(made), description)
    assert parse(written(taxonomy).encode()) == taxonomy


def test_classes_stand_in_alphabetical_order_whatever_the_file_s() -> None:
    taxonomy = of_data(content(classes=[entry(), entry(name="bell", display_name="Bell")]))
    assert taxonomy.class_names == ("bell", "drum")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ([], "Expected an object, found a list"),
        (None, "Expected an object, found nothing"),
        (content(format=2), "format is 2; this version of Consonance reads 1"),
        (content(format=True), "format is True"),
        (content(colour="red"), "'colour' is not known. Known are format, name"),
        (content(name="Small"), "begin with a lower-case letter"),
        (content(name="s" * 65), "65 characters; 64 fit"),
        (content(version=1), "'version' must be a text that is not empty, not a number"),
        (content(version="1 beta"), "The version '1 beta' does not do"),
        (content(version="1" * 33), "33 characters; 32 fit"),
        (content(licence=" "), "'licence' must be a text that is not empty"),
        (content(description="x" * 4001), "4,001 characters; 4,000 fit"),
        (content(classes=[]), "at least one class"),
        (content(classes={"a": 1}), "at least one class"),
        (content(classes=["drum"]), "class 0: expected an object"),
        (content(classes=[entry(name="Drum kit")]), "'Drum kit' does not do"),
        (content(classes=[entry(name="d" * 65)]), "65 characters; 64 fit"),
        (content(classes=[entry(article="the")]), "'article' must be 'a', 'an' or '', not 'the'"),
        (content(classes=[entry(display_name="")]), "'display_name' must be"),
        (content(classes=[entry(display_name="D" * 101)]), "101 characters; 100 fit"),
        (content(classes=[entry(display_name="a\x00b")]), "U+0000, which cannot be shown"),
        (content(classes=[entry(display_name="a\ud800b")]), "U+D800, which cannot be shown"),
        (content(classes=[entry(definition="d" * (LONGEST_DEFINITION + 1))]), "2,000 fit"),
        (content(classes=[entry(colour="red")]), "'colour' is not known"),
        (content(classes=[entry(audioset_mids="/m/026t6")]), "must be a list of texts"),
        (
            content(classes=[{"name": "drum", "display_name": "Drum"}]),
            "must be a list of texts ([] for: no detector, uniform sampling)",
        ),
        (content(classes=[entry(audioset_mids=["026t6"])]), "is not an AudioSet identifier"),
        (
            content(classes=[entry(audioset_mids=["Acordion"])]),
            "Perhaps /m/0mkg (Accordion)?",
        ),
        (
            content(classes=[entry(audioset_mids=["/m/026t66"])]),
            "not in AudioSet's ontology. Perhaps /m/026t6 (Drum)",
        ),
        (content(classes=[entry(audioset_mids=["/m/qqqqqqqqq"])]), "Perhaps /m/026t6 (Drum)"),
        (content(classes=[entry(audioset_mids=["/m/026t6"] * 2)]), "'/m/026t6' stands twice"),
        (content(classes=[entry(audioset_without=["/m/026t6"])]), "takes out of nothing"),
        (
            content(classes=[entry(audioset_mids=["/m/026t6"], audioset_without=["/m/026t6"])]),
            "both counts and does not",
        ),
        (content(classes=[entry(audioset_mids=["/m/026t6"] * 201)]), "201 entries; 200 fit"),
        (content(classes=[entry(audioset_mids=["\ud800"] * 2)]), "'\\ud800' stands twice"),
        (content(classes=[entry(name="\ud800")] * 2), "more than once: '\\ud800'"),
        (content(classes=[entry(), entry()]), "more than once: 'drum'"),
        (content(classes=[entry(parent="drums")]), "Did you mean 'drum'"),
        (content(classes=[entry(parent="zither")]), "Add it, or leave 'parent' empty"),
        (content(classes=[entry(parent="drum")]), "drum → drum go in a circle"),
        (
            content(classes=[entry(name="a", parent="c"), entry(name="b", parent="a"),
                             entry(name="c", parent="b")]),
            "The parents of a → c → b → a go in a circle",
        ),
        (content(classes=[entry(name=f"c{n}") for n in range(1001)]), "1,001 classes; 1,000 fit"),
    ],
)  # fmt: skip
def test_what_is_no_taxonomy_is_refused_with_a_sentence(data: Any, sentence: str) -> None:
    assert sentence in " ".join(told(data))


def test_every_sentence_can_be_sent_and_stored() -> None:
    odd = "\ud800"
    found = told(content(name=odd, classes=[
        entry(name=odd, parent=odd, audioset_mids=[odd, odd], audioset_without=[odd]),
        entry(name=odd, display_name=odd, **{odd: 1}),
    ]))  # fmt: skip
    " ".join(found).encode()


def test_all_problems_are_told_at_once_and_a_circle_once() -> None:
    found = told(content(version="?", licence="L" * 101, classes=[
        entry(name="a", parent="b"), entry(name="b", parent="a"), entry(audioset_mids=["x"]),
    ]))  # fmt: skip
    assert len(found) == 4
    assert len([one for one in found if "circle" in one]) == 1


def test_a_message_of_many_problems_tells_the_first_and_counts_the_rest() -> None:
    with pytest.raises(TaxonomyError, match=r"And 12 more\.$"):
        of_data(content(classes=[entry(name=f"c{n}", article="the") for n in range(20)]))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "cannot be read as JSON"),
        (b"{", "cannot be read as JSON"),
        (b"\xff\xfe", "cannot be read as JSON in UTF-8"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b'{"name": "a", "name": "b"}', "'name' stands twice in one object"),
        (b" " * (MOST_BYTES + 1), "larger than 1,000,000 bytes"),
        (b'{"version": ' + b"9" * 5000 + b"}", "In bad.json: "),
    ],
)
def test_bytes_that_are_no_taxonomy_are_refused(text: bytes, sentence: str) -> None:
    with pytest.raises(TaxonomyError) as caught:
        parse(text, where="In bad.json")
    assert sentence in str(caught.value)


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"absent\.json cannot be read: No such file"):
        read_file(tmp_path / "absent.json")
    with pytest.raises(TaxonomyError, match="cannot be read: Is a directory"):
        read_file(tmp_path)


def test_a_mark_of_byte_order_does_no_harm() -> None:
    assert parse(b"\xef\xbb\xbf" + json.dumps(content()).encode()).name == "small"


def test_notes_say_what_a_curator_should_know() -> None:
    made = (
        ClassDefinition("bowing", "Bowing", "", ("/m/0342h",), ("/m/05r5c",), "A definition."),
        ClassDefinition("guitar", "Guitar", "a", ("/m/0342h",), (), "A definition."),
        ClassDefinition("mood", "Mood", "a", ()),
        ClassDefinition("oboe", "Oboe", "an", ("/m/05kms",), (), "A definition."),
    )
    found = " ".join(notes_of(Taxonomy("some", "1", "CC0-1.0", made)))
    assert "No detector: uniform sampling of “Mood”." in found
    assert "published no label for what “Oboe” names" in found
    assert "Nothing says what counts as “Mood”" in found
    assert "The same AudioSet labels count as “Bowing”, “Guitar”" in found
    assert "“Bowing” takes out “Piano”, which does not lie below" in found


def test_thousands_of_wrong_classes_are_told_at_once_and_not_one_by_one() -> None:
    many = [entry(name=f"drum{n}", parent=f"nobody{n}") for n in range(900)]
    problems = told(content(classes=many))
    assert 100 < len(problems) < 110
    assert "nobody0" in problems[0]
    too_many = told(content(classes=[entry(name=f"drum{n}") for n in range(1_001)]))
    assert "1,001 classes; 1,000 fit" in too_many[-1]


def test_what_was_meant_is_looked_for_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from consonance.taxonomies import checking

    looked: list[str] = []
    real = checking.get_close_matches

    def counting(word: str, *args: Any, **more: Any) -> list[str]:
        looked.append(word)
        return real(word, *args, **more)

    monkeypatch.setattr(checking, "get_close_matches", counting)
    told(content(classes=[entry(name=f"drum{n}", parent="drumm1") for n in range(50)]))
    assert 1 <= len(looked) <= 8
