"""A project in Label Studio with people and tasks: run by its own interpreter, in its own folder.

The environment names its database; the arguments are how many people and how many tasks. The last
line on stdout is one JSON object with the project's id and the people's tokens.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

import django

_CONFIG = """<View><Audio name="audio" value="$audio"/>
<Choices name="present" toName="audio" choice="single">
<Choice value="yes"/><Choice value="no"/><Choice value="unsure"/></Choices></View>"""
_OVERLAP = 3
_BATCH = 1_000


def main(people: int, tasks: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings.label_studio"
    sys.path.insert(0, os.getcwd())
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    # By name: no other environment than its own knows these modules.
    Organization, Project, Task, User = (
        getattr(import_module(f"{room}.models"), name)
        for room, name in (
            ("organizations", "Organization"),
            ("projects", "Project"),
            ("tasks", "Task"),
            ("users", "User"),
        )
    )
    from rest_framework.authtoken.models import Token

    users = [
        User.objects.create_user(email=f"rater{number}@example.org", password=f"Rater-{number}-x")
        for number in range(people)
    ]
    organization = Organization.create_organization(
        created_by=users[0], title="Bench", legacy_api_tokens_enabled=True
    )
    for user in users:
        if user is not users[0]:
            organization.add_user(user)
        user.active_organization = organization
        user.save(update_fields=["active_organization"])
    project = Project.objects.create(
        title="Bench",
        label_config=_CONFIG,
        created_by=users[0],
        organization=organization,
        maximum_annotations=_OVERLAP,
        sampling=Project.UNIFORM,
        is_published=True,
    )
    for begin in range(0, tasks, _BATCH):
        Task.objects.bulk_create(
            Task(
                project=project,
                data={"audio": f"/static/clip-{number}.mp3"},
                overlap=_OVERLAP,
                inner_id=number + 1,
            )
            for number in range(begin, min(tasks, begin + _BATCH))
        )
    tokens = [Token.objects.get_or_create(user=user)[0].key for user in users]
    print(json.dumps({"project": project.pk, "tokens": tokens}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
