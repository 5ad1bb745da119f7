"""A web process serves every page without loading a numeric library."""

from __future__ import annotations

import json

from tests.consonance.web.conftest import Run

PROGRAM = """
import json, sys
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from pathlib import Path
from django.conf import settings
from django.test import Client
settings.ALLOWED_HOSTS = ["testserver"]
for name in ("TABLES_ROOT", "SCORES_ROOT", "RELEASES_ROOT"):
    Path(getattr(settings, name)).mkdir(parents=True, exist_ok=True)
import consonance.web.wsgi
from tests.consonance.web.world import make_world
from tests.factories import admin
from tests.consonance.web.test_access import SECRET, routes
world = make_world()
client = Client()
client.force_login(admin(is_staff=True, is_superuser=True))
answers = {}
visits = [route for route in routes() if route not in SECRET]
for route in visits:
    address = world.address(route)
    if address.endswith(("logout/",)):
        continue
    response = client.get(address)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    answers[route] = response.status_code
    if response.status_code == 200:
        client.head(address)
for address in ("/admin/", "/admin/people/user/", "/admin/catalog/track/"):
    answers[address] = client.get(address).status_code
answers["claim"] = client.post("/api/v1/questions/claim", json.dumps(
    {"campaign": str(world.campaign.pk), "count": 3}), content_type="application/json").status_code
heavy = {name.split(".")[0] for name in sys.modules}
print(json.dumps({"answers": answers, "heavy": sorted(heavy & set(sys.argv[1:]))}))
"""
HEAVY = (
    "torch", "torchaudio", "librosa", "numba", "faiss", "sklearn", "scipy", "optuna", "pretty_midi",
    "tinysoundfont",
)  # fmt: skip


def test_no_page_loads_a_numeric_library(run_python: Run) -> None:
    done = run_python("-c", PROGRAM, *HEAVY)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    shown = [route for route, status in told["answers"].items() if status == 200]
    assert len(shown) >= 35, told["answers"]
    assert {status for status in told["answers"].values() if status >= 500} == set()
    assert told["answers"]["claim"] == 200
    assert told["heavy"] == []
