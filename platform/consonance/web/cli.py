"""The command line: Django's, with our errors told in one sentence."""

from __future__ import annotations

import os
import sys


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    argv
        Words after the program's name; `sys.argv[1:]` by default.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from consonance.errors import ConsonanceError

    words = sys.argv if argv is None else ["consonance", *argv]
    try:
        execute_from_command_line(words)
    except (ConsonanceError, ImproperlyConfigured) as error:
        sys.stderr.write(f"{error}\n")
        return getattr(error, "exit_code", 2)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 130
    return 0
