"""Where torch comes from, decided from pip's own reports."""

from __future__ import annotations

from typing import Any

import pytest

from launcher.torch_wheel import PUBLISHER_INDEX, Choice, Offer, choose, read_offer

LINUX = {"system": "Linux", "machine": "x86_64"}
CPU = Offer("cpu", "https://example.org/torch-2.13.0%2Bcpu.whl")
CUDA = Offer("cuda", "https://example.org/torch-2.13.0.whl")
ABSENT = Offer("absent")


def a_report(url: str, *requires: str) -> dict[str, Any]:
    return {
        "install": [
            {
                "download_info": {"url": url},
                "metadata": {"name": "torch", "requires_dist": ["filelock", *requires]},
            }
        ]
    }


def never() -> Offer:
    pytest.fail("the publisher's index was asked although it did not matter")


def test_a_wheel_on_this_machine_is_taken_as_it_is() -> None:
    report = a_report("file:///wheels/torch.whl", 'nvidia-cublas==13.1; platform_system == "Linux"')
    offer = read_offer(report, **LINUX)
    assert offer == Offer("local", "file:///wheels/torch.whl")
    assert choose(offer, never) == Choice(index=None, large=False)


def test_a_wheel_without_cuda_is_taken_from_the_configured_index() -> None:
    offer = read_offer(a_report(CPU.address, 'optree>=0.13; extra == "optree"'), **LINUX)
    assert offer == CPU
    assert choose(offer, never) == Choice(index=None, large=False)


@pytest.mark.parametrize(
    "requirement",
    [
        'nvidia-cudnn-cu13==9.1; platform_system == "Linux" and platform_machine == "x86_64"',
        "nvidia_cublas==13.1",
        "cuda-toolkit[cublas]==13.0",
        'cuda-bindings==13; platform_system != "Windows"',
    ],
)
def test_cuda_libraries_are_recognised_by_what_the_wheel_asks_for(requirement: str) -> None:
    assert read_offer(a_report(CUDA.address, requirement), **LINUX) == CUDA


@pytest.mark.parametrize(
    ("system", "machine"), [("Darwin", "arm64"), ("Windows", "AMD64"), ("Linux", "riscv64")]
)
def test_cuda_libraries_for_other_machines_do_not_count(system: str, machine: str) -> None:
    requirement = 'nvidia-cublas; platform_system == "Linux" and platform_machine == "x86_64"'
    offer = read_offer(a_report(CUDA.address, requirement), system=system, machine=machine)
    assert offer.kind == "cpu"


def test_an_optional_extra_with_cuda_does_not_count() -> None:
    offer = read_offer(a_report(CPU.address, 'nvidia-ml; extra == "gpu"'), **LINUX)
    assert offer.kind == "cpu"


@pytest.mark.parametrize("report", [None, {}, {"install": []}])
def test_a_report_of_nothing_is_an_absent_offer(report: dict[str, Any] | None) -> None:
    assert read_offer(report, **LINUX) == ABSENT


@pytest.mark.parametrize("configured", [CUDA, ABSENT])
def test_pytorchs_own_cpu_index_comes_second(configured: Offer) -> None:
    assert choose(configured, lambda: CPU) == Choice(index=PUBLISHER_INDEX, large=False)


def test_the_large_download_comes_last_and_is_asked_for() -> None:
    assert choose(CUDA, lambda: ABSENT) == Choice(index=None, large=True)


def test_torch_nowhere_is_no_choice() -> None:
    assert choose(ABSENT, lambda: ABSENT) is None
