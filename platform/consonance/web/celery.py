"""The Celery application: `celery -A consonance.web.celery worker`."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")

app = Celery("consonance")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def _drop_inherited_connections(**_: object) -> None:
    # A forked worker must not share its parent's database sockets.
    from django.db import connections

    connections.close_all()
