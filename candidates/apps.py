"""Django's view of this room."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CandidatesConfig(AppConfig):
    """Detectors, scoring, sampling, rounds."""

    name = "candidates"

    def ready(self) -> None:
        """Register this room's job kinds and panels."""
        from candidates import panels, tasks  # noqa: F401

        post_migrate.connect(_complete_taxonomies, sender=self)


def _complete_taxonomies(**_given: Any) -> None:
    """Give taxonomies that ship what older versions did not keep of them."""
    from candidates.actions.register_detector import complete_shipped

    complete_shipped()
