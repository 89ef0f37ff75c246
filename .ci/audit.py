"""Asks pip-audit for known vulnerabilities of what is installed, and says plainly when that was not possible.

    python .ci/audit.py [--lenient]

pip-audit needs the advisories of PyPI. Where they cannot be had (no network, a mirror without them) it calls
every package unknown, and then reports that no vulnerability is known. Exit status: 0 if packages were looked
up and none has a known vulnerability, 1 if one has, 2 if nothing could be looked up; with `--lenient`, 0.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

LIMIT = 180


def verdict(report: Mapping[str, Any] | None, trouble: str, *, lenient: bool) -> tuple[int, str]:
    """Exit status and words for pip-audit's JSON report; None if it made none."""
    packages = report["dependencies"] if report else []
    looked_up = [one for one in packages if "vulns" in one]
    if not looked_up:
        why = trouble or next((one["skip_reason"] for one in packages), "pip-audit gave no report")
        return 0 if lenient else 2, f"audit: NOT DONE, no advisories could be had: {why}"
    unknown = len(packages) - len(looked_up)
    found = [
        f"audit: {one['name']} {one['version']}: {vulnerability['id']}, fixed in "
        f"{', '.join(vulnerability['fix_versions']) or 'no version'}"
        for one in looked_up
        for vulnerability in one["vulns"]
    ]
    counted = f"audit: {len(looked_up)} packages looked up, {unknown} unknown, {len(found)} vulnerabilities"
    return int(bool(found)), "\n".join([*found, counted])


def main() -> int:
    command = ["-m", "pip_audit", "--progress-spinner", "off", "--skip-editable", "--format", "json"]
    report, trouble = None, ""
    try:
        done = subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, timeout=LIMIT, check=False
        )
        if done.stdout.strip():
            report = json.loads(done.stdout)
        else:
            trouble = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    except subprocess.TimeoutExpired:
        trouble = f"no answer within {LIMIT} s"
    status, words = verdict(report, trouble, lenient="--lenient" in sys.argv)
    print(words)
    return status


if __name__ == "__main__":
    sys.exit(main())
