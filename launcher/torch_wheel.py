"""Where torch comes from: a wheel for the processor wherever there is one.

The wheel that a package index gives on Linux pulls some three gigabytes of CUDA libraries that
Consonance does not need. So pip is first asked what it would install; then PyTorch's public index
of CPU wheels; and only then is the person asked about the large one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

PUBLISHER_INDEX = "https://download.pytorch.org/whl/cpu"
ACCEPT_VARIABLE = "CONSONANCE_ACCEPT_LARGE_DOWNLOAD"
LARGE = "about 2.5 to 3 GB to download, for CUDA libraries that Consonance does not need"

_GPU_PACKAGES = re.compile(r"^(nvidia|cuda)[-_.a-z0-9]*", re.IGNORECASE)
_MARKER_TERM = re.compile(r"(platform_system|platform_machine)\s*(==|!=)\s*[\"']([^\"']+)[\"']")

Kind = Literal["local", "cpu", "cuda", "absent"]


@dataclass(frozen=True)
class Offer:
    """What an index or a folder offers.

    Parameters
    ----------
    kind
        "local": a file on this machine; "cpu": a download without CUDA; "cuda": the large
        download; "absent": nothing, or no way to reach it.
    address
        Where it would come from.
    """

    kind: Kind
    address: str = ""


@dataclass(frozen=True)
class Choice:
    """What to hand to pip.

    Parameters
    ----------
    index
        The index to use instead of the configured one, or None for the configured one.
    large
        Whether the CUDA libraries come with it, so that the person must agree first.
    """

    index: str | None
    large: bool


def _needs_gpu_package(requirement: str, *, system: str, machine: str) -> bool:
    name, _, marker = requirement.partition(";")
    if not _GPU_PACKAGES.match(name.strip()) or "extra" in marker:
        return False
    here = {"platform_system": system, "platform_machine": machine}
    return all(
        (here[variable] == value) == (operator == "==")
        for variable, operator, value in _MARKER_TERM.findall(marker)
    )


def read_offer(report: Mapping[str, Any] | None, *, system: str, machine: str) -> Offer:
    """Understand pip's installation report.

    Parameters
    ----------
    report
        What `pip install --dry-run --report -` wrote, parsed; None when pip found nothing.
    system, machine
        As `platform.system()` and `platform.machine()` give them.
    """
    packages = (report or {}).get("install") or []
    if not packages:
        return Offer("absent")
    address = str(packages[0].get("download_info", {}).get("url", ""))
    if address.startswith("file:"):
        return Offer("local", address)
    requirements = packages[0].get("metadata", {}).get("requires_dist") or []
    for requirement in requirements:
        if _needs_gpu_package(requirement, system=system, machine=machine):
            return Offer("cuda", address)
    return Offer("cpu", address)


def choose(configured: Offer, ask_publisher: Callable[[], Offer]) -> Choice | None:
    """Decide between what pip would take and PyTorch's own CPU index.

    Parameters
    ----------
    configured
        The offer of the index and folders that pip is configured with.
    ask_publisher
        Asks PyTorch's CPU index; called only where it matters, since it needs the network.

    Returns
    -------
    Choice or None
        None where torch is to be had nowhere.
    """
    if configured.kind in {"local", "cpu"}:
        return Choice(index=None, large=False)
    published = ask_publisher()
    if published.kind in {"local", "cpu"}:
        return Choice(index=PUBLISHER_INDEX, large=False)
    return Choice(index=None, large=True) if configured.kind == "cuda" else None
