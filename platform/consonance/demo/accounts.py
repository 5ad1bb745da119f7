"""The demo's four people, one a role, with a password made for this installation."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from consonance.people.actions.create_person import create_person
from consonance.people.models import Role, User

_FILE = "demo-accounts.json"


def create_accounts(data: Path) -> dict[str, str]:
    """Create one account per role and return their passwords.

    The password is drawn once for a data folder and kept there, readable by its owner only, so
    that a second run tells the same one.
    """
    path = data / _FILE
    try:
        password = json.loads(path.read_text(encoding="utf-8"))["password"]
    except FileNotFoundError:
        password = f"demo-{secrets.token_hex(4)}"
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"password": password, "accounts": [role.value for role in Role]}, file)
    for role in Role:
        if not User.objects.filter(username=role.value).exists():
            create_person(username=role.value, roles=[role], password=password)
    return {role.value: password for role in Role}
