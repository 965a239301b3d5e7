"""The demo: gradwise finds the fault of a sick script and clears its healed twin.

The expected exit codes differ (1 for the sick script, 0 for the healed one), so
this says at the end whether both came out as they should.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = Path(".gradwise/runs")  # below ROOT: where `gradwise runs` and `gradwise report` look
SICK, HEALED = Path("examples/digits_sick.py"), Path("examples/digits_healed.py")
FAULT = "softmax-twice"  # the one fault of the sick script


def main() -> int:
    """Check both scripts; 0 when the fault is named first and the twin gets a clean bill."""
    for script in (SICK, HEALED):
        shutil.rmtree(ROOT / place(script), ignore_errors=True)  # a run directory is never written twice
    (ROOT / RUNS).mkdir(parents=True, exist_ok=True)
    sick_code, sick_rules = check(SICK)
    healed_code, healed_rules = check(HEALED)
    print()
    if sick_code != 1 or sick_rules[:1] != [FAULT]:
        print(f"demo: expected {FAULT} first in {SICK} (exit 1), got {told(sick_rules)} (exit {sick_code}).")
        return 1
    if healed_code != 0 or healed_rules:
        print(f"demo: expected nothing in {HEALED} (exit 0), got {told(healed_rules)} (exit {healed_code}).")
        return 1
    print(f"demo: as expected, {SICK} has {FAULT} and {HEALED} is healthy.")
    print(f"demo: the HTML reports lie in {place(SICK) / 'report.html'}")
    print(f"demo:                     and {place(HEALED) / 'report.html'}")
    return 0


def check(script: Path) -> tuple[int, list[str]]:
    """Run ``gradwise check`` on a script in a process of its own.

    Returns:
        Its exit code and the rules it named, strongest cause first.
    """
    result = RUNS / f"demo-{script.stem}.json"
    (ROOT / result).unlink(missing_ok=True)
    command = ["check", "--out", str(place(script)), "--json", str(result), str(script)]
    print(f"\n$ gradwise {' '.join(command)}", flush=True)
    program = Path(sys.executable).with_name("gradwise")
    code = subprocess.run([str(program), *command], cwd=ROOT, check=False).returncode
    if not (ROOT / result).is_file():
        return code, []
    findings = json.loads((ROOT / result).read_text(encoding="utf-8"))["findings"]
    return code, [finding["rule"] for finding in findings]


def place(script: Path) -> Path:
    """The run directory of a demo script, below ROOT."""
    return RUNS / f"demo-{script.stem}"


def told(rules: list[str]) -> str:
    """The rules in one phrase."""
    return ", ".join(rules) if rules else "nothing"


if __name__ == "__main__":
    sys.exit(main())
