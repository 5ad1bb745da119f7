"""Django's view of this room."""

from django.apps import AppConfig


class SplitsConfig(AppConfig):
    """Duplicates, splits, releases."""

    name = "splits"

    def ready(self) -> None:
        """Register this room's job kinds and panels."""
        from splits import hearing, own_data, panels, tasks  # noqa: F401
        from splits.actions import withhold_audio  # noqa: F401
