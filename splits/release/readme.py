"""The page that lies in a release."""

from __future__ import annotations

from splits.release.assemble import Assembly
from splits.release.features import Features
from splits.release.spec import ReleaseSpec


def readme(spec: ReleaseSpec, found: Assembly, features: Features | None) -> str:
    """Return README.md: what is here, how to load it, what its words mean."""
    positives, known = (found.y == 1).sum(axis=0), (found.y >= 0).sum(axis=0)
    rows = "".join(
        f"| {name} | {positives[index]} | {known[index] - positives[index]} | {known[index]} |\n"
        for index, name in enumerate(spec.classes)
    )
    warning = (
        "**The ratings were given by simulated people. This is no data about music: use it to try "
        "the tools.**\n\n"
        if spec.simulated
        else ""
    )
    feature_line = (
        "There are no features in it."
        if features is None
        else f"X holds `{features.name}`: {features.description}"
    )
    return f"""# {spec.title} {spec.version}

{warning}{spec.description}

{len(found.clips)} clips, {int(known.sum())} labels, {len(found.ratings)} ratings by \
{len(found.skills)} people.

## Load it

```python
import sys; sys.path.insert(0, ".")
import reader
data = reader.load(".")            # numpy only
train = data.rows("train")
data.y[train]                      # 1 present, 0 absent, -1 unknown
```

```python
import pandas as pd
labels = pd.read_parquet("parquet/labels.parquet")
```

`python verify.py` checks that every byte is as published.

## What the numbers mean

A label says *present* or *absent*; what nobody was asked or agreed on is *unknown*, never absent.
`{spec.name}-aggregated-labels.csv` lists known labels only, **present and absent alike**: read
`decision`. `relevance` is OpenMIC-2018's legacy number, 0.5 + or - half of the winning answer's
trust-weighted share; it is not a share of votes. `posterior` is the consensus model's probability
that the instrument is present, from ratings alone. {feature_line}

| class | present | absent | labels |
| --- | ---: | ---: | ---: |
{rows}
Partitions are `split02_*` (train, validation, test); `split01_train` is train and validation
together. No artist and no group of duplicates is in two of them.

Audio, labels and code have three licences: see LICENSE-audio.txt, LICENSE-labels.txt and
LICENSE-code.txt. Credit for each clip stands in ATTRIBUTION.csv.
"""
