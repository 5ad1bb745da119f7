"""Where a licence's text stands, by its SPDX identifier."""

from __future__ import annotations

import re
from typing import Final

#: Public-domain marks that SPDX writes with other letters than their addresses have.
_KNOWN: Final = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-PDM-1.0": "https://creativecommons.org/publicdomain/mark/1.0/",
    "CC-PDDC": "https://creativecommons.org/licenses/publicdomain/",
}
_CREATIVE_COMMONS: Final = re.compile(r"CC-(?P<kind>BY(?:-NC)?(?:-ND|-SA)?)-(?P<version>\d\.\d)")


def licence_url(spdx: str) -> str:
    """Return the address of a licence's text.

    Parameters
    ----------
    spdx : str
        Identifier, or an expression, of which the first licence counts.

    Returns
    -------
    str
        Creative Commons' own page where the licence is theirs, SPDX's otherwise.
    """
    name = licence_name(spdx)
    if name in _KNOWN:
        return _KNOWN[name]
    found = _CREATIVE_COMMONS.fullmatch(name)
    if found:
        return f"https://creativecommons.org/licenses/{found['kind'].lower()}/{found['version']}/"
    return f"https://spdx.org/licenses/{name}.html"


def licence_name(spdx: str) -> str:
    """Return the first identifier of an SPDX expression."""
    return re.split(r" (?:AND|OR|WITH) ", spdx.strip("() "))[0].strip("() ")
