"""Django's view of this room."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """Collections, tracks, clips."""

    name = "consonance.catalog"
    label = "catalog"

    def ready(self) -> None:
        """Register this room's job kinds."""
        from consonance.catalog import tasks  # noqa: F401
