#!/usr/bin/env python3
"""Put platform/ on the path and run a command. `./consonance` does the same inside its own venv."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
# platform/ is a source root, never a package: see docs/architecture.md.
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

if __name__ == "__main__":
    from consonance.web.cli import main

    sys.exit(main())
