"""The demo's four people."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from consonance.demo.accounts import create_accounts
from consonance.people.access import roles
from consonance.people.models import Role, User

pytestmark = pytest.mark.django_db


def test_there_is_one_account_a_role_with_a_password_only_the_owner_of_the_folder_reads(
    tmp_path: Path,
) -> None:
    data = tmp_path / "new" / "data"
    passwords = create_accounts(data)
    assert set(passwords) == {"annotator", "curator", "researcher", "admin"}
    for name, password in passwords.items():
        person = User.objects.get(username=name)
        assert person.check_password(password)
        assert Role(name) in roles(person)
        assert person.is_superuser == (name == "admin")
        assert not person.is_simulated
    assert roles(User.objects.get(username="annotator")) == {Role.ANNOTATOR}
    stored = data / "demo-accounts.json"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert json.loads(stored.read_text())["password"] == passwords["admin"]


def test_a_second_run_tells_the_same_password_and_changes_nobody(tmp_path: Path) -> None:
    first = create_accounts(tmp_path)
    before = dict(User.objects.values_list("username", "password"))
    assert create_accounts(tmp_path) == first
    assert dict(User.objects.values_list("username", "password")) == before


def test_two_installations_have_different_passwords(tmp_path: Path) -> None:
    first = create_accounts(tmp_path / "a")
    User.objects.all().delete()
    assert create_accounts(tmp_path / "b")["admin"] != first["admin"]
