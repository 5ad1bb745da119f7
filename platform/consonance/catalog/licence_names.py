"""Creative Commons' versions and ports, and which of them SPDX lists."""

from __future__ import annotations

import re

#: Every version that was published. 2.1 exists only in ports.
CC_VERSIONS = frozenset({"1.0", "2.0", "2.1", "2.5", "3.0", "4.0"})
#: Versions whose unported text SPDX lists.
SPDX_VERSIONS = CC_VERSIONS - {"2.1"}

#: (conditions, version, port) that SPDX 3.27 lists.
SPDX_PORTS = frozenset(
    {
        ("by", "2.5", "au"),
        *(("by", "3.0", port) for port in ("at", "au", "de", "igo", "nl", "us")),
        ("by-nc", "3.0", "de"),
        ("by-nc-nd", "3.0", "de"),
        ("by-nc-nd", "3.0", "igo"),
        *(("by-nc-sa", "2.0", port) for port in ("de", "fr", "uk")),
        ("by-nc-sa", "3.0", "de"),
        ("by-nc-sa", "3.0", "igo"),
        ("by-nd", "3.0", "de"),
        ("by-sa", "2.0", "uk"),
        ("by-sa", "2.1", "jp"),
        *(("by-sa", "3.0", port) for port in ("at", "de", "igo")),
    }
)

#: Jurisdictions as titles name them, and their part of a deed's address.
PORTS = {
    "argentina": "ar", "australia": "au", "austria": "at", "belgium": "be", "brazil": "br",
    "bulgaria": "bg", "canada": "ca", "chile": "cl", "china": "cn", "colombia": "co",
    "costa rica": "cr", "croatia": "hr", "czech republic": "cz", "denmark": "dk", "ecuador": "ec",
    "egypt": "eg", "estonia": "ee", "finland": "fi", "france": "fr", "germany": "de",
    "greece": "gr", "guatemala": "gt", "hong kong": "hk", "hungary": "hu", "igo": "igo",
    "india": "in", "intergovernmental": "igo", "ireland": "ie", "israel": "il", "italy": "it",
    "japan": "jp", "korea": "kr", "luxembourg": "lu", "macedonia": "mk", "malaysia": "my",
    "malta": "mt", "mexico": "mx", "netherlands": "nl", "new zealand": "nz", "norway": "no",
    "peru": "pe", "philippines": "ph", "poland": "pl", "portugal": "pt", "puerto rico": "pr",
    "romania": "ro", "scotland": "scotland", "serbia": "rs", "singapore": "sg", "slovenia": "si",
    "south africa": "za", "spain": "es", "sweden": "se", "switzerland": "ch", "taiwan": "tw",
    "thailand": "th", "uganda": "ug", "united states": "us", "england": "uk", "vietnam": "vn",
}  # fmt: skip

_NAMED = re.compile(r"\b(" + "|".join(sorted(PORTS, key=len, reverse=True)) + r")\b")
_SHORT = re.compile(r"^[\s-]*(" + "|".join(sorted(set(PORTS.values()))) + r")\b(?!\w)")


def port_of(text: str) -> str:
    """Return the port that the words after a version name; empty for unported ones.

    Parameters
    ----------
    text
        In lower case: " united states", " uk: england & wales", "-us", " unported".
    """
    found = _NAMED.search(text)
    if found:
        return PORTS[found[1]]
    short = _SHORT.match(text)
    return short[1] if short else ""
