"""Libraries of others that need a word before they behave in a test process."""

from __future__ import annotations

import sys
from typing import Any

import pytest


def mlcroissant() -> Any:
    """Return the library, or skip the test.

    Its logging (absl's) takes hold of standard error as it is at import, which is a file of
    pytest's, and closes it as soon as anybody configures logging anew.
    """
    library = pytest.importorskip("mlcroissant")
    from absl import logging

    logging.get_absl_handler().python_handler.stream = sys.__stderr__
    return library
