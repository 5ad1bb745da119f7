"""The words of `./consonance`: two are the launcher's own, every other goes to manage.py."""

from __future__ import annotations

from pathlib import Path

from launcher import bench, stages
from launcher.console import Refusal, say, show
from launcher.environment import FOLDER_VARIABLE, Environment, default_folder
from launcher.process import become, child_environment

ROOT = Path(__file__).resolve().parent.parent

USAGE = f"""\
usage: ./consonance WORD [arguments]

  demo               from a folder of recordings to a published release, and a web app to see it in
  test [PYTEST ...]  everything that can be tested here; tells what was skipped, and why
  bench NAME         run benchmarks/NAME.py; its last line is one JSON object
  verify_release DIR check a release against its own checksums and contract
  help               all other words, such as import_tracks, score, draw_round, build_release

`./consonance WORD --help` explains a word. The first start makes a virtual environment in .venv
(or in the folder that {FOLDER_VARIABLE} names) and installs what is pinned in requirements/:
about 3 GB on disk and a few minutes. Later starts are instant.
"""

BENCH_USAGE = """\
usage: ./consonance bench NAME [arguments]

Run benchmarks/NAME.py. Progress goes to stderr; the last line of stdout is one JSON object.
"""


def main(words: list[str], *, root: Path = ROOT) -> int:
    """Do what the words say; return the exit status.

    Parameters
    ----------
    words
        The command line without the program's name.
    root
        The checkout.
    """
    try:
        return _dispatch(words, root)
    except Refusal as refusal:
        say(f"consonance: {refusal}")
        return refusal.exit_code
    except KeyboardInterrupt:
        say("consonance: stopped. Run the same command again to go on.")
        return 130


def _dispatch(words: list[str], root: Path) -> int:
    if not words or words[0] in {"-h", "--help"}:
        show(USAGE)
        return 0
    environment = Environment(root=root, folder=default_folder(root))
    word, arguments = words[0], words[1:]
    if word == "test":
        return stages.run(environment, arguments)
    if word == "bench":
        if arguments[:1] in (["-h"], ["--help"]):
            show(BENCH_USAGE + "\nKnown: " + ", ".join(bench.names(root)))
            return 0
        program = bench.locate(root, arguments[0] if arguments else None)
        arguments = arguments[1:]
    else:
        program = root / "manage.py"
        arguments = words
    environment.prepare(with_tests=False, with_peers=word == "bench")
    command = [str(environment.python), str(program), *arguments]
    return become(command, environment=child_environment(root))
