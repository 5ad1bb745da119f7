"""Django's view of this room."""

from typing import Any, Final

from django.apps import AppConfig
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_migrate

_LAST_OF_TAXONOMIES: Final = ("catalog", "0003_taxonomies")


class CandidatesConfig(AppConfig):
    """Detectors, scoring, sampling, rounds."""

    name = "candidates"

    def ready(self) -> None:
        """Register this room's job kinds and panels."""
        from candidates import panels, tasks  # noqa: F401

        post_migrate.connect(_complete_taxonomies, sender=self)


def _complete_taxonomies(using: str, **_given: Any) -> None:
    """Give taxonomies that ship what older versions did not keep of them."""
    from candidates.actions.register_detector import complete_shipped

    # Whoever migrates one room, or goes back, has tables that the rows do not fit.
    if _LAST_OF_TAXONOMIES in MigrationRecorder(connections[using]).applied_migrations():
        complete_shipped()
