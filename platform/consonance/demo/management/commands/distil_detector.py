"""Make the small detector that ships."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from django.core.management.base import CommandParser

from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from candidates.detector.distillation import Lessons
    from candidates.detector.interface import Float

#: Seconds of an excerpt, seconds between two of a recording, renders, share of renders with none,
#: one, two … instruments, seed of the renders.
_LENGTHS: Final = (
    (10.0, 8.0, 1300, (0.03, 0.3, 0.25, 0.22, 0.2), 101),
    (3.0, 7.0, 1000, (0.0, 0.9, 0.1), 102),
    (1.5, 8.0, 900, (0.0, 0.92, 0.08), 103),
)
_LICENCE: Final = "MIT"
_NOTICE: Final = (
    "Begun from weights of EfficientAT mn04_as, Copyright (c) 2022 Florian Schmid, MIT licence; "
    "taught by mn04_as and by YAMNet (Google, Apache-2.0)."
)


class Command(BaseCommand):
    """`./consonance distil_detector`."""

    help = (
        "Make the small detector that ships: cut it from mn04, then teach it what mn04 and YAMNet "
        "hear in recordings that nobody labelled and in renders. Needs both networks' weights and "
        "a folder of music."
    )
    example = "distil_detector --music ~/music --out default.npz"
    needs_database = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--music", type=Path, required=True, metavar="DIR", help="MP3 files")
        parser.add_argument(
            "--without", nargs="*", default=[], metavar="STEM", help="files left out"
        )
        parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
        parser.add_argument("--soundfont", type=Path, help="a .sf2 file (FluidR3, or TimGM6mb)")
        parser.add_argument("--taxonomy", default="openmic20", metavar="NAME", help="(openmic20)")
        parser.add_argument("--models", type=Path, metavar="DIR", help="folder of weights")
        parser.add_argument(
            "--epochs",
            type=int,
            nargs=2,
            default=(14, 0),
            metavar="N",
            help="on excerpts of 10 and 3 s; then, more gently, on 1.5 s too (14 0)",
        )
        parser.add_argument("--scale", type=float, default=1.0, help="of the number of renders (1)")
        parser.add_argument("--device", default="cpu", help="cpu, or cuda where it is (cpu)")
        parser.add_argument("--threads", type=int, default=1, help="(1)")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Gather lessons, teach twice, save."""
        import torch

        from candidates.detector import lessons, student, weights
        from candidates.detector.arrays import read_arrays, write_whole
        from candidates.detector.audioset import class_map
        from candidates.detector.distillation import Schooling, school
        from candidates.detector.mn04 import Mn04
        from candidates.detector.taxonomy import read
        from candidates.detector.yamnet import Yamnet
        from consonance.demo.corpus import soundfont

        out: Path = options["out"]
        first_epochs, second_epochs = options["epochs"]
        if out.suffix != ".npz" or first_epochs < 1 or second_epochs < 0 or options["scale"] <= 0:
            raise ParameterError(
                "The weights are an .npz file; the first epochs and the scale are above 0."
            )
        recordings = sorted(
            path for path in options["music"].rglob("*.mp3") if path.stem not in options["without"]
        )
        if not recordings:
            raise ParameterError(f"There is no MP3 file in {options['music']}.")
        torch.set_num_threads(options["threads"])
        taxonomy = read(options["taxonomy"])
        font = soundfont.locate(options["soundfont"])
        line, published = weights.require_model("mn04", options["models"])
        mn04 = Mn04.load(taxonomy, options["models"])
        yamnet = Yamnet.load(taxonomy, options["models"])
        parts: list[Lessons] = []
        lengths = _LENGTHS if second_epochs else _LENGTHS[:2]
        for seconds, hop, renders, shares, seed in lengths:
            n_renders = max(1, round(renders * options["scale"]))
            sys.stderr.write(f"  Asking the teachers about {seconds:g} s excerpts\n")
            parts.append(
                lessons.gather(
                    _examples(
                        lessons.cut(
                            recordings,
                            duration_s=seconds,
                            hop_s=hop,
                            n_classes=len(taxonomy.class_names),
                        ),
                        _renders(n_renders, seconds, shares, seed, font.path, taxonomy.class_names),
                    ),
                    mn04,
                    yamnet,
                )
            )
        network = student.cut_from_mn04(read_arrays(published))
        first = Schooling(epochs=first_epochs)
        stages = [(first, parts[:2])]
        if second_epochs:
            stages.append((replace(first, epochs=second_epochs, learning_rate=5e-4, seed=1), parts))
        for how, chosen in stages:
            network = school(
                network,
                chosen,
                class_map(taxonomy).outputs,
                how,
                label_weights=lessons.label_weights(),
                on_epoch=_tell,
                device=options["device"],
            )
        content = student.packed(network)
        card = {
            "name": "default",
            "what": "A small network of our own, cut from mn04 and taught by mn04 and YAMNet on "
            "real and rendered music; it never heard a labelled recording.",
            "licence": _LICENCE,
            "notice": _NOTICE,
            "weights": out.name,
            "weights_sha256": hashlib.sha256(content).hexdigest(),
            "n_weights": sum(weight.numel() for weight in network.parameters()),
            "data": {
                "recordings": len(recordings),
                "excerpts": [len(part) for part in parts],
                "seconds": [seconds for seconds, *_ in lengths],
                "soundfont": font.path.name,
                "soundfont_sha256": font.sha256,
                "soundfont_licence": font.licence,
                "begun_from": line.sha256,
            },
            "training": {"stages": [asdict(how) for how, _ in stages]},
            "measured": {},
        }
        write_whole(out, content)
        text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
        write_whole(out.with_suffix(".json"), text.encode())
        return {
            "weights": str(out),
            "weights_sha256": card["weights_sha256"],
            "summary": f"Wrote {out}. Measure it: ./consonance bench detectors",
        }


def _examples(
    *sources: Iterator[tuple[Float, NDArray[np.int8]]],
) -> Iterator[tuple[Float, NDArray[np.int8]]]:
    for number, source in enumerate(sources):
        for place, example in enumerate(source):
            yield example
            if (place + 1) % 200 == 0:
                sys.stderr.write(f"  {('Music', 'Renders')[number]}: {place + 1}\n")


def _renders(
    n: int,
    seconds: float,
    shares: tuple[float, ...],
    seed: int,
    font: Path,
    classes: tuple[str, ...],
) -> Iterator[tuple[Float, NDArray[np.int8]]]:
    from candidates.detector.mn04 import SAMPLE_RATE
    from consonance.demo.corpus import reachable_classes, render_excerpt

    reachable = reachable_classes(font)
    rng = np.random.default_rng(seed)
    for _ in range(n):
        parts = int(rng.choice(len(shares), p=shares))
        asked = [str(name) for name in rng.choice(reachable, parts, replace=False)]
        audio, audible = render_excerpt(
            classes=asked,
            rng=rng,
            sample_rate=SAMPLE_RATE,
            duration_s=seconds,
            soundfont_path=font,
        )
        yield audio, np.array([name in audible for name in classes], np.int8)


def _tell(epoch: int, loss: float) -> None:
    sys.stderr.write(f"  Epoch {epoch}: loss {loss:.3f}\n")
