"""Django's view of this room."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The Synthetic Archive and its simulated annotators."""

    name = "consonance.demo"
    label = "demo"
