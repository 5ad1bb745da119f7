from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splits.composition.facts import decade_of, language_of, loudness_bands, loudness_of


@pytest.mark.parametrize(
    ("metadata", "decade"),
    [
        ({"track.date_recorded": "2008-11-26 00:00:00"}, "2000s"),
        ({"album.date_released": "1997", "track.date_recorded": ""}, "1990s"),
        ({"album_date_released": "1/05/1969", "track_date_recorded": "3/12/1958"}, "1950s"),
        ({"Year": 1931}, "1930s"),
        ({"Release Date": " 2011-02-03 "}, "2010s"),
        ({"track.date_created": "2008-11-26"}, ""),  # put on line then, not recorded
        ({"year": "0"}, ""),
        ({"year": "1850"}, ""),  # nothing was recorded yet
        ({"year": "120034"}, ""),
        ({"date": None, "year": []}, ""),
        ({}, ""),
    ],
)
def test_a_decade_is_read_from_what_the_archive_says_and_never_guessed(metadata, decade):
    assert decade_of(metadata) == decade


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"track.language_code": "en"}, "en"),
        ({"track_language_code": " DE "}, "de"),
        ({"lang": "pt_BR"}, "pt-br"),
        ({"language": "unknown language"}, ""),
        ({"language": "-"}, ""),
        ({}, ""),
    ],
)
def test_a_language_is_a_code_or_unknown(metadata, language):
    assert language_of(metadata) == language


@given(st.floats(-100, 20))
def test_every_loudness_has_one_band(lufs):
    assert loudness_of(lufs) in loudness_bands()


def test_bands_have_their_lower_end_and_no_measure_is_unknown():
    assert loudness_of(-24.0) == "-24 to -18"
    assert loudness_of(-24.001) == "-30 to -24"
    assert loudness_of(-90) == "below -36"
    assert loudness_of(0) == "-12 and above"
    assert loudness_of(None) == loudness_of(float("nan")) == ""


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none(), st.booleans())))
def test_whatever_stands_in_a_source_is_read_without_error(metadata):
    assert decade_of(metadata) == "" or decade_of(metadata).endswith("0s")
    assert language_of(metadata) == language_of(metadata).lower()
