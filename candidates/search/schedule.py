"""Which configurations are tried, and which go on: Optuna's sampler and pruner, asked in order.

Optuna's own way of running in parallel cannot be repeated: its pruners for halving are asynchronous
(Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020), so who is stopped
depends on who came first, and a killed worker changes the outcome. Here Optuna only decides. All
configurations are drawn by its seeded sampler before the first training begins, and its percentile
pruner is asked once a rung is complete, with every result of the rung before it. The same results
give the same decisions in whatever order they came: synchronous successive halving.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from candidates.search.space import SETTINGS, Choices, Range

if TYPE_CHECKING:
    from optuna import Study, Trial

    from candidates.search.recipe import SearchRecipe

#: The configuration that a search is measured against: a head's own defaults.
DEFAULT: Final = 0
_IN_VAIN: Final = 200  # draws without a new configuration, after which a space counts as exhausted


def configurations(recipe: SearchRecipe) -> tuple[dict[str, Any], ...]:
    """Return what is tried: the default first, then what the sampler draws, each once.

    Parameters
    ----------
    recipe
        Its space, scheduler, trials and seed decide.

    Returns
    -------
    tuple of dict
        Settings that differ from a head's defaults; the first is empty.
    """
    from candidates.detector.heads import HeadRecipe

    study = _study(recipe)
    found: list[dict[str, Any]] = [{}]
    known = {HeadRecipe()}
    in_vain = drawn = 0
    while len(found) <= recipe.planned and in_vain < _IN_VAIN:
        if recipe.scheduler == "grid" and drawn == recipe.space.size:
            break
        asked = study.ask()
        drawn += 1
        parameters = {name: _suggest(asked, name, part) for name, part in recipe.space.of.items()}
        head = HeadRecipe(**parameters)
        if head in known:  # the grid may hold the default, and lists are soon drawn twice
            in_vain += 1
            continue
        in_vain = 0
        known.add(head)
        found.append(parameters)
    return tuple(found)


def going_on(values: Mapping[int, float], reduction: int) -> tuple[int, ...]:
    """Return which configurations go on to the next rung.

    Parameters
    ----------
    values
        Number of each configuration that finished the rung → what it reached; larger is better.
    reduction
        One in so many goes on, rounded up; of equals those with the lower numbers.

    Returns
    -------
    tuple of int
        In ascending order. The default is among them if it finished the rung at all: without it
        there is nothing to measure the winner against.
    """
    import optuna

    if not values:
        return ()
    # The pruner compares ranks, which have no equals, and its percentile lies between two of them.
    worst_first = sorted(values, key=lambda number: (values[number], -number))
    kept = -(-len(values) // reduction)
    pruner = optuna.pruners.PercentilePruner(100 * kept / len(values), n_startup_trials=0)
    with _quietly():
        study = optuna.create_study(direction="maximize", pruner=pruner)
        finished = {
            number: optuna.trial.create_trial(value=rank, intermediate_values={0: rank})
            for rank, number in enumerate(worst_first)
        }
        study.add_trials(finished.values())
    stopped = {number for number, trial in finished.items() if pruner.prune(study, trial)}
    return tuple(number for number in sorted(values) if number not in stopped or number == DEFAULT)


def optuna_version() -> str:
    """Return which Optuna decides here; another one may draw other configurations."""
    import optuna

    return str(optuna.__version__)


def _study(recipe: SearchRecipe) -> Study:
    import optuna

    sampler: optuna.samplers.BaseSampler
    if recipe.scheduler == "grid":
        grid = {
            name: list(part.values)
            for name, part in recipe.space.of.items()
            if isinstance(part, Choices)
        }
        sampler = optuna.samplers.GridSampler(grid, seed=recipe.seed)
    else:
        sampler = optuna.samplers.RandomSampler(seed=recipe.seed)
    with _quietly():
        return optuna.create_study(direction="maximize", sampler=sampler)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep Optuna from greeting on stderr."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _suggest(trial: Trial, name: str, part: Choices | Range) -> Any:
    if isinstance(part, Choices):
        return trial.suggest_categorical(name, list(part.values))
    if SETTINGS[name].type == "integer":
        return trial.suggest_int(name, int(part.low), int(part.high), log=part.log)
    return trial.suggest_float(name, part.low, part.high, log=part.log)
