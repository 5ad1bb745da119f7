"""Build in children that are killed, one at every place where a file gets its name. Not a test.

Run as a program: killed.py OUT. Prints a JSON line: how many places there were, and what was wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import world as made_up

from splits.archive import pack
from splits.release import verify_release
from splits.release.writers import WRITERS


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def killed_at(world: made_up.World, folder: Path, event: str, number: int) -> bool:
    """Build in a child that dies at the n-th event of a kind; return whether it came so far."""

    def told(done: int, total: int, what: str) -> None:
        sys.audit(f"stage {what}", folder)

    return in_child(
        lambda: world.build(folder, features=world.features, progress=told), event, number, folder
    )


def in_child(work: Callable[[], object], event: str, number: int, folder: Path) -> bool:
    """Work in a child that dies at the n-th event of a kind; return whether it came so far."""
    child = os.fork()
    if child == 0:
        seen = 0

        def hook(name: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            if name == event and str(folder.parent) in str(arguments[0]):
                seen += 1
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main() -> None:
    out = Path(sys.argv[1])
    world = made_up.make_world()
    wanted, wrong, places = None, [], {}
    kinds = {"os.rename": 4, "open": 31}
    stages = ["audio", *(writer.name for writer in WRITERS), "manifest", "verified", "published"]
    plan = [(f"stage {stage}", 1) for stage in stages]
    plan += [(event, number) for event, step in kinds.items() for number in range(1, 400, step)]
    finished: set[str] = set()
    for event, number in plan:
        if event in finished:
            continue
        folder = out / f"{event.replace(' ', '-').replace('.', '-')}-{number}" / "tiny"
        folder.parent.mkdir(parents=True)
        if killed_at(world, folder, event, number):
            places[event] = places.get(event, 0) + 1
            if folder.exists() and not verify_release(folder).ok:
                wrong.append(f"half published after {event} {number}")
            if not folder.exists() and killed_at(world, folder, "none", 0):
                wrong.append(f"no rerun after {event} {number}")
        elif not event.startswith("stage"):
            finished.add(event)
        else:
            wrong.append(f"never came to {event}")
        found = tree(folder)
        wanted = wanted or found
        if found != wanted or os.listdir(folder.parent) != ["tiny"]:
            wrong.append(f"other bytes or remains after {event} {number}")
    packed = folder  # whichever was built last
    expected = pack(packed)
    for number in (2, 5, 20):  # files read so far; the first thing opened is the archive itself
        expected.path.unlink()
        if not in_child(lambda: pack(packed), "open", number, packed):
            wrong.append(f"packing never came to {number}")
        if expected.path.exists():
            wrong.append(f"half an archive after {number}")
        again = pack(packed)
        if again != expected or sorted(os.listdir(packed.parent)) != ["tiny", "tiny.tar"]:
            wrong.append(f"another archive or remains after {number}")
        places["packing"] = places.get("packing", 0) + 1
    sys.stdout.write(json.dumps({"places": places, "wrong": wrong}) + "\n")


if __name__ == "__main__":
    main()
