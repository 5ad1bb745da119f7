"""Django's view of this room."""

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """Campaigns, questions, ratings, consensus."""

    name = "annotation"

    def ready(self) -> None:
        """Register this room's job kinds and its panel."""
        from annotation import hearing, panels, tasks  # noqa: F401
