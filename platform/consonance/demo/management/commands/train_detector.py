"""Train a detector of one's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from django.core.management.base import CommandParser

from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand
from consonance.jobs.database import prepare_database

if TYPE_CHECKING:
    from candidates.detector.heads import EpochReport, HeadRecipe
    from candidates.detector.training import Epoch, Example

#: Share of excerpts with 0, 1, … 4 instruments of the taxonomy.
_PARTS = (0.03, 0.22, 0.25, 0.25, 0.25)


class Command(BaseCommand):
    """`./consonance train_detector`."""

    help = (
        "Train a detector. By default a small network from audio: on rendered excerpts of none to "
        "four instruments, or on labelled recordings (--clips). With --scores a head on stored "
        "embeddings, from a frozen table of labels or a release; with --audioset a head on "
        "AudioSet's embeddings. The same words on the same data give the same weights on one kind "
        "of machine."
    )
    example = "train_detector --scores ID --labels ID --register my-head"
    needs_database = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--out", type=Path, metavar="FILE.npz", help="where weights go")
        parser.add_argument(
            "--register", metavar="NAME", help="keep it as a detector of this installation"
        )
        parser.add_argument("--taxonomy", default="openmic20", metavar="NAME", help="(openmic20)")
        parser.add_argument("--seed", type=int, default=7, help="of the training (7)")
        parser.add_argument("--epochs", type=int, help="at most (12; a head 60)")
        parser.add_argument("--patience", type=int, help="epochs without a better one (6; 8)")
        parser.add_argument("--device", default="cpu", help="cpu, or cuda where it is (cpu)")
        parser.add_argument("--threads", type=int, default=2, help="(2)")
        audio = parser.add_argument_group("a network from audio")
        audio.add_argument("--clips", type=Path, metavar="DIR", help="recordings with labels.csv")
        audio.add_argument("--examples", type=int, default=5000, help="renders (5000)")
        audio.add_argument("--held-out", type=int, default=500, help="to choose an epoch by (500)")
        audio.add_argument("--soundfont", type=Path, help="a .sf2 file (FluidR3, or TimGM6mb)")
        audio.add_argument("--render-seed", type=int, default=11, help="of the excerpts (11)")
        audio.add_argument(
            "--checkpoint",
            type=Path,
            metavar="FILE",
            help="written after each epoch; a training that was stopped goes on from it",
        )
        head = parser.add_argument_group("a head on embeddings")
        head.add_argument("--scores", type=UUID, metavar="ID", help="score set to learn from")
        head.add_argument("--labels", type=UUID, metavar="ID", help="frozen table of labels")
        head.add_argument("--release", metavar="NAME", help="or a release's folder")
        head.add_argument(
            "--groups",
            choices=("artist", "track"),
            default="artist",
            help="what is never both learnt from and held out (artist)",
        )
        head.add_argument("--audioset", type=Path, nargs="+", metavar="FILE", help="TFRecord files")
        head.add_argument(
            "--segments", type=Path, metavar="CSV", help="AudioSet's list: only these"
        )
        head.add_argument(
            "--unnamed",
            choices=("unknown", "absent"),
            default="unknown",
            help="what an AudioSet segment says of classes it does not name (unknown)",
        )
        head.add_argument("--kind", choices=("attention", "mean"), default="attention")
        head.add_argument("--hidden", type=int, default=128, help="width, 0 for none (128)")
        head.add_argument("--mixup", type=float, default=0.0, help="of Beta(MIXUP, MIXUP) (0)")
        head.add_argument(
            "--models", type=Path, metavar="DIR", help="folder of the weights below the head"
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Train, measure, save."""
        import torch

        if options["threads"] < 1:
            raise ParameterError("Threads are 1 or more.")
        out = options["out"]
        if out is not None and out.suffix != ".npz":
            raise ParameterError(f"--out {out}: the weights are an .npz file.")
        torch.set_num_threads(options["threads"])
        if options["scores"] is not None:
            return _head(options)
        if out is None and not options["register"]:
            raise ParameterError("Say where the weights go: --out FILE.npz, --register, or both.")
        if options["audioset"]:
            return _audioset(options)
        return _network(options)


