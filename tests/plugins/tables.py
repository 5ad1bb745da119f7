"""Tables for processes that a test starts: as the models are now, without their history.

`python -m tests.plugins.tables` makes them where `DATABASE_URL` says.
"""

from __future__ import annotations


def make_tables() -> None:
    """Make every table in an empty database, after `django.setup()`.

    Applying all migrations one by one takes ten times as long, and has tests of its own. Only our
    commands look at that history: whoever runs one on the database needs `migrate`.
    """
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command

    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0)


if __name__ == "__main__":
    import django

    django.setup()
    make_tables()
