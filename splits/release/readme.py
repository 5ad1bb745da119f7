"""The page that lies in a release."""

from __future__ import annotations

from splits.release.account import account
from splits.release.citation import bibtex
from splits.release.material import Material


def readme(material: Material) -> str:
    """Return README.md below its head: what is here, how to load it, what its words mean."""
    spec, found, features = material.spec, material.found, material.features
    told = account(material)
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
from load import load, evaluate
data = load(".")                   # numpy only
train = data.rows("train")
data.y[train]                      # 1 present, 0 absent, -1 unknown
```

```python
import pandas as pd
labels = pd.read_parquet("parquet/labels.parquet")
```

```python
from pathlib import Path
from datasets import load_dataset  # Hugging Face: sound, labels, licence and credit
here = str(Path.cwd())             # a path with a name: "." has none
clips = load_dataset(here, split="train")
labels = load_dataset(here, "labels")["all_rows"]
```

```python
import mlcroissant
records = mlcroissant.Dataset(jsonld="croissant.json").records("labels")
```

```python
import mirdata  # its OpenMIC-2018 loader, as it is
data = mirdata.initialize("openmic2018", data_home="mirdata")
data.index_path = "mirdata/openmic2018_index_1.0.json"
data.validate()
```

`datapackage.json` is a Frictionless package: `frictionless validate datapackage.json`.
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
Partitions are `split02_*`; `split01_train` is all of them but test, together. {told.splitting}

How it was made, of whom and of what, and what it cannot tell, stands in DATASHEET.md.

## Licence and citation

{told.rights}
See LICENSE-audio.txt, LICENSE-labels.txt and LICENSE-code.txt. Credit for each clip stands in
ATTRIBUTION.csv. Please cite it as CITATION.cff says:

```bibtex
{bibtex(spec)}
```
"""
