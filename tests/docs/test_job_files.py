"""The job files of docs/bulk.md: their schedulers accept them, and their command survives a preemption."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from kognic.cli import signals
from kognic.sandbox import Sandbox
from tests.cli.test_signals import SCENES, drives, start

__all__ = ["drives"]

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "bulk.md").read_text(encoding="utf-8")
KUBERNETES = "1.31"
# The options of sbatch that job files may use, with the form of their values: man sbatch.
SBATCH = {
    "--job-name": r"[\w-]+",
    "--time": r"(\d+-)?\d+:\d\d:\d\d",
    "--cpus-per-task": r"\d+",
    "--requeue": "",
    "--signal": r"(?:[BR]{1,2}:)?[A-Z0-9]+(?:@\d+)?",
}


def block(language: str, beginning: str) -> str:
    """The block of the page that begins like this."""
    (found,) = re.findall(
        rf"^```{language}\n({re.escape(beginning)}.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL
    )
    return str(found)


def kubernetes_job() -> dict[str, Any]:
    job: dict[str, Any] = yaml.safe_load(block("yaml", "apiVersion: batch/v1"))
    return job


def slurm_script() -> str:
    return block("bash", "#!/bin/bash\n#SBATCH")


def commands() -> dict[str, list[str]]:
    """What each job runs."""
    (container,) = kubernetes_job()["spec"]["template"]["spec"]["containers"]
    (line,) = re.findall(r"^srun (kognic .*)$", slurm_script(), flags=re.MULTILINE)
    return {"kubernetes": container["command"], "slurm": shlex.split(line)}


def test_kubernetes_accepts_the_job() -> None:
    """It follows the schema strictly, and every volume that is mounted is one of the pod's."""
    job = kubernetes_job()
    kubernetes_validate.validate(job, KUBERNETES, strict=True)
    pod = job["spec"]["template"]["spec"]
    mounted = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    # The journal has to outlive the pod, and the run has to be started again.
    (journal,) = (volume for volume in pod["volumes"] if volume["name"] == "journal")
    assert "persistentVolumeClaim" in journal
    assert pod["restartPolicy"] == "OnFailure"


def test_slurm_accepts_the_script(tmp_path: Path) -> None:
    script = tmp_path / "job.sh"
    script.write_text(slurm_script())
    subprocess.run(["bash", "-n", str(script)], check=True)
    options = [
        word
        for line in re.findall(r"^#SBATCH (.*)$", slurm_script(), flags=re.MULTILINE)
        for word in line.split()
    ]
    for option in options:
        name, _, value = option.partition("=")
        assert re.fullmatch(SBATCH[name], value), option
    # Time enough to stop, and started again afterwards.
    assert "--requeue" in options
    (seconds,) = re.findall(r"--signal=TERM@(\d+)", slurm_script())
    assert int(seconds) > signals.GRACE + 10


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ["kubernetes", "slurm"])
def test_preempted_job_resumes(kognic_sandbox: Sandbox, drives: Path, tmp_path: Path, scheduler: str) -> None:
    """SIGTERM ends the command with 143; the same command again creates the rest, and nothing twice."""
    control = kognic_sandbox.control
    control.create_project("city")
    control.create_batch("city", "week-1")
    control.create_request("city", "week-1")
    places = {"/data/campaign": str(drives), "/journal/campaign": str(tmp_path / "j"),
              "$HOME/campaign.journal": str(tmp_path / "j")}  # fmt: skip
    program, *arguments = (places.get(word, word) for word in commands()[scheduler])
    assert program == "kognic"
    with control.held():
        process = start(kognic_sandbox, tmp_path, *arguments)
        while len([s for s in control.scenes() if s["status"] != "pending"]) < SCENES // 2:
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=signals.GRACE + 30)
    assert process.returncode == 128 + signal.SIGTERM, said

    again = start(kognic_sandbox, tmp_path, *arguments)
    _, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    names = {f"drive-{n}": 1 for n in range(SCENES)}
    assert Counter(s["externalId"] for s in control.scenes()) == names
    with kognic_sandbox.client() as client:
        inputs = client.input.query_inputs(project="city")
    assert Counter(i.scene_external_id for i in inputs) == names
