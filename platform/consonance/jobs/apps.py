"""Django's view of this room."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Long work as rows."""

    name = "consonance.jobs"
    label = "jobs"
