"""Filter banks and spectra, held against what they are by definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from candidates.detector.filterbank import kaldi_mel, mel_filterbank
from candidates.detector.melspectrum import MelSpectrum


def test_a_thousand_hertz_are_a_thousand_mel() -> None:
    assert float(kaldi_mel(1000.0)) == pytest.approx(1000.0, abs=0.05)


@given(
    st.integers(2, 128),
    st.sampled_from([256, 512, 1024, 2048]),
    st.floats(0.0, 500.0),
    st.floats(3000.0, 8000.0),
)
def test_neighbouring_triangles_share_out_every_bin_between_the_outer_centres(
    n_bands: int, n_fft: int, low: float, high: float
) -> None:
    bank = mel_filterbank(n_bands, n_fft, 16_000, low, high)
    assert bank.shape == (n_bands, n_fft // 2 + 1)
    assert bank.min() >= 0.0
    assert bank.max() <= 1.0
    edges = np.linspace(float(kaldi_mel(low)), float(kaldi_mel(high)), n_bands + 2)
    bins = kaldi_mel(np.arange(n_fft // 2 + 1) * 16_000 / n_fft)
    between = (bins > edges[1]) & (bins < edges[-2])
    between[[0, -1]] = False
    np.testing.assert_allclose(bank[:, between].sum(axis=0), 1.0, atol=1e-5)
    outside = (bins < edges[0]) | (bins > edges[-1])
    assert not bank[:, outside].any()


@pytest.mark.parametrize("magnitude", [False, True])
def test_blocks_of_bands_sum_as_the_whole_bank_does(magnitude: bool) -> None:
    bank = mel_filterbank(80, 2048, 32_000, 40.0, 15_000.0)
    taper = torch.hann_window(2048)
    spectrum = MelSpectrum(bank, taper=taper, hop=640, magnitude=magnitude)
    audio = torch.from_numpy(np.random.default_rng(0).normal(size=9000)).float()
    frames = audio.unfold(0, 2048, 640).numpy() * taper.numpy()
    energy = np.abs(np.fft.rfft(frames.astype(np.float64))) ** (1 if magnitude else 2)
    np.testing.assert_allclose(spectrum(audio).numpy(), bank @ energy.T, rtol=1e-4, atol=1e-4)


def test_long_recordings_are_transformed_in_pieces_without_a_seam() -> None:
    bank = mel_filterbank(8, 64, 8000, 0.0, 4000.0)
    spectrum = MelSpectrum(bank, taper=torch.ones(64), hop=4)
    audio = torch.from_numpy(np.random.default_rng(1).normal(size=64 + 4 * 9000)).float()
    whole = spectrum(audio)
    assert whole.shape == (8, 9001)
    around = spectrum(audio[4 * 4090 : 4 * 4100 + 64])
    torch.testing.assert_close(whole[:, 4090:4101], around)


def test_a_short_taper_sits_in_the_middle_of_its_frame() -> None:
    bank = np.zeros((4, 33), np.float32)
    bank[:, 1:5] = np.eye(4)
    spectrum = MelSpectrum(bank, taper=torch.ones(10), hop=64)
    for place, heard in ((26, False), (27, True), (36, True), (37, False)):
        audio = torch.zeros(64)
        audio[place] = 1.0
        assert bool(spectrum(audio).any()) == heard
