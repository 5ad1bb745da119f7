"""A process of `crash_proof_pool`: `python -m … module:function`, one JSON line in, one out."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any


def main(name: str) -> None:
    """Answer each line of standard input with the function's result, until it ends."""
    # What decoders print must not get between our lines.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    module, _, function_name = name.partition(":")
    function = getattr(importlib.import_module(module), function_name)
    for line in sys.stdin.buffer:
        answer: dict[str, Any]
        try:
            answer = {"result": function(json.loads(line))}
        except Exception:  # noqa: BLE001 - told to the parent, which raises
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
