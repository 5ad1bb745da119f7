"""Where tries come from: an address, or the network that one customer has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import RequestFactory

from consonance.people import throttle


@pytest.fixture(autouse=True)
def _fresh_counters() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_the_network_of_an_address(address: str, network: str) -> None:
    assert throttle.network_of(address) == network


def test_another_address_of_the_same_network_helps_nobody_who_guesses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttle, "LIMIT", 3)

    def asking(address: str) -> bool:
        return throttle.is_slowed(RequestFactory().get("/", REMOTE_ADDR=address), "join")

    for number in range(3):
        assert not asking(f"2001:db8::{number}")
        request = RequestFactory().get("/", REMOTE_ADDR=f"2001:db8::{number}")
        throttle.note_failure(request, "join")
    assert asking("2001:db8::ffff")
    assert not asking("2001:db8:0:1::1")


def test_no_address_is_kept() -> None:
    for address in ("203.0.113.9", "2001:db8:1:2::9"):
        throttle.note_failure(RequestFactory().get("/", REMOTE_ADDR=address), "join")
    kept = str(list(cache._cache))  # type: ignore[attr-defined]
    assert "203.0.113.9" not in kept
    assert "2001:db8" not in kept