def _head(options: dict[str, Any]) -> dict[str, Any]:
    """Train a head on a score set's embeddings."""
    prepare_database()
    from candidates.actions.train_head import train_head
    from candidates.models import ScoreSet
    from consonance.catalog.models import FrozenTableRow

    if options["out"] is not None:
        raise ParameterError("A head on scores is kept here: name it with --register, not --out.")
    score_set = ScoreSet.objects.filter(pk=options["scores"]).first()
    if score_set is None:
        raise ParameterError(f"There is no score set {options['scores']}.")
    table = None
    if options["labels"] is not None:
        table = FrozenTableRow.objects.filter(kind="labels", pk=options["labels"]).first()
        if table is None:
            raise ParameterError(f"There is no frozen table of labels {options['labels']}.")
    version = train_head(
        score_set=score_set,
        recipe=_recipe(options),
        labels=table,
        release=options["release"] or "",
        groups=options["groups"],
        name=options["register"] or "",
        models_dir=options["models"],
        on_epoch=_tell_head,
        device=options["device"],
    )
    mean = version.metrics["mean_auc"]
    return {
        "detector": str(version.pk),
        "name": version.name,
        "version": version.version,
        "metrics": version.metrics,
        "summary": f"Registered {version}: mean AUC {mean:.3f} on {version.metrics['excerpts']} "
        f"excerpts ({version.metrics['on'].replace('_', ' ')}). Score with it: ./consonance score "
        f"--detector {version.name}",
    }


def _audioset(options: dict[str, Any]) -> dict[str, Any]:
    """Train a head on AudioSet's embeddings."""
    from candidates.detector import audioset_bags
    from candidates.detector.arrays import write_whole
    from candidates.detector.audioset import label_index
    from candidates.detector.bags import divide
    from candidates.detector.evaluation import evaluate, mean_of
    from candidates.detector.head_training import train_head
    from candidates.detector.segments import read_segments
    from candidates.detector.taxonomy import read

    if options["register"] or options["out"] is None:
        raise ParameterError(
            "AudioSet's embeddings come from a network that is not here (VGGish): a head on them "
            "cannot score audio, so it is written with --out and not registered."
        )
    segments, damages = (
        read_segments(options["segments"], label_index()) if options["segments"] else (None, ())
    )
    taxonomy = read(options["taxonomy"])
    found = audioset_bags.read_bags(
        options["audioset"], taxonomy, segments=segments, unnamed=options["unnamed"]
    )
    for damage in (*damages, *found.damages):
        sys.stderr.write(f"  {damage}\n")
    train, validation = divide(found.bags, 0.2, seed=options["seed"])
    head = train_head(
        train, validation, _recipe(options), on_epoch=_tell_head, device=options["device"]
    )
    by_class = evaluate(head, validation)
    mean = mean_of(by_class, "auc", min_positives=1)
    out: Path = options["out"]
    digest = head.save(out)
    card = {
        "kind": "head",
        "what": f"A head trained on {found.facts['source']}.",
        "base": audioset_bags.EMBEDDINGS,
        "base_weights_sha256": "",
        "taxonomy": taxonomy.name,
        "weights": out.name,
        "weights_sha256": digest,
        "data": found.facts,
        "training": {"head": head.recipe.as_json(), "best_epoch": head.best_epoch},
        "measured": {"on": "validation", "excerpts": len(validation), "classes": by_class},
    }
    write_whole(out.with_suffix(".json"), (json.dumps(card, indent=2) + "\n").encode())
    told = "none measured" if mean is None else f"{mean:.3f}"
    return {
        "weights": str(out),
        "weights_sha256": digest,
        "data": found.facts,
        "damaged": [str(damage) for damage in (*damages, *found.damages)],
        "uncovered": list(head.uncovered),
        "mean_auc": mean,
        "summary": f"Wrote {out}: a head trained on {found.facts['source']}; mean AUC {told} on "
        f"{len(validation)} excerpts held out to choose an epoch by.",
    }


