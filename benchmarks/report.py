"""The numbers as text: aligned tables, and a comparison with an earlier run."""

from typing import Any

from .cases import Case
from .measure import deviations, exponent, ratio, reference, typical
from .workers import CONTESTANTS

Results = dict[str, Any]

OURS = ("numpy", "numba", "numba-compiled")
TOLERANCE = 1e-4

TITLES = {
    "networks": "One training step: zero_grad, forward, cross entropy, backward, Adam",
    "kernels": "Kernels, through the public functions",
    "overhead": "Recording: time per operation on a tensor of 4 elements",
    "scaling": "Growth with size",
}


def duration(seconds: float | None) -> str:
    """Three digits and a unit."""
    if seconds is None:
        return "–"
    unit, scale = ("s", 1.0) if seconds >= 1 else ("ms", 1e3) if seconds >= 1e-3 else ("µs", 1e6)
    value = seconds * scale
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Columns aligned: the first to the left, the others to the right."""
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    lines = []
    for line in [head, ["─" * width for width in widths], *rows]:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _ratio(row: Results, name: str, *, spread: bool) -> str:
    if reference(row) == name:
        return "1"
    found = ratio(row, name)
    if found is None:
        return "–"
    middle, low, high = found
    return f"{middle:.2f} ({low:.2f}–{high:.2f})" if spread else f"{middle:.2f}"


def _seen(section: Results) -> list[str]:
    return [name for name in CONTESTANTS if any(name in row for row in section.values())]


def _times(section: Results, *, spread: bool) -> str:
    """Times of everybody, then everybody's ratio to the reference."""
    names = _seen(section)
    compared = [name for name in names if any(reference(row) not in (None, name) for row in section.values())]
    head = ["", *(CONTESTANTS[name].title for name in names), *(f"{CONTESTANTS[name].title} ÷" for name in compared)]
    rows = []
    for title, row in section.items():
        cells = ["error" if "error" in row.get(name, {}) else duration(typical(row.get(name))) for name in names]
        rows.append([title, *cells, *(_ratio(row, name, spread=spread) for name in compared)])
    return table(head, rows)


def _memory(section: Results) -> str:
    names = _seen(section)
    rows = []
    for title, row in section.items():
        memories = [row.get(name, {}).get("memory") for name in names]
        rows.append([title, *(f"{m['peak']:.0f} (+{m['grown']:.0f})" if m else "–" for m in memories)])
    return table(["", *(CONTESTANTS[name].title for name in names)], rows)


def _agreement(section: Results) -> str:
    """Whether everybody computes the same loss and gradient from the same weights."""
    lines = []
    for title, row in section.items():
        parts = []
        for name in row:
            if far := deviations(row, name):
                shown = ", ".join(f"{x:.0e}" for x in far)
                parts.append(f"{CONTESTANTS[name].title} {shown}{' DIFFERENT' * (max(far) > TOLERANCE)}")
        if parts:
            lines.append(f"  {title:10} {'; '.join(parts)}")
    return "\n".join(lines)


def _exponents(section: Results, cases: list[Case]) -> str:
    names = _seen(section)
    groups = dict.fromkeys(case.group for case in cases if case.group)
    rows = []
    for group in groups:
        cells = []
        for name in names:
            points = [
                (case.size, typical(section.get(case.row, {}).get(name))) for case in cases if case.group == group
            ]
            power = exponent([(size, time) for size, time in points if time is not None])
            cells.append("–" if power is None else f"{power:.2f}")
        rows.append([f"time ∝ ({group})^", *cells])
    return table(["", *(CONTESTANTS[name].title for name in names)], rows)


def _errors(section: Results) -> list[str]:
    """One line per error, with the rows that it struck."""
    struck: dict[str, list[str]] = {}
    for title, row in section.items():
        for name, result in row.items():
            if "error" in result:
                struck.setdefault(f"{CONTESTANTS[name].title}: {result['error']}", []).append(title)
    return [
        f"  {error} [{'; '.join(rows[:3])}{f' and {len(rows) - 3} more' * (len(rows) > 3)}]"
        for error, rows in struck.items()
    ]


def text(report: Results, cases: list[Case]) -> str:
    """The whole report."""
    where = report["machine"]
    parts = [
        f"{where['cpu']}, {where['threads']} threads for everybody, {where['system']}, Python {where['python']}",
        f"commit {where['commit']}, {where['date']}",
    ]
    if where["settings"]:
        parts.append(
            "set in the environment: " + ", ".join(f"{key}={value}" for key, value in where["settings"].items())
        )
    for name, versions in where["versions"].items():
        parts.append(f"  {CONTESTANTS[name].title}: " + ", ".join(f"{key} {value}" for key, value in versions.items()))
    for name, why in report["absent"].items():
        parts.append(f"  {CONTESTANTS[name].title}: left out, {why}")
    parts.append(
        f"Medians of {where['rounds']} alternating turns. ÷: time relative to the faster of PyTorch's layouts."
    )
    for key, section in report["sections"].items():
        parts += ["", TITLES[key], "", _times(section, spread=key == "networks")]
        if key == "networks":
            parts += ["", "Peak memory of the process in MiB (of which since the imports)", "", _memory(section)]
            parts += [
                "",
                "Relative difference from PyTorch, with the same weights: of the loss, of the gradient's norm",
                _agreement(section),
            ]
        if key == "scaling":
            parts += ["", _exponents(section, cases)]
        if errors := _errors(section):
            parts += ["", "Errors", *errors]
    if report["imports"]:
        rows = [
            [f"import {name}", duration(typical(found)) if "times" in found else found["error"]]
            for name, found in report["imports"].items()
        ]
        parts += ["", "Import, in a new interpreter", "", table(["", "time"], rows)]
    return "\n".join(parts)


def comparison(old: Results, new: Results) -> str:
    """What changed since an earlier run: times, and ratios to PyTorch, which hold across machines and loads."""
    rows = []
    for key, section in new["sections"].items():
        for title, row in section.items():
            before = old["sections"].get(key, {}).get(title, {})
            for name in OURS:
                was, now = typical(before.get(name)), typical(row.get(name))
                if was is None or now is None:
                    continue
                ratios = [ratio(before, name), ratio(row, name)]
                shown = [f"{r[0]:.2f}" if r else "–" for r in ratios]
                change = ratios[1][0] / ratios[0][0] if ratios[0] and ratios[1] else now / was
                rows.append(
                    [f"{title}, {CONTESTANTS[name].title}", duration(was), duration(now), *shown, f"{change:.2f}"]
                )
    where = old["machine"]
    head = ["", "before", "now", "÷ before", "÷ now", "change"]
    return f"Before: commit {where['commit']}, {where['date']}, {where['cpu']}\n\n" + table(head, rows)
