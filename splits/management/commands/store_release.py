"""Copy a release to where releases are kept."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand
from splits.actions.store_release import store_release
from splits.models import Release


class Command(BaseCommand):
    """`./consonance store_release`."""

    help = (
        "Copy a published release to the storage of CONSONANCE_RELEASES, such as a bucket, from "
        "where it is served when it is not on this disk. What is there already is not sent again."
    )
    example = "store_release my-set 1.0.0 --remove"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("name")
        parser.add_argument("version")
        parser.add_argument(
            "--remove", action="store_true", help="then delete the folder and its .tar on this disk"
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Copy it."""
        name, version = options["name"], options["version"]
        release = Release.objects.filter(name=name, version=version).first()
        if release is None:
            raise ParameterError(f"There is no release {name} {version}.")
        return store_release(release=release, remove=options["remove"])
