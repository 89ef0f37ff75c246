"""A user's strictly typed program passes mypy and pyright, and a misspelt method fails in both.

The program is checked from a folder of its own, so the checkers see the package as users do: installed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("user_program.py")
# Kept between runs: most of the work is the package itself.
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "mypy-user"
# What is wrong, the line that has it, and a word of what each checker must say about it.
MISTAKES = {
    "client.scene.get_scene_by_uuids([uuid])": ("get_scene_by_uuids", "get_scene_by_uuids"),
    "client.scenes.get_scenes_by_uuids([uuid])": ("scenes", "scenes"),
    "client.project.create_batch('p', publish=True)": ("publish", "publish"),
    "client.task.assign_task(uuid, user_id='me')": ("assign_task", "user_id"),
    "Cameras(external_id=1, frame=None)": ("Cameras", "external_id"),
    "client.scene.get_scene_summary(uuid).externalid": ("externalid", "externalid"),
}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("typing")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, and a second one with a mistake on each line after the first few."""
    path = tmp_path_factory.mktemp("user")
    (path / "program.py").write_text(PROGRAM.read_text("utf-8"), "utf-8")
    (path / "mistakes.py").write_text(
        "\n".join([*HEADER, *(f"    {line}" for line in MISTAKES)]) + "\n", "utf-8"
    )
    return path


HEADER = (
    "from kognic.io.client import KognicIOClient",
    "from kognic.io.model.scene.cameras import Cameras",
    "def mistakes(client: KognicIOClient, uuid: str) -> None:",
)


def test_mypy(folder: Path) -> None:
    """mypy --strict has nothing to say about the program, and names every mistake on its line."""
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-error-summary",
        "--cache-dir",
        CACHE,
    ]

    checked = check([*command, "program.py", "mistakes.py"], folder)

    assert [line for line in checked if line.startswith("program.py")] == []
    assert_mistakes(checked, 0)


def test_pyright(folder: Path) -> None:
    """pyright in strict mode has no error in the program, and names every mistake on its line."""
    settings = '{"pythonVersion": "3.11", "typeCheckingMode": "standard", "strict": ["program.py"]}'
    (folder / "pyrightconfig.json").write_text(settings, "utf-8")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "program.py", "mistakes.py"]

    checked = [line.strip().removeprefix(f"{folder}/") for line in check(command, folder)]

    assert [line for line in checked if line.startswith("program.py") and " error: " in line] == []
    assert_mistakes(checked, 1)


def check(command: Sequence[str | Path], folder: Path) -> list[str]:
    """The lines that a checker prints."""
    done = subprocess.run(
        [str(c) for c in command], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout, done.stderr
    return done.stdout.splitlines()


def assert_mistakes(checked: list[str], checker: int) -> None:
    """Every line of the second program with a mistake has an error that says what is wrong."""
    for number, (line, words) in enumerate(MISTAKES.items(), start=len(HEADER) + 1):
        said = [text for text in checked if text.startswith(f"mistakes.py:{number}:")]
        assert any("error" in text and words[checker] in text for text in said), (line, said, checked)
