"""The command line: Django's, with our words first and our errors told in one sentence."""

from __future__ import annotations

import difflib
import os
import sys
import textwrap
from pathlib import Path
from typing import Final

from consonance.errors import ConsonanceError, ParameterError

_WIDTH: Final = 99
_DATA_OPTION: Final = "--data"
#: Where the apps lie whose commands are ours; all others are Django's or a library's.
_OURS: Final = ("consonance.", "candidates", "annotation", "splits")


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    argv
        Words after the program's name; `sys.argv[1:]` by default.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")
    from django.core.exceptions import ImproperlyConfigured

    try:
        words = choose_data_folder(sys.argv[1:] if argv is None else argv)
        return _run(words)
    except (ConsonanceError, ImproperlyConfigured) as error:
        sys.stderr.write(f"{error}\n")
        return getattr(error, "exit_code", 2)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 130


def choose_data_folder(words: list[str]) -> list[str]:
    """Take `--data DIR` out of the words and make it the data folder of this process.

    Settings are read once and name the database, so the folder must be known before they are. This
    is why the option is read here, the same for every word.

    Parameters
    ----------
    words
        Words after the program's name.

    Returns
    -------
    list[str]
        The words without the option and its folder.

    Raises
    ------
    ParameterError
        If no folder follows the option.
    """
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        option, is_joined, folder = word.partition("=")
        if option != _DATA_OPTION:
            kept.append(word)
            continue
        folder = folder if is_joined else next(rest, "")
        if not folder or folder.startswith("-"):
            raise ParameterError("--data needs a folder: --data /srv/consonance.")
        os.environ["CONSONANCE_DATA"] = str(Path(folder).expanduser().resolve())
    return kept


def _run(words: list[str]) -> int:
    import django
    from django.core.management import execute_from_command_line, get_commands

    # Django falls back to its own commands when settings are wrong; we would rather hear of it.
    django.setup()
    if words in ([], ["help"], ["--help"], ["-h"]):
        sys.stdout.write(overview())
        return 0
    word = words[1] if words[0] == "help" else words[0]
    if not word.startswith("-") and word not in get_commands():
        raise ParameterError(_unknown(word, list(get_commands())))
    execute_from_command_line(["consonance", *words])
    return 0


def overview() -> str:
    """Return the list of all words: ours with what they do, then the names of the others."""
    from django.core.management import get_commands, load_command_class

    ours, others = {}, []
    for name, app in sorted(get_commands().items()):
        if app.startswith(_OURS):
            ours[name] = load_command_class(app, name).help
        else:
            others.append(name)
    width = max(map(len, ours))
    lines = ["Words of ours (./consonance WORD --help explains one):", ""]
    for name, text in ours.items():
        sentence = text.split(". ")[0].split(":")[0].rstrip(".") + "."
        lines += _wrapped(f"{name:<{width}}  {sentence}", hanging=width + 2)
    lines += ["", "Django's and its libraries':", "", *_wrapped(" ".join(others))]
    return "\n".join([*lines, ""])


def _wrapped(text: str, *, hanging: int = 0) -> list[str]:
    indent = "  "
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent + " " * hanging
    )


def _unknown(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    meant = f" Did you mean {close[0]}?" if close else ""
    return f"There is no word {word!r}.{meant} ./consonance help lists them all."
