"""Train the small detector that ships."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.core.management.base import CommandParser

from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand

if TYPE_CHECKING:
    from candidates.detector.training import Epoch, Example

#: Share of excerpts with 0, 1, … 4 instruments of the taxonomy.
_PARTS = (0.03, 0.22, 0.25, 0.25, 0.25)


class Command(BaseCommand):
    """`./consonance train_detector`."""

    help = (
        "Train the small detector on rendered music, as the one that ships was trained: random "
        "excerpts of none to four instruments, the best epoch kept on further excerpts. The same "
        "words and SoundFont give the same weights on one kind of machine."
    )
    example = "train_detector --out my-detector.npz --examples 5000"
    needs_database = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
        parser.add_argument("--taxonomy", default="openmic20", metavar="NAME", help="(openmic20)")
        parser.add_argument("--examples", type=int, default=5000, help="(5000)")
        parser.add_argument("--held-out", type=int, default=500, help="to choose an epoch by (500)")
        parser.add_argument("--epochs", type=int, default=12, help="(12)")
        parser.add_argument("--soundfont", type=Path, help="a .sf2 file (FluidR3, or TimGM6mb)")
        parser.add_argument("--seed", type=int, default=7, help="of the training (7)")
        parser.add_argument("--render-seed", type=int, default=11, help="of the excerpts (11)")
        parser.add_argument("--threads", type=int, default=2, help="(2)")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Render, train, save."""
        import torch

        from candidates.detector import training
        from candidates.detector.taxonomy import read
        from consonance.demo.corpus import soundfont

        out: Path = options["out"]
        if out.suffix != ".npz":
            raise ParameterError(f"--out {out}: the weights are an .npz file.")
        if options["examples"] < 1 or options["held_out"] < 1 or options["threads"] < 1:
            raise ParameterError("Examples, held-out examples and threads are 1 or more.")
        torch.set_num_threads(options["threads"])
        classes = read(options["taxonomy"]).class_names
        font = soundfont.locate(options["soundfont"])
        seed = options["render_seed"]
        trained = training.train(
            _render(options["examples"], seed, font.path, "training"),
            classes,
            held_out=_render(options["held_out"], seed + 1, font.path, "held-out"),
            seed=options["seed"],
            settings=training.Settings(epochs=options["epochs"]),
            on_epoch=_tell,
        )
        card = training.save(
            trained,
            out,
            licence="Apache-2.0",
            what=f"A small network trained on renders with {font.name}; never on recordings.",
            data={
                "source": "random excerpts by consonance.demo.corpus.render_excerpt",
                "n_training": options["examples"],
                "n_selection": options["held_out"],
                "seeds": {"training": seed, "selection": seed + 1},
                "classes_per_excerpt": {str(k): share for k, share in enumerate(_PARTS)},
                "soundfont": font.path.name,
                "soundfont_sha256": font.sha256,
                "soundfont_licence": font.licence,
            },
        )
        best = trained.history[trained.best_epoch - 1].held_out_auc
        return {
            "weights": str(out),
            "weights_sha256": card["weights_sha256"],
            "held_out_mean_auc": best,
            "held_out_auc": card["held_out_auc"],
            "uncovered": card["uncovered"],
            "summary": f"Wrote {out}: mean AUC {best:.3f} on held-out renders.",
        }


def _render(n: int, seed: int, font: Path, what: str) -> Iterator[Example]:
    from candidates.detector.small import SAMPLE_RATE
    from consonance.demo.corpus import reachable_classes, render_excerpt

    reachable = reachable_classes(font)
    rng = np.random.default_rng(seed)
    for index in range(n):
        parts = int(rng.choice(len(_PARTS), p=_PARTS))
        classes = [str(name) for name in rng.choice(reachable, parts, replace=False)]
        yield render_excerpt(classes=classes, rng=rng, sample_rate=SAMPLE_RATE, soundfont_path=font)
        if (index + 1) % max(1, n // 10) == 0:
            sys.stderr.write(f"  Rendering {what} excerpts: {index + 1}/{n}\n")


def _tell(epoch: Epoch) -> None:
    sys.stderr.write(
        f"  Epoch {epoch.number}: loss {epoch.loss:.3f}, mean AUC {epoch.held_out_auc:.3f} "
        "on held-out renders\n"
    )
