"""Django's view of this room."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Audit entries."""

    name = "consonance.ledger"
    label = "ledger"
