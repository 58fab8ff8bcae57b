"""A benchmark's report as Markdown, as it is kept in `benchmarks/`."""

from __future__ import annotations

from typing import Any

from rs3l_data.report.numbers import NOTHING, duration

_COLUMNS = (
    "network",
    "parameters",
    "views/step",
    "ms/step",
    "views/s",
    "MFLOP/view",
    "of peak",
    "MB/view",
    "of peak",
    "GPU busy",
    "pretraining",
)


def as_markdown(report: dict[str, Any]) -> str:
    """Write the report of `benchmark` as tables."""
    hardware, peaks, loader = report["hardware"], report["peaks"], report["loader"]
    facts = [*hardware.items(), *report["settings"].items()]
    return "\n".join(
        [
            ", ".join(f"{key} {value}" for key, value in facts if value is not None),
            "",
            f"Peaks: {peaks['flops_per_second'] / 1e12:.3g} TFLOP/s,"
            f" {peaks['bytes_per_second'] / 1e9:.3g} GB/s",
            "",
            f"Loader: {loader['read_jets_per_second']:,.0f} jets/s of one view read,"
            f" {loader['gather_views_per_second']:,.0f} views/s gathered,"
            f" {loader['stream_jets_per_second']:,.0f} jets/s streamed",
            "",
            f"| {' | '.join(_COLUMNS)} |",
            f"|{'---|' * len(_COLUMNS)}",
            *(f"| {' | '.join(_cells(step))} |" for step in report["steps"]),
        ]
    )


def _cells(step: dict[str, Any]) -> list[str]:
    busy = step["gpu_busy"]
    return [
        step["network"],
        f"{step['parameters']:,}",
        f"{step['views_per_step']:,.0f}",
        f"{1e3 * step['seconds_per_step']:.3g}",
        f"{step['views_per_second']:,.0f}",
        f"{step['flops_per_view'] / 1e6:.3g}",
        f"{step['of_peak_flops']:.0%}",
        f"{step['bytes_per_view'] / 1e6:.3g}",
        f"{step['of_peak_bytes']:.0%}",
        NOTHING if busy is None else f"{busy:.0%}",
        duration(step["pretraining_seconds"]),
    ]
