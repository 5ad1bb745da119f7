"""Weights are read only when they are what the manifest says."""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from candidates.detector import best_available, load, weights
from candidates.detector.weights import WeightsFile
from consonance.errors import ModelError, ParameterError

CONTENT = bytes(range(256)) * 900


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WeightsFile]:
    """List one small file in a manifest of our own, with nothing in the user's cache."""
    line = {
        "name": "mn04",
        "file": "toy.npz",
        "bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "licence": "MIT",
        "url": None,
        "what": "A toy",
    }
    path = tmp_path / "models.json"
    path.write_text(json.dumps({"files": [line]}), encoding="utf-8")
    monkeypatch.setattr(weights, "MANIFEST", path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(weights.ENVIRONMENT, raising=False)
    weights.manifest.cache_clear()
    yield weights.manifest()[0]
    weights.manifest.cache_clear()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Serve what the test puts into a dictionary, from this machine."""
    served: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = served.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            # A path that ends in "-short" promises more than it sends.
            promised = len(content) + (1000 if self.path.endswith("-short") else 0)
            self.send_header("Content-Length", str(promised))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", served
        running.shutdown()
        thread.join()


def test_every_line_of_the_manifest_can_be_checked_and_cited() -> None:
    for line in weights.manifest():
        assert len(line.sha256) == 64
        assert int(line.sha256, 16) >= 0
        assert line.bytes > 0
        assert line.licence
        assert line.what
        if line.url is not None:
            assert line.url.startswith("https://raw.githubusercontent.com/")
            assert line.url.endswith(line.file)


@pytest.mark.realdata
def test_the_manifest_describes_the_published_files(test_data: Path) -> None:
    for line in weights.manifest():
        path = weights.locate(line.file, test_data / "yamnet")
        assert path is not None
        assert path.stat().st_size == line.bytes


@pytest.mark.parametrize("place", ["toy.npz", "mn04/toy.npz"])
def test_weights_are_found_flat_or_in_the_detectors_folder(
    listed: WeightsFile, tmp_path: Path, place: str
) -> None:
    path = tmp_path / "models" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert weights.locate("toy.npz", tmp_path / "models") == path
    assert weights.locate_model("mn04", str(tmp_path / "models")) == path
    assert best_available(tmp_path / "models") == "mn04"


def test_weights_are_found_through_the_environment_and_in_the_cache(
    listed: WeightsFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = weights.cache_folder() / "toy.npz"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(CONTENT)
    assert weights.locate("toy.npz") == cached
    named = tmp_path / "named"
    named.mkdir()
    monkeypatch.setenv(weights.ENVIRONMENT, str(named))
    assert weights.locate("toy.npz") == cached
    shutil.copy(cached, named)
    assert weights.locate("toy.npz") == named / "toy.npz"


def test_a_named_folder_is_the_only_place(listed: WeightsFile, tmp_path: Path) -> None:
    cached = weights.cache_folder() / "toy.npz"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(CONTENT)
    assert weights.locate("toy.npz", tmp_path / "elsewhere") is None


def test_without_weights_the_default_detector_is_the_best(
    listed: WeightsFile, tmp_path: Path
) -> None:
    assert best_available(tmp_path) == "default"


def test_loading_without_weights_says_where_to_put_them(
    listed: WeightsFile, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"toy\.npz is looked for in .*CONSONANCE_MODELS"):
        load("mn04", models_dir=tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\0" + CONTENT[1:-1] + b"!", "SHA-256"),
        (CONTENT[:-1], "230,399 bytes, not 230,400"),
        (b"", "0 bytes"),
    ],
)
def test_altered_weights_are_refused(
    listed: WeightsFile, tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "toy.npz").write_bytes(content)
    for ask in (
        lambda: weights.locate("toy.npz", tmp_path),
        lambda: best_available(tmp_path),
        lambda: load("mn04", models_dir=tmp_path),
        lambda: weights.fetch("toy.npz", tmp_path),
    ):
        with pytest.raises(ModelError, match=told):
            ask()


@pytest.mark.parametrize("name", ["other.npz", "../toy.npz", ""])
def test_a_file_that_is_not_listed_is_neither_read_nor_fetched(
    listed: WeightsFile, tmp_path: Path, name: str
) -> None:
    (tmp_path / "other.npz").write_bytes(CONTENT)
    with pytest.raises(ParameterError, match=r"Known are: toy\.npz"):
        weights.locate(name, tmp_path)
    with pytest.raises(ParameterError, match=r"Known are: toy\.npz"):
        weights.fetch(name, tmp_path, url="http://127.0.0.1:9/")


def test_a_fetched_file_is_verified_and_found_again(
    listed: WeightsFile, tmp_path: Path, server: tuple[str, dict[str, bytes]]
) -> None:
    address, served = server
    served["/toy"] = CONTENT
    path = weights.fetch("toy.npz", url=f"{address}/toy")
    assert path == weights.cache_folder() / "toy.npz"
    assert path.read_bytes() == CONTENT
    assert weights.locate("toy.npz") == path
    assert [entry.name for entry in path.parent.iterdir()] == ["toy.npz"]


def test_a_file_that_is_there_is_not_fetched_again(
    listed: WeightsFile, tmp_path: Path, server: tuple[str, dict[str, bytes]]
) -> None:
    (tmp_path / "toy.npz").write_bytes(CONTENT)
    assert weights.fetch("toy.npz", tmp_path, url=f"{server[0]}/nothing") == tmp_path / "toy.npz"


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        ("/toy", CONTENT[:-1] + b"!", "is not the published"),
        ("/toy", CONTENT[:1000], "1,000 bytes with"),
        ("/toy", CONTENT + b"more", "bytes or more"),
        ("/toy", b"", "0 bytes"),
        ("/toy-short", CONTENT[:5000], "toy.npz"),
        ("/absent", None, "could not be fetched.*404"),
    ],
)
def test_a_bad_answer_leaves_no_trace(
    listed: WeightsFile,
    tmp_path: Path,
    server: tuple[str, dict[str, bytes]],
    path: str,
    content: bytes | None,
    told: str,
) -> None:
    address, served = server
    if content is not None:
        served[path] = content
    folder = tmp_path / "fetched"
    with pytest.raises(ModelError, match=told):
        weights.fetch("toy.npz", folder, url=address + path)
    assert list(folder.iterdir()) == []


def test_a_server_that_does_not_answer_is_an_error_with_its_address(
    listed: WeightsFile, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"could not be fetched from http://127\.0\.0\.1:9/"):
        weights.fetch("toy.npz", tmp_path, url="http://127.0.0.1:9/")


def test_only_web_addresses_are_fetched(listed: WeightsFile, tmp_path: Path) -> None:
    source = tmp_path / "source.npz"
    source.write_bytes(CONTENT)
    with pytest.raises(ParameterError, match="not an http or https address"):
        weights.fetch("toy.npz", tmp_path / "fetched", url=source.as_uri())


def test_a_file_without_an_address_asks_for_a_mirror(listed: WeightsFile, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no public address"):
        weights.fetch("toy.npz", tmp_path)
