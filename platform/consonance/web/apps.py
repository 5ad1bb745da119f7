"""Django's view of this room."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The composition root."""

    name = "consonance.web"
    label = "web"

    def ready(self) -> None:
        """Register what rooms that do not know each other tell together."""
        from consonance.web import panels  # noqa: F401
