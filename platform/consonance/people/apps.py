"""Django's view of this room."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Accounts and memberships."""

    name = "consonance.people"
    label = "people"
