"""The report as data: counted once, nothing left out, nobody told apart."""

from __future__ import annotations

import json
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splits.composition.document import as_html, as_markdown
from splits.composition.facts import Facts
from splits.composition.people import raters_of
from splits.composition.sampling import Drawn, Region, regions_of, slices_of, tails_of
from splits.composition.sections import percent, sections_of
from splits.composition.tally import LISTED, Level, compose

VALUES = st.sampled_from(["", "Rock", "Jazz", "Folk", "<b>Noise|*"])
FACTS = st.builds(
    Facts, genres=st.lists(VALUES.filter(bool), max_size=3).map(tuple), artist_key=VALUES,
    artist=VALUES, decade=st.sampled_from(["", "1990s", "1920s"]),
    language=st.sampled_from(["", "en"]), licence=VALUES,
    loudness=st.sampled_from(["", "below -36", "-24 to -18"]),
)  # fmt: skip


def small(**parts):
    """Return a report of an archive of four recordings, two of which were drawn and released."""
    rock = Facts(genres=("Rock",), artist_key="a", artist="Ann", decade="1990s", licence="CC0-1.0")
    jazz = Facts(genres=("Jazz", "Rock"), artist_key="b", artist="Ben", licence="CC0-1.0")
    polka = Facts(genres=("Polka",), artist_key="c", artist="Cy", language="cs", licence="CC0-1.0")
    levels = [
        Level("archive", "Archive", "recordings").extend([rock, jazz, polka, Facts()]),
        Level("candidates", "Candidates", "clips").extend([rock, jazz]),
        Level("release", "Release", "clips").extend([rock]),
        Level("test", "Test", "clips").extend([rock]),
    ]
    return compose(levels, **parts)


def dimension(report, name):
    return next(entry for entry in report["dimensions"] if entry["name"] == name)


@given(st.lists(FACTS, max_size=30), st.lists(FACTS, max_size=10))
def test_listed_rest_and_unknown_are_all_there_is(archive, released):
    levels = [Level("archive", "A", "recordings").extend(archive)]
    levels.append(Level("release", "R", "clips").extend(released))
    for entry in compose(levels)["dimensions"]:
        if entry["name"] == "genre":
            continue  # several a recording
        for place, rows in enumerate((archive, released)):
            told = sum(value["counts"][place] for value in entry["values"])
            told += entry["rest"]["counts"][place] + entry["unknown"][place]
            assert told == len(rows)


def test_what_is_rare_is_counted_together_and_nothing_is_lost():
    many = [Facts(artist_key=f"a{number:03d}", artist=f"A {number}") for number in range(100)]
    entry = dimension(compose([Level("archive", "A", "recordings").extend(many)]), "artist")
    assert len(entry["values"]) == LISTED
    assert entry["rest"] == {"values": 70, "counts": [70]}
    assert entry["distinct"] == [100]
    assert entry["values"][0]["value"] == "A 0"


def test_what_the_archive_does_not_say_is_unknown():
    report = small()
    assert dimension(report, "decade")["unknown"] == [3, 1, 0, 0]
    assert dimension(report, "language")["unknown"] == [3, 2, 1, 1]
    text = as_markdown(report, "X")
    assert "| unknown | 3 (75.0 %) | 2 (100 %) |" in text


def test_values_of_the_archive_without_a_candidate_are_named():
    report = small()
    assert dimension(report, "genre")["never_drawn"] == {
        "values": 1, "recordings": 1, "listed": [{"value": "Polka", "count": 1}],
    }  # fmt: skip
    assert dimension(report, "artist")["never_drawn"]["listed"] == [{"value": "Cy", "count": 1}]
    assert dimension(report, "licence")["never_drawn"]["values"] == 0
    assert dimension(report, "loudness")["never_drawn"] is None  # the archive's is not measured


def test_without_candidates_nothing_is_said_of_what_was_never_drawn():
    report = compose([Level("archive", "A", "recordings").extend([Facts(genres=("Rock",))])])
    assert dimension(report, "genre")["never_drawn"] is None
    assert "were not drawn by rounds" in as_markdown(report, "X")


def test_tails_are_counted_drawn_and_released():
    drawn = [
        Drawn("1", "banjo", "high", 0.95), Drawn("1", "organ", "low", 0.02),
        Drawn("2", "banjo", "high", 0.99), Drawn("3", "organ", "high", 0.9),
    ]  # fmt: skip
    told = tails_of(drawn, {"1": "train", "3": "test"})
    assert told["levels"] == ["candidates", "test", "train"]
    assert told["strata"] == [
        {"value": "high", "counts": [3, 1, 1]},
        {"value": "low", "counts": [1, 0, 1]},
    ]
    assert told["totals"] == [4, 1, 2]
    text = as_markdown(small(tails=told), "X")
    assert "No candidate was drawn from these strata: banjo (low)." in text


