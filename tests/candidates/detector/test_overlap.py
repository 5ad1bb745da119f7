"""Early layers are computed once for windows that overlap, and give what each gives alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from candidates.detector import mobilenet
from candidates.detector.layout import Pointwise, channels_last, folded, pointwise
from candidates.detector.overlap import Overlap
from candidates.detector.student import StudentNetwork

BANDS = 102


@pytest.fixture(scope="module")
def network() -> StudentNetwork:
    torch.manual_seed(3)
    made = StudentNetwork(9)
    for layer in made.modules():  # as after training: none is the identity
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.uniform_(-0.2, 0.2)
            layer.running_var.uniform_(0.5, 2.0)
    return pointwise(channels_last(folded(made)))


@pytest.fixture(scope="module")
def early(network: StudentNetwork) -> nn.Sequential:
    return mobilenet.divided(network.features)[0]


def frames(n: int) -> Tensor:
    return torch.randn(BANDS, n, generator=torch.Generator().manual_seed(n))


def alone(early: nn.Module, window: Tensor) -> Tensor:
    maps: Tensor = early(window[None, None])[0]
    return maps.permute(1, 2, 0)


def test_it_knows_how_far_the_layers_hear(early: nn.Sequential) -> None:
    shared = Overlap(early)
    assert (shared.step, shared.reach) == (8, 17)
    silent = torch.zeros(BANDS, 200)
    click = silent.clone()
    click[:, 80] = 1.0
    changed = (alone(early, click) != alone(early, silent)).any(dim=2).any(dim=0)
    steps = changed.nonzero()[:, 0] * shared.step
    assert 80 - shared.reach <= int(steps.min())
    assert int(steps.max()) <= 80 + shared.reach


@pytest.mark.parametrize(
    ("n_frames", "firsts"),
    [
        (499, [0, 192, 384, 576, 768]),  # OpenMIC's grid
        (499, list(range(0, 40 * 192, 192))),  # longer than what is computed at a time
        (499, [24, 32, 200]),
        (500, [0, 192]),
        (493, [8, 200, 392]),
        (120, [0, 8, 16, 24, 32, 40]),
        (499, [0, 50, 100]),  # steps do not coincide
        (499, [0, 400]),  # little is shared
        (40, [0, 8]),
        (20, [0, 8]),
        (499, [7]),
    ],
)
def test_windows_that_overlap_are_heard_as_they_are_alone(
    early: nn.Sequential, n_frames: int, firsts: list[int]
) -> None:
    with torch.inference_mode():
        heard = frames(firsts[-1] + n_frames + 3)
        found = Overlap(early)(heard, firsts, n_frames)
        assert len(found) == len(firsts)
        for first, maps in zip(firsts, found, strict=True):
            window = heard[:, first : first + n_frames]
            torch.testing.assert_close(maps, alone(early, window), rtol=0, atol=1e-5)


def test_layers_run_less_often_than_windows_have_frames(early: nn.Sequential) -> None:
    seen = 0

    def count(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        nonlocal seen
        seen += given[0].shape[0] * given[0].shape[-1]

    handle = early.register_forward_pre_hook(count)
    try:
        with torch.inference_mode():
            firsts = list(range(0, 20 * 192, 192))
            Overlap(early)(frames(firsts[-1] + 499), firsts, 499)
    finally:
        handle.remove()
    assert seen < 0.6 * 20 * 499


def test_both_halves_together_are_the_network(network: StudentNetwork) -> None:
    early, late = mobilenet.divided(network.features)
    with torch.inference_mode():
        heard = frames(499)
        _, whole = network(heard[None])
        pooled = late(early(heard[None, None])).mean(dim=(2, 3))
    torch.testing.assert_close(pooled, whole, rtol=0, atol=0)


def test_a_convolution_of_one_point_is_a_matrix_product() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(6, 10, 1), nn.ReLU(), nn.Conv2d(10, 10, 3, padding=1))
    x = torch.randn(3, 6, 7, 9).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        before = layers(x)
        after = pointwise(layers)(x)
    assert [type(layer) for layer in layers] == [Pointwise, nn.ReLU, nn.Conv2d]
    torch.testing.assert_close(after, before, rtol=0, atol=1e-6)


def test_layers_that_weigh_channels_nowhere_cannot_be_divided() -> None:
    with pytest.raises(ValueError, match="No layer"):
        mobilenet.divided(nn.Sequential(nn.Conv2d(1, 1, 3)))
