"""What a licence allows, from whatever an archive wrote in its licence column.

`parse` reads titles ("Attribution-Noncommercial-Share Alike 3.0 United States", "GPLv2 / CC BY-SA
3.0"), deeds' addresses and SPDX expressions. What it does not understand becomes
`LicenseRef-unknown`, which allows nothing: a spelling that nobody has seen is no permission.

Identifiers are those of the SPDX licence list 3.27. That list has only some of Creative Commons'
translated ("ported") licences; the others get the identifier of their version, and keep the port in
their address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from consonance.catalog.licence_names import (
    CC_VERSIONS,
    PORTS,
    SPDX_PORTS,
    SPDX_VERSIONS,
    port_of,
)

UNKNOWN = "LicenseRef-unknown"


@dataclass(frozen=True, kw_only=True)
class Licence:
    """A licence, or a choice of several.

    Attributes
    ----------
    spdx
        SPDX identifier or expression, or a `LicenseRef-…` where the list has none.
    family
        "cc", "public-domain", "gpl", "free-art", "sampling", "restricted", "unknown", or "choice".
    is_nc, is_nd, is_sa
        Whether it forbids commerce, forbids altered copies, and asks for the same licence on them.
        Of a choice: whether every part does.
    may_redistribute
        Whether the recording, or a part of it, may be handed on at all.
    may_cut
        Whether an excerpt may be published. Not under No Derivatives: an excerpt is arguably an
        altered copy.
    title
        What the archive wrote, or the licence's name where it wrote nothing.
    url
        The deed's address; empty if there is none.
    """

    spdx: str
    family: str
    is_nc: bool = False
    is_nd: bool = False
    is_sa: bool = False
    may_redistribute: bool = False
    may_cut: bool = False
    title: str = ""
    url: str = ""

    @property
    def is_known(self) -> bool:
        """Whether anything is known about it."""
        return self.family != "unknown"

    @property
    def terms(self) -> str:
        """What may be done with a clip, in a few words."""
        if not self.is_known:
            return "Not known: leave out, or ask the owner"
        if not self.may_redistribute:
            return "May not be handed on"
        if not self.may_cut:
            return "Only whole and unaltered: no excerpts"
        words = ["Clips may be shared"]
        if self.is_nc:
            words.append("not for commerce")
        if self.is_sa:
            words.append("under the same licence")
        return ", ".join(words)


_DENIED = re.compile(
    r"all rights reserved|download only|\bfma.?limited\b|fma_license|not for (?:re)?distribution"
)
# Words that turn a permission round. "Non-commercial" and "No derivatives" are taken out first.
_REFUSING = re.compile(r"\b(?:no|not|non|without|except|never|prohibited|forbidden|limited)\b")
_NC = re.compile(r"non[\s-]*commercial")
_ND = re.compile(r"no[\s-]*deriv(?:ative|ativ|s)?(?:e?s)?(?:[\s-]*works?)?")
_SA = re.compile(r"share[\s-]*alike")
_CODE = re.compile(
    r"(?:^|cc[\s-]*|creative commons[\s-]*|licenses/)"
    r"((?:by|nc|nd|sa)(?:[\s-]+(?:by|nc|nd|sa))*)(?![a-z])"
)
_VERSION = re.compile(r"(?<![\d.])(\d\.\d)(?![\d.])")
_GPL = re.compile(r"(?<![a-z])(?:gpl|general public licen[cs]e)(?!(?!v\d)[a-z])")
_GPL_VERSION = re.compile(r"(?<![\d.])([123])(?:\.0)?(?![\d.])")
_LATER = re.compile(
    r"[\s,]*(?:or|and)[\s-]+(?:any[\s-]+)?(?:later|newer|above)(?:[\s-]+versions?)?"
)
_CHOICE = re.compile(r"\s*/\s*|\s*\(?\bor\s+|\s*;\s*", re.IGNORECASE)
_BARE_VERSION = re.compile(r"v?\d(?:\.\d)?\+?")


def parse(title: str, url: str = "") -> Licence:
    """Return the licence that a title, a deed's address, or both, speak of.

    Parameters
    ----------
    title
        A title in any of the usual spellings, an SPDX expression, or an address.
    url
        The deed's address, if the archive has it.

    Returns
    -------
    Licence
        A title that names a choice wins over the address of one part of it. Where title and
        address name different conditions, the one with more of them holds. An address completes a
        title without version.
    """
    return _parse(" ".join(title.split()), url.strip())


@lru_cache(maxsize=4096)
def _parse(title: str, url: str) -> Licence:
    if re.match(r"https?://", title.lower()):
        title, url = "", title
    named, linked = _of_title(title), _of_url(url)
    chosen = _stricter(named, linked)
    return replace(
        chosen, title=title or chosen.title or url or "Unknown", url=_web(url) or chosen.url
    )


def _stricter(named: Licence, linked: Licence) -> Licence:
    if named.family == "restricted" or not linked.is_known:
        return named
    if not named.is_known or linked.family == "restricted":
        return linked
    if named.family == "choice":
        return named
    if _conditions(named) == _conditions(linked) and named.family == linked.family:
        # Same deed: the more exact of the two, which is the address when it has version or port.
        return linked if named.spdx.startswith("LicenseRef-") else named
    return max(named, linked, key=lambda licence: sum(_conditions(licence)))


def _conditions(licence: Licence) -> tuple[bool, bool, bool]:
    return licence.is_nc, licence.is_nd, licence.is_sa


def _of_url(url: str) -> Licence:
    address = url.lower()
    if "creativecommons.org/" in address:
        part = address.split("creativecommons.org/", 1)[1].split("?")[0].strip("/")
        part = part.removesuffix("/legalcode").removesuffix("/deed.en")
        pieces = part.split("/")
        if pieces[:2] == ["publicdomain", "zero"]:
            return _public("CC0-1.0")
        if pieces[:2] == ["publicdomain", "mark"]:
            return _public("CC-PDM-1.0")
        if pieces[-1] == "publicdomain":
            return _public("CC-PDDC")
        if pieces[0] == "licenses" and len(pieces) > 1:
            if "sampling" in pieces[1]:
                return _sampling(pieces[1].replace("+", " plus"))
            version = pieces[2] if len(pieces) > 2 else ""
            port = pieces[3] if len(pieces) > 3 and pieces[3] in PORTS.values() else ""
            return _creative_commons(set(pieces[1].split("-")), version, port)
    if "artlibre.org" in address:
        return _free_art("1.3")
    page = address.rsplit("/", 1)[-1].removesuffix(".html").removesuffix(".txt")
    if "gnu.org/" in address and _GPL.search(page):
        return _gpl(page)
    if _DENIED.search(address):
        return _denied(address)
    return Licence(spdx=UNKNOWN, family="unknown")


def _of_title(title: str) -> Licence:
    text = title.lower().replace("–", "-").replace("_", "-")
    if not text:
        return Licence(spdx=UNKNOWN, family="unknown")
    if _DENIED.search(text.replace("-", " ")):
        return _denied(text)
    parts = [part.strip(" ()") for part in _CHOICE.split(_LATER.sub("+", text))]
    parts = [part for part in parts if part]
    if len(parts) > 1:
        for index, part in enumerate(parts):
            if index and _BARE_VERSION.fullmatch(part) and _GPL.search(parts[index - 1]):
                parts[index] = f"gpl {part}"  # "GPL v2 or v3"
        read = [_one(part) for part in parts]
        if all(licence.is_known for licence in read):
            return _choice(read)
    return _one(" ".join(parts))


def _one(text: str) -> Licence:
    """Read a single licence; `text` is in lower case."""
    plain = _ND.sub(" ", _NC.sub(" ", text))
    if _GPL.search(text):
        return _gpl(text)
    if "sampling" in text:
        return _sampling(text)
    if re.search(r"\bcc[\s-]*0\b|\bcc[\s-]*zero\b", text):
        return _public("CC0-1.0")
    if re.search(r"cc[\s-]*pddc", text) or re.search(r"public[\s-]*domain dedication", text):
        return _public("CC-PDDC")
    if re.search(r"cc[\s-]*pdm", text) or re.search(r"public[\s-]*domain mark", text):
        return _public("CC-PDM-1.0")
    if _REFUSING.search(plain):
        return Licence(spdx=UNKNOWN, family="unknown")
    if re.search(r"public[\s-]*domain", text):
        return _public("LicenseRef-public-domain")
    if re.search(r"free art licen[cs]e|licence art libre|art libre|\blal[\s-]*1", text):
        return _free_art("1.2" if "1.2" in text else "1.3")
    return _named_conditions(text, plain)


def _named_conditions(text: str, plain: str) -> Licence:
    conditions = set()
    if re.search(r"\battribution\b", plain):
        conditions.add("by")
    for code, pattern in (("nc", _NC), ("nd", _ND), ("sa", _SA)):
        if pattern.search(text):
            conditions.add(code)
    if not conditions:
        short = _CODE.search(text.removeprefix("licenseref-"))
        conditions = set(re.split(r"[\s-]+", short[1])) if short else set()
    if not conditions:
        return Licence(spdx=UNKNOWN, family="unknown")
    version = _VERSION.search(text)
    after = text[version.end() :] if version else text
    return _creative_commons(conditions, version[1] if version else "", port_of(after))


def _creative_commons(conditions: set[str], version: str, port: str) -> Licence:
    by, nc, nd, sa = (code in conditions for code in ("by", "nc", "nd", "sa"))
    unheard = conditions - {"by", "nc", "nd", "sa"}
    no_such = (nd and sa) or (not by and version not in {"", "1.0"}) or (not by and not version)
    if unheard or no_such or (version and version not in CC_VERSIONS):
        return Licence(spdx=UNKNOWN, family="unknown")
    code = "-".join(name for name in ("by", "nc", "nd", "sa") if name in conditions)
    return Licence(
        spdx=_cc_identifier(code, version, port),
        family="cc",
        is_nc=nc,
        is_nd=nd,
        is_sa=sa,
        may_redistribute=True,
        may_cut=not nd,
        title=" ".join(["CC", code.upper(), version, port.upper()]).strip().replace("  ", " "),
        url=_deed(code, version, port),
    )


def _cc_identifier(code: str, version: str, port: str) -> str:
    base = f"CC-{code.upper()}-{version}"
    if (code, version, port) in SPDX_PORTS:
        return f"{base}-{port.upper()}"
    if version in SPDX_VERSIONS and (code.startswith("by") or (code, version) == ("sa", "1.0")):
        return base
    # No version, or one that exists only in ports that SPDX does not list.
    return "-".join(["LicenseRef-CC", code.upper(), *filter(None, [version, port.upper()])])


def _deed(code: str, version: str, port: str) -> str:
    # Creative Commons put the letters of two 1.0 licences the other way round.
    name = {"by-nc-nd": "by-nd-nc", "nc-nd": "nd-nc"}.get(code, code) if version == "1.0" else code
    pieces = [piece for piece in (name, version, port if version else "") if piece]
    return "https://creativecommons.org/licenses/" + "/".join(pieces) + "/"


def _sampling(text: str) -> Licence:
    plus = "plus" in text or "+" in text
    nc = bool(_NC.search(text)) or bool(re.search(r"\bnc\b", text))
    name = ("NC-" if nc else "") + ("Sampling-Plus" if plus else "Sampling")
    path = ("nc-" if nc else "") + ("sampling+" if plus else "sampling")
    return Licence(
        spdx=f"LicenseRef-CC-{name}-1.0",
        family="sampling",
        # Whole copies of Sampling Plus works may be shared without commerce only; plain Sampling
        # allows no copies at all, only new works made of parts.
        is_nc=True,
        may_redistribute=plus,
        may_cut=plus,
        title=f"CC {name.replace('-', ' ')} 1.0",
        url=f"https://creativecommons.org/licenses/{path}/1.0/",
    )


_PUBLIC = {
    "CC0-1.0": ("CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "CC-PDM-1.0": ("Public Domain Mark 1.0", "https://creativecommons.org/publicdomain/mark/1.0/"),
    "CC-PDDC": ("Public Domain Dedication", "https://creativecommons.org/licenses/publicdomain/"),
    "LicenseRef-public-domain": ("Public domain", ""),
}


def _public(spdx: str) -> Licence:
    title, url = _PUBLIC[spdx]
    return Licence(
        spdx=spdx,
        family="public-domain",
        may_redistribute=True,
        may_cut=True,
        title=title,
        url=url,
    )


def _gpl(text: str) -> Licence:
    later = "+" in text or "later" in text
    version = _GPL_VERSION.search(text.replace("v", " "))
    # Section 9 of the GPL: without a version, any ever published may be chosen.
    spdx = "GPL-1.0-or-later"
    if version:
        spdx = f"GPL-{version[1]}.0-{'or-later' if later else 'only'}"
    return Licence(
        spdx=spdx,
        family="gpl",
        is_sa=True,
        may_redistribute=True,
        may_cut=True,
        title=spdx.replace("-only", "").replace("-", " "),
        url=f"https://www.gnu.org/licenses/gpl-{version[1]}.0.html"
        if version
        else "https://www.gnu.org/licenses/",
    )


def _free_art(version: str) -> Licence:
    return Licence(
        spdx=f"LAL-{version}",
        family="free-art",
        is_sa=True,
        may_redistribute=True,
        may_cut=True,
        title=f"Free Art License {version}",
        url="https://artlibre.org/licence/lal/en/",
    )


def _denied(text: str) -> Licence:
    name = "FMA-Limited" if "fma" in text else "all-rights-reserved"
    return Licence(spdx=f"LicenseRef-{name}", family="restricted", title=name.replace("-", " "))


def _choice(parts: list[Licence]) -> Licence:
    different = list({licence.spdx: licence for licence in parts}.values())
    if len(different) == 1:
        return different[0]
    open_ones = [licence for licence in different if licence.may_cut] or different
    families = {licence.family for licence in different}
    return Licence(
        spdx=" OR ".join(licence.spdx for licence in different),
        family=families.pop() if len(families) == 1 else "choice",
        is_nc=all(licence.is_nc for licence in open_ones),
        is_nd=all(licence.is_nd for licence in open_ones),
        is_sa=all(licence.is_sa for licence in open_ones),
        may_redistribute=any(licence.may_redistribute for licence in different),
        may_cut=any(licence.may_cut for licence in different),
        title=" or ".join(licence.title for licence in different),
        url=different[0].url,
    )


def _web(url: str) -> str:
    """Return the address if a browser may be sent there, else nothing."""
    return url if re.match(r"https?://", url, re.IGNORECASE) else ""
