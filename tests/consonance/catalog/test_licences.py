"""Licences: what archives write, and what it allows."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.licenses import canonicalize_license_expression

from consonance.catalog.licences import UNKNOWN, Licence, parse

# What FMA and the sources of our real archive write, and every form of it that we know of.
SPELLINGS = {
    "Attribution-NonCommercial-ShareAlike 3.0 International": "CC-BY-NC-SA-3.0",
    "Attribution-Noncommercial-Share Alike 3.0 United States": "CC-BY-NC-SA-3.0",
    "Attribution-Noncommercial-No Derivative Works 2.0 UK: England ": "CC-BY-NC-ND-2.0",
    "Attribution-Noncommercial-No Derivative Works 3.0 United States": "CC-BY-NC-ND-3.0",
    "Attribution-NonCommercial-NoDerivatives (aka Music Sharing) 3.0 International": (
        "CC-BY-NC-ND-3.0"
    ),
    "Creative Commons Attribution-NonCommercial-NoDerivatives 4.0": "CC-BY-NC-ND-4.0",
    "Attribution-NoDerivs 3.0": "CC-BY-ND-3.0",
    "Attribution-No Derivative Works 2.5 Canada": "CC-BY-ND-2.5",
    "Attribution-Noncommercial-Share Alike 2.0 France": "CC-BY-NC-SA-2.0-FR",
    "Attribution-Noncommercial-Share Alike 2.0 UK: England & Wales": "CC-BY-NC-SA-2.0-UK",
    "Attribution-Noncommercial-Share Alike 3.0 Germany": "CC-BY-NC-SA-3.0-DE",
    "Attribution-Share Alike 2.1 Japan": "CC-BY-SA-2.1-JP",
    "Attribution-Noncommercial 2.1 Spain": "LicenseRef-CC-BY-NC-2.1-ES",
    "Attribution 3.0 United States": "CC-BY-3.0-US",
    "Attribution 3.0 Unported": "CC-BY-3.0",
    "Attribution": "LicenseRef-CC-BY",
    "CC BY": "LicenseRef-CC-BY",
    "CC BY-SA 2.5": "CC-BY-SA-2.5",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "CC BY 4.0 International": "CC-BY-4.0",
    "ShareAlike 1.0": "CC-SA-1.0",
    "NonCommercial-NoDerivs 1.0": "LicenseRef-CC-NC-ND-1.0",
    "CC0 1.0 Universal": "CC0-1.0",
    "CC0": "CC0-1.0",
    "Public Domain": "LicenseRef-public-domain",
    "Public Domain Mark 1.0": "CC-PDM-1.0",
    "Public Domain Dedication": "CC-PDDC",
    "Sampling Plus 1.0": "LicenseRef-CC-Sampling-Plus-1.0",
    "Noncommercial Sampling Plus 1.0": "LicenseRef-CC-NC-Sampling-Plus-1.0",
    "Free Art License": "LAL-1.3",
    "Free Art License 1.2": "LAL-1.2",
    "GNU GPL v2": "GPL-2.0-only",
    "GNU GPL v2 or v3": "GPL-2.0-only OR GPL-3.0-only",
    "GPLv2/3": "GPL-2.0-only OR GPL-3.0-only",
    "GPL v2 or later": "GPL-2.0-or-later",
    "GNU General Public License version 3 or any later version": "GPL-3.0-or-later",
    "GNU GPL": "GPL-1.0-or-later",
    "Attribution-ShareAlike 3.0 Unported (or GNU GPL v2)": "CC-BY-SA-3.0 OR GPL-2.0-only",
    "Attribution-ShareAlike 3.0 Unported (or GNU GPL)": "CC-BY-SA-3.0 OR GPL-1.0-or-later",
    "GPLv2 / CC BY-SA 3.0": "GPL-2.0-only OR CC-BY-SA-3.0",
    "CC BY-SA 3.0 / GPLv3": "CC-BY-SA-3.0 OR GPL-3.0-only",
    "Attribution / Share Alike 3.0": "CC-BY-SA-3.0",
    "FMA-Limited: Download Only": "LicenseRef-FMA-Limited",
    "All Rights Reserved": "LicenseRef-all-rights-reserved",
}
ADDRESSES = {
    "http://creativecommons.org/licenses/by-nc-sa/3.0/us/": "CC-BY-NC-SA-3.0",
    "http://creativecommons.org/licenses/by-nc-sa/2.0/fr/": "CC-BY-NC-SA-2.0-FR",
    "https://creativecommons.org/licenses/by/4.0/legalcode": "CC-BY-4.0",
    "https://creativecommons.org/licenses/by/4.0/deed.en": "CC-BY-4.0",
    "http://creativecommons.org/licenses/by-nd-nc/1.0/": "CC-BY-NC-ND-1.0",
    "https://creativecommons.org/publicdomain/zero/1.0/": "CC0-1.0",
    "https://creativecommons.org/publicdomain/mark/1.0/": "CC-PDM-1.0",
    "http://creativecommons.org/licenses/publicdomain/": "CC-PDDC",
    "http://creativecommons.org/licenses/sampling+/1.0/": "LicenseRef-CC-Sampling-Plus-1.0",
    "http://creativecommons.org/licenses/nc-sampling+/1.0/": "LicenseRef-CC-NC-Sampling-Plus-1.0",
    "http://www.gnu.org/licenses/gpl-2.0.html": "GPL-2.0-only",
    "http://artlibre.org/licence/lal/en": "LAL-1.3",
    "http://freemusicarchive.org/FMA_License": "LicenseRef-FMA-Limited",
    "https://example.org/my-licence": UNKNOWN,
}
NOT_UNDERSTOOD = [
    "",
    "banana",
    "No attribution required",
    "Licensed by the artist",
    "Attribution 9.0",
    "Attribution-ShareAlike-NoDerivatives 3.0",
    "FMA Sound Recording Common Law Policy",
    "LGPL 2.1",
    "Not CC BY 4.0",
    "BYO",
]


@pytest.mark.parametrize(("title", "spdx"), SPELLINGS.items())
def test_a_spelling_becomes_its_spdx_expression(title: str, spdx: str) -> None:
    assert parse(title).spdx == spdx


@pytest.mark.parametrize(("url", "spdx"), ADDRESSES.items())
def test_an_address_says_the_same_in_either_column(url: str, spdx: str) -> None:
    assert parse("", url).spdx == spdx
    assert parse(url).spdx == spdx


@pytest.mark.parametrize("title", NOT_UNDERSTOOD)
def test_what_is_not_understood_allows_nothing(title: str) -> None:
    licence = parse(title)
    assert licence.spdx == UNKNOWN
    assert not licence.may_redistribute
    assert not licence.may_cut
    assert "leave out" in licence.terms


@pytest.mark.parametrize("title", [*SPELLINGS, *ADDRESSES])
def test_every_expression_is_valid_spdx_and_reads_back_as_itself(title: str) -> None:
    licence = parse(title)
    assert canonicalize_license_expression(licence.spdx) == licence.spdx
    again = parse(licence.spdx)
    assert _allows(again) == _allows(licence)
    assert again.spdx == licence.spdx


def _allows(licence: Licence) -> tuple[object, ...]:
    return (
        licence.family, licence.is_nc, licence.is_nd, licence.is_sa,
        licence.may_redistribute, licence.may_cut,
    )  # fmt: skip


def test_no_derivatives_may_be_shared_whole_but_not_cut() -> None:
    licence = parse("Attribution-No Derivative Works 3.0")
    assert licence.is_nd
    assert licence.may_redistribute
    assert not licence.may_cut


def test_download_only_may_not_be_handed_on() -> None:
    licence = parse("FMA-Limited: Download Only", "http://freemusicarchive.org/FMA_License")
    assert licence.family == "restricted"
    assert not licence.may_redistribute


def test_a_choice_is_as_free_as_its_freest_part() -> None:
    licence = parse("CC BY-NC-ND 4.0 / CC BY 4.0")
    assert licence.may_cut
    assert not licence.is_nd
    assert not licence.is_nc


def test_a_port_that_spdx_does_not_list_stays_in_the_address() -> None:
    licence = parse("Attribution-Noncommercial-Share Alike 3.0 United States")
    assert licence.spdx == "CC-BY-NC-SA-3.0"
    assert licence.url == "https://creativecommons.org/licenses/by-nc-sa/3.0/us/"


def test_an_address_completes_a_title_without_version() -> None:
    licence = parse("Attribution", "https://creativecommons.org/licenses/by/4.0/")
    assert licence.spdx == "CC-BY-4.0"
    assert licence.title == "Attribution"


def test_of_two_contradicting_statements_the_stricter_holds() -> None:
    strict = "CC-BY-NC-ND-4.0"
    assert parse("CC BY 4.0", "https://creativecommons.org/licenses/by-nc-nd/4.0/").spdx == strict
    assert parse("CC BY-NC-ND 4.0", "https://creativecommons.org/licenses/by/4.0/").spdx == strict


def test_a_choice_in_the_title_is_not_narrowed_by_the_address_of_one_part() -> None:
    licence = parse(
        "Attribution-ShareAlike 3.0 Unported (or GNU GPL v2)",
        "http://creativecommons.org/licenses/by-sa/3.0/",
    )
    assert licence.spdx == "CC-BY-SA-3.0 OR GPL-2.0-only"


def test_an_address_that_is_a_script_is_not_kept() -> None:
    assert parse("Attribution 4.0", "javascript:alert(1)").url.startswith("https://creativecommons")


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_gives_a_valid_expression(title: str, url: str) -> None:
    licence = parse(title, url)
    canonicalize_license_expression(licence.spdx)
    assert licence.may_redistribute or not licence.may_cut
    assert licence.is_known or not licence.may_redistribute


@pytest.mark.realdata
def test_every_spelling_in_real_archives_is_known(test_data: Path) -> None:
    excerpt = test_data / "fma/tracks.excerpt.csv.gz"
    with gzip.open(excerpt, "rt", encoding="utf-8", newline="") as f:
        titles = _column(csv.reader(f))
    with (test_data / "music/tracks.csv").open(encoding="utf-8", newline="") as f:
        titles |= _column(csv.reader(f))
    with (test_data / "music/provenance.csv").open(encoding="utf-8", newline="") as f:
        titles |= {row["license"] for row in csv.DictReader(f)}
    assert len(titles) > 25
    assert {title for title in titles if not parse(title).is_known} == set()


def _column(rows: object) -> set[str]:
    groups, names, _, *tracks = rows  # type: ignore[misc]
    at = list(zip(groups, names, strict=True)).index(("track", "license"))
    return {track[at] for track in tracks}
