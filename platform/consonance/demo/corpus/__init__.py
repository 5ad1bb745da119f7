"""The Synthetic Archive: music whose instruments, chords and sections are known.

Rendered, never recorded: what a person would have to hear and judge is known here exactly, so
that every later step can be measured. It needs neither network nor Django.

>>> from consonance.demo import corpus
>>> summary = corpus.make("demo-archive")  # doctest: +SKIP
>>> known = corpus.truth.load(summary.folder)  # doctest: +SKIP
"""

from __future__ import annotations

from consonance.demo.corpus import truth
from consonance.demo.corpus.build import CorpusSummary, make
from consonance.demo.corpus.excerpts import reachable_classes, render_excerpt

__all__ = ["CorpusSummary", "make", "reachable_classes", "render_excerpt", "truth"]