def _network(options: dict[str, Any]) -> dict[str, Any]:
    """Train the small network from audio."""
    from candidates.detector import model_card, training
    from candidates.detector.taxonomy import read

    if options["examples"] < 1 or options["held_out"] < 1:
        raise ParameterError("Examples and held-out examples are 1 or more.")
    taxonomy = read(options["taxonomy"])
    settings = training.Settings(
        epochs=options["epochs"] or 12,
        patience=options["patience"] or 6,
        min_positives=5 if options["clips"] else 20,
    )
    examples, held_out, data, what = _clips(options) if options["clips"] else _renders(options)
    trained = training.train(
        examples,
        taxonomy.class_names,
        held_out=held_out,
        seed=options["seed"],
        settings=settings,
        on_epoch=_tell,
        checkpoint=options["checkpoint"],
        device=options["device"],
    )
    about: dict[str, Any] = {
        "licence": "Apache-2.0" if not options["clips"] else "",
        "what": what,
        "data": data,
        "taxonomy": options["taxonomy"],
    }
    best = trained.history[trained.best_epoch - 1].held_out_auc
    result: dict[str, Any] = {
        "held_out_mean_auc": best,
        "held_out_auc": trained.held_out_auc,
        "uncovered": list(trained.uncovered),
    }
    told = []
    if options["out"] is not None:
        card = model_card.save(trained, options["out"], **about)
        result |= {"weights": str(options["out"]), "weights_sha256": card["weights_sha256"]}
        told.append(f"Wrote {options['out']}")
    if options["register"]:
        version = _registered(trained, about, options)
        result |= {"detector": str(version.pk), "version": version.version}
        told.append(f"Registered {version}")
    return result | {"summary": f"{'. '.join(told)}: mean AUC {best:.3f} on what was held out."}


def _registered(trained: Any, about: dict[str, Any], options: dict[str, Any]) -> Any:
    prepare_database()
    from candidates.actions.keep_detector import keep_detector
    from candidates.actions.register_detector import register_taxonomy
    from candidates.detector import model_card

    return keep_detector(
        content=model_card.weights(trained),
        card=model_card.described(trained, **about),
        name=options["register"],
        taxonomy=register_taxonomy(name=options["taxonomy"]),
        metrics={"on": "held_out", "excerpts": trained.n_held_out, "classes": trained.held_out_auc},
    )


def _renders(
    options: dict[str, Any],
) -> tuple[Iterator[Example], Iterator[Example], dict[str, Any], str]:
    from consonance.demo.corpus import soundfont

    font = soundfont.locate(options["soundfont"])
    seed = options["render_seed"]
    data = {
        "source": "random excerpts by consonance.demo.corpus.render_excerpt",
        "n_training": options["examples"],
        "n_selection": options["held_out"],
        "seeds": {"training": seed, "selection": seed + 1},
        "classes_per_excerpt": {str(k): share for k, share in enumerate(_PARTS)},
        "soundfont": font.path.name,
        "soundfont_sha256": font.sha256,
        "soundfont_licence": font.licence,
    }
    return (
        _render(options["examples"], seed, font.path, "training"),
        _render(options["held_out"], seed + 1, font.path, "held-out"),
        data,
        f"A small network trained on renders with {font.name}; never on recordings.",
    )


def _clips(
    options: dict[str, Any],
) -> tuple[Iterator[Example], Iterator[Example], dict[str, Any], str]:
    from candidates.detector.clip_examples import pieces
    from candidates.detector.clips import digest, folds, read_clips
    from candidates.detector.small import SAMPLE_RATE

    clips = [clip for clip in read_clips(options["clips"]) if clip.is_complete]
    fold = folds(clips, seed=options["seed"])
    training = [clip for clip, number in zip(clips, fold, strict=True) if number]
    held_out = [clip for clip, number in zip(clips, fold, strict=True) if not number]
    data = {
        "source": "labelled recordings",
        "clips_sha256": digest(clips),
        "n_training": len(training),
        "n_selection": len(held_out),
        "held_out": "one of five folds; no source recording is on both sides",
    }
    return (
        pieces(training, sample_rate=SAMPLE_RATE),
        pieces(held_out, sample_rate=SAMPLE_RATE),
        data,
        f"A small network trained on {len(training)} labelled recordings.",
    )


def _recipe(options: dict[str, Any]) -> HeadRecipe:
    from candidates.detector.heads import HeadRecipe

    chosen = {name: options[name] for name in ("epochs", "patience") if options[name] is not None}
    return HeadRecipe(
        kind=options["kind"],
        hidden=options["hidden"],
        mixup=options["mixup"],
        seed=options["seed"],
        **chosen,
    )


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
        "on what is held out\n"
    )


def _tell_head(report: EpochReport) -> None:
    mean = "" if report.mean_auc is None else f", mean AUC {report.mean_auc:.3f}"
    sys.stderr.write(
        f"  Epoch {report.epoch}: loss {report.train_loss:.4f}, in validation "
        f"{report.validation_loss:.4f}{mean}\n"
    )
