"""Whether the database fits the code, and what is done when it does not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from consonance.errors import StateError


def prepare_database() -> None:
    """Make the tables of an empty database; refuse one that is older or newer than the code.

    Raises
    ------
    StateError
        If there are tables, and migrations that were not applied (what to do then is a decision
        for whoever keeps the database) or that this version does not know.
    """
    executor = MigrationExecutor(connection)
    _refuse_newer(executor)
    missing = _missing(executor)
    if not missing:
        return
    if executor.loader.applied_migrations:
        # A PostgreSQL database is named by DATABASE_URL, whatever the folder.
        where = f" --data {settings.DATA}" if connection.vendor == "sqlite" else ""
        raise StateError(
            f"The database {connection.settings_dict['NAME']} was made by an older version: it "
            f"lacks {len(missing)} migration(s), {missing[0]} first. Back it up, then run "
            f"./consonance migrate{where}."
        )
    call_command("migrate", verbosity=0)


def upgrade_database() -> Path | None:
    """Bring a database up to date, whatever version made it, keeping a copy of what was there.

    Returns
    -------
    pathlib.Path or None
        The copy beside an older SQLite database; None if nothing had to be done, or if the
        database is PostgreSQL's, whose backups are its keeper's.

    Raises
    ------
    StateError
        If a newer version made it.
    """
    executor = MigrationExecutor(connection)
    _refuse_newer(executor)
    if not (missing := _missing(executor)):
        return None
    is_old = bool(executor.loader.applied_migrations)
    copy = _copy(missing[0]) if is_old and connection.vendor == "sqlite" else None
    call_command("migrate", verbosity=0)
    return copy


def _missing(executor: MigrationExecutor) -> list[str]:
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _refuse_newer(executor: MigrationExecutor) -> None:
    loader = executor.loader
    # Only of apps that are installed: what an app left behind that was taken out harms nobody.
    unknown = sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in loader.migrated_apps and (app, name) not in loader.disk_migrations
    )
    if unknown:
        raise StateError(
            f"The database {connection.settings_dict['NAME']} was made by a newer version: this "
            f"one does not know {unknown[0]}. Use the version that made it, or restore a backup."
        )


def _copy(first_missing: str) -> Path:
    source = Path(connection.settings_dict["NAME"])
    target = source.with_name(f"{source.name}.before-{first_missing}")
    # SQLite's own backup: a copy of the file alone would miss what still lies in the WAL.
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    return target