def test_what_the_tails_never_reached_is_measured_in_twentieths():
    drawn = [Drawn("1", "banjo", "high", 1.0), Drawn("2", "banjo", "low", 0.0)]
    banjo, organ = slices_of(drawn, ["banjo", "organ"])
    assert banjo["counts"] == [1, *[0] * 18, 1]
    assert banjo["never"] == pytest.approx(0.9)
    assert banjo["widest"] == [0.0, 1.0]
    assert organ == {
        "class": "organ", "candidates": 0, "counts": [0] * 20, "never": None, "widest": None,
    }  # fmt: skip


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_every_candidate_lies_in_one_twentieth(ranks):
    row = slices_of([Drawn(str(n), "x", "any", rank) for n, rank in enumerate(ranks)], ["x"])[0]
    assert sum(row["counts"]) == row["candidates"] == len(ranks)
    low, high = row["widest"]
    assert not any(low + 1e-4 < rank < high - 1e-4 for rank in ranks)


def test_the_map_tells_what_no_candidate_sounds_like_and_what_chance_would_miss():
    regions = [
        Region(50, 9, Counter(rock=50)),
        Region(30, 0, Counter(polka=20, rock=10)),
        Region(20, 1, Counter(jazz=20)),
    ]
    told = regions_of(regions)
    assert told["share"] == pytest.approx(0.3)
    assert told["missed_squares"] == 1
    assert told["genres"] == [
        {"value": "polka", "missed": 20, "excerpts": 20},
        {"value": "rock", "missed": 10, "excerpts": 60},
    ]
    expected = 0.5 * 0.5**10 + 0.3 * 0.7**10 + 0.2 * 0.8**10
    assert told["expected"] == pytest.approx(expected)
    assert regions_of([]) == {}


def test_raters_are_told_as_groups_of_five_or_more():
    ratings = [("1", f"r{number}", False) for number in range(12) for _ in range(number + 1)]
    ratings.append(("9", "stranger", False))  # of a clip that is not released
    trust = {f"r{number}": 0.5 + number / 24 for number in range(12)}
    told = raters_of(ratings, trust, {"1": "train"})
    assert told["levels"] == ["release", "train"]
    assert told["raters"] == [12, 12]
    assert told["totals"] == [78, 78]
    for group in told["groups"]:
        if group["name"] != "kind":
            assert all(entry["raters"] >= 5 for entry in group["values"])
        counted = sum(entry["counts"][0] for entry in group["values"]) + group["unknown"][0]
        assert counted == 78
    assert "r3" not in json.dumps(told)


@given(st.integers(0, 14), st.integers(0, 6))
def test_no_group_by_trust_is_smaller_than_five_people_unless_all_are(people, unknown):
    ratings = [("1", str(number), False) for number in range(people + unknown)]
    trust = {str(number): (number % 10) / 10 for number in range(people)}
    told = raters_of(ratings, trust, {"1": "test"})
    group = next(entry for entry in told["groups"] if entry["name"] == "trust")
    assert sum(entry["raters"] for entry in group["values"]) == people
    assert len(group["values"]) <= max(1, people // 5)


@pytest.mark.parametrize(
    ("share", "told"),
    [(0, "0 %"), (1, "100 %"), (0.00001, "< 0.1 %"), (0.99999, "> 99.9 %"), (0.1234, "12.3 %")],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(share, told):
    assert percent(share) == told


class Strict(HTMLParser):
    """Collects tags and attributes, and refuses what is not closed."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], Counter(), set(), []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        if tag not in {"meta"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_needs_no_script_no_address_and_no_inline_style():
    report = small()
    dimension(report, "genre")["values"][0]["value"] = "<script>alert(1)</script>"
    page = Strict()
    text = as_html(report, "The Attic & Co <1>")
    page.feed(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not {name for name in page.attributes if name.startswith("on")}
    assert not {"style", "src", "href"} & page.attributes
    assert "http" not in text.replace("http-equiv", "")
    assert "<script>alert(1)</script>" in "".join(page.texts)
    assert page.tags["section"] == len(sections_of(report))


def test_a_value_cannot_break_a_markdown_table():
    report = small()
    dimension(report, "genre")["values"][0]["value"] = "a|b\n[x](javascript:y) <img>"
    rows = [line for line in as_markdown(report, "X").splitlines() if "javascript" in line]
    assert len(rows) == 1
    assert "\\|" in rows[0]
    assert "\\[x\\]" in rows[0]
    assert "\\<img\\>" in rows[0]


def test_an_empty_report_is_a_page_too():
    report = compose([])
    assert "Nothing is known." in as_html(report, "X")
    assert as_markdown(report, "X") == as_markdown(json.loads(json.dumps(report)), "X")
