"""How the launcher talks: short lines on stderr, so that stdout stays with the command."""

from __future__ import annotations

import sys


class Refusal(Exception):
    """The launcher cannot go on.

    Parameters
    ----------
    sentence
        What is missing and what to do about it.
    exit_code
        What the process ends with; 2 where the person can mend it.
    """

    def __init__(self, sentence: str, *, exit_code: int = 2) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def say(line: str) -> None:
    """Write one line to the person at the terminal, at once."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def show(text: str) -> None:
    """Write what was asked for, such as a help text, to stdout."""
    sys.stdout.write(text.rstrip() + "\n")


def confirm(question: str) -> bool:
    """Ask a yes/no question; anything but yes is no, and so is nobody being there."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
