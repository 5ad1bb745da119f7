"""Settings, urls, celery, wsgi and the command line: the only composition root."""

from consonance.web.celery import app as celery_app

__all__ = ["celery_app"]
