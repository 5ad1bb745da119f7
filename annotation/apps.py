"""Django's view of this room."""

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """Campaigns, questions, ratings, consensus."""

    name = "annotation"

    def ready(self) -> None:
        """Register job kinds, panels, and what this room knows of places and people."""
        from annotation import hearing, panels, tasks  # noqa: F401
        from annotation.allocation import withdrawn_clips  # noqa: F401
        from annotation.people import joining, own_data  # noqa: F401
