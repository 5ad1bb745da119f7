"""Find the recordings of an archive's folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from consonance.errors import ParameterError

#: Names by which archives call recordings. Those that cannot be decoded are found and quarantined.
AUDIO_SUFFIXES = frozenset(
    {
        ".mp3", ".ogg", ".oga", ".flac", ".wav", ".opus", ".aif", ".aiff",
        ".m4a", ".aac", ".wma", ".mp2", ".ape", ".wv",
    }
)  # fmt: skip
_LONGEST_PATH = 1000


@dataclass(frozen=True, kw_only=True)
class AudioFile:
    """A recording on disk.

    Attributes
    ----------
    path
        Relative to the archive's folder, with "/".
    byte_size
        Its size.
    changed_at
        When it was last changed or put there, seconds since 1970 (UTC).
    """

    path: str
    byte_size: int
    changed_at: float


@dataclass(frozen=True, kw_only=True)
class Folder:
    """What an archive's folder holds.

    Attributes
    ----------
    files
        Recordings by path, sorted.
    refused
        Files that are left where they are, with the reason.
    """

    files: dict[str, AudioFile]
    refused: tuple[tuple[str, str], ...] = ()


def find_audio(root: Path) -> Folder:
    """List the recordings below a folder.

    Hidden files and folders are passed over. A link that leads out of the folder is refused, since
    an import must not reach what its curator did not name; linked folders are not followed.

    Raises
    ------
    ParameterError
        If the folder is missing or holds no recording.
    """
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise ParameterError(f"{root} {what}: give the folder that the recordings lie in.")
    inside = root.resolve()
    files: list[AudioFile] = []
    refused: list[tuple[str, str]] = []
    for folder, names, file_names in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in list(names):
            path = Path(folder, name)
            if path.is_symlink():
                names.remove(name)
                if not path.resolve().is_relative_to(inside):
                    refused.append((_shown(path, root), "a link out of the folder"))
        for name in sorted(file_names):
            path = Path(folder, name)
            if name.startswith(".") or path.suffix.lower() not in AUDIO_SUFFIXES:
                continue
            reason = _refusal(path, root, inside)
            if reason:
                refused.append((_shown(path, root), reason))
                continue
            status = path.stat()
            files.append(
                AudioFile(
                    path=path.relative_to(root).as_posix(),
                    byte_size=status.st_size,
                    # The inode's time too: `cp -p` and `rsync -t` keep the other.
                    changed_at=max(status.st_mtime, status.st_ctime),
                )
            )
    if not files:
        raise ParameterError(
            f"{root} holds no recording"
            + (f" that may be read ({len(refused)} refused: {refused[0][1]})" if refused else "")
            + f". Looked for {', '.join(sorted(AUDIO_SUFFIXES))}."
        )
    files.sort(key=lambda file: file.path)
    return Folder(files={file.path: file for file in files}, refused=tuple(refused))


def _refusal(path: Path, root: Path, inside: Path) -> str:
    """Return why a file is not taken in; nothing if it is."""
    if path.is_symlink():
        target = path.resolve()
        if not target.is_relative_to(inside):
            return "a link out of the folder"
        if not target.is_file():
            return "a link to nothing"
    elif not path.is_file():
        return "not a plain file"
    relative = path.relative_to(root).as_posix()
    if len(relative) > _LONGEST_PATH:
        return f"a path of more than {_LONGEST_PATH} characters"
    try:
        relative.encode("utf-8")
    except UnicodeEncodeError:
        return "a name that is not UTF-8"
    return ""


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix().encode("utf-8", "replace").decode("utf-8")
