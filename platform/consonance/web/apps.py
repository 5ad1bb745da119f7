"""Django's view of this room."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The composition root."""

    name = "consonance.web"
    label = "web"
