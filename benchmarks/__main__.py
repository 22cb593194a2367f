"""`python -m benchmarks`: ours beside PyTorch, in alternation; see --help."""

import argparse
import json
import sys
from pathlib import Path

import tinygrad_cnn

from .cases import all_cases
from .measure import Options, choose, import_times, measure, surroundings
from .report import TITLES, comparison, text
from .workers import CONTESTANTS, cores


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="TEXT",
        help=f"rows that contain one of these texts, or sections: {', '.join(TITLES)}, imports",
    )
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, help="all that are installed by default")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to compute (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="two short rounds, no large sizes: does it run?")
    parser.add_argument("--rounds", type=int, help="turns per contestant (7)")
    parser.add_argument("--turn", type=float, help="seconds per turn (0.4)")
    parser.add_argument(
        "--threads", type=int, default=cores(), help="for every contestant (the physical cores: %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write everything that was measured there")
    parser.add_argument("--compare", type=Path, metavar="OLD.json", help="show what changed since that run")
    return parser.parse_args(argv)


def _say(line: str) -> None:
    """Progress: one line that replaces itself on a terminal, lines elsewhere."""
    ending = "\r" if sys.stderr.isatty() else "\n"
    print(line[:118].ljust(118) if ending == "\r" else line, end=ending, file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    """Measure, print, write."""
    wanted = _arguments(argv)
    old = json.loads(wanted.compare.read_text(encoding="utf-8")) if wanted.compare else None  # fails early, if at all
    rounds = wanted.rounds or (2 if wanted.quick else 7)
    turn = wanted.turn if wanted.turn is not None else (0.02 if wanted.quick else 0.4)
    options = Options(rounds, turn, 1 if wanted.quick else 3, wanted.threads, wanted.quick)
    cases = all_cases(quick=wanted.quick)
    if wanted.only:
        cases = [case for case in cases if any(part == case.section or part in case.row for part in wanted.only)]
    if wanted.device == "cuda" and (reason := tinygrad_cnn.cuda.why_not()):
        print(f"no CUDA device: {reason}", file=sys.stderr)
        return 1
    names, absent = choose(wanted.contestants, wanted.device, _say)
    report = {
        "machine": surroundings(names, options),
        "absent": absent,
        "sections": measure(cases, names, options, _say),
        "imports": import_times(rounds, _say) if not wanted.only or "imports" in wanted.only else {},
    }
    if wanted.json:
        wanted.json.write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")
    print(text(report, cases))
    if old is not None:
        print("\n" + comparison(old, report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
