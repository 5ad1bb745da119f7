"""Django's view of this room."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Accounts and memberships."""

    name = "consonance.people"
    label = "people"

    def ready(self) -> None:
        """Register what this room stores about a person, and what it checks."""
        from consonance.people import checks, own_account  # noqa: F401
