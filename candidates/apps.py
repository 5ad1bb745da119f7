"""Django's view of this room."""

from django.apps import AppConfig


class CandidatesConfig(AppConfig):
    """Detectors, scoring, sampling, rounds."""

    name = "candidates"

    def ready(self) -> None:
        """Register this room's job kinds and panels."""
        from candidates import panels, tasks  # noqa: F401
