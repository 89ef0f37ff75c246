"""Imports point one way: _core <- auth <- base_clients <- io, query <- annotations <- ... <- sandbox <- cli.

The rule itself is `[tool.importlinter]` in pyproject.toml.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAYERS = (
    "_core",
    "auth",
    "base_clients",
    "io",
    "query",
    "annotations",
    "scenes",
    "viewer",
    "pipelines",
    "sandbox",
    "cli",
)


def lint_imports(folder: Path, contracts: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages below a folder."""
    configuration = folder / "importlinter.toml"
    configuration.write_text(contracts, "utf-8")
    # The command puts its folder first on the path, so the skeleton is what it reads.
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", str(configuration), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def contracts() -> str:
    """The sections of pyproject.toml that hold the rule."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    sections = re.split(r"^(?=\[)", text, flags=re.MULTILINE)
    return "".join(s for s in sections if s.startswith(("[tool.importlinter", "[[tool.importlinter")))


def test_the_project_keeps_its_layers() -> None:
    """No import of the project points up."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_an_import_that_points_up_breaks_the_rule(tmp_path: Path) -> None:
    """The project's own contracts, put over a skeleton of it, notice every import in the wrong direction."""
    wrong = {
        "_core/to_auth.py": "kognic.auth",
        "auth/to_base_clients.py": "kognic.base_clients",
        "auth/to_io.py": "kognic.io.client",
        "base_clients/to_io.py": "kognic.io.model",
        "io/resources/to_query.py": "kognic.query",
        "query/to_io.py": "kognic.io.model",
        "io/tools/to_sandbox.py": "kognic.sandbox",
        "io/model/to_resources.py": "kognic.io.resources",
        "io/client/to_tools.py": "kognic.io.tools",
        "io/to_scenes.py": "kognic.scenes",
        "annotations/to_scenes.py": "kognic.scenes",
        "scenes/to_viewer.py": "kognic.viewer",
        "viewer/to_pipelines.py": "kognic.pipelines",
        "viewer/frames.py": "kognic.io.model",
        "viewer/page.py": "kognic.base_clients",
        "pipelines/to_sandbox.py": "kognic.sandbox",
        "sandbox/to_cli.py": "kognic.cli",
        "sandbox/platform/to_model.py": "kognic.io.model",
        "sandbox/platform/to_client.py": "kognic.io.client",
        "sandbox/platform/to_base_clients.py": "kognic.base_clients",
    }
    sketch(tmp_path)
    write_imports(tmp_path, wrong)

    done = lint_imports(tmp_path, contracts())

    assert done.returncode == 1, done.stdout + done.stderr
    assert "4 broken" in done.stdout
    for module, imported in wrong.items():
        importer = "kognic." + module.removesuffix(".py").replace("/", ".")
        assert f"{importer} -> {imported} (l.1)" in done.stdout


def test_imports_that_point_down_keep_the_rule(tmp_path: Path) -> None:
    """The same skeleton with imports in the allowed direction passes."""
    sketch(tmp_path)
    right = {
        "auth/a.py": "kognic._core",
        "base_clients/a.py": "kognic.auth",
        "annotations/a.py": "kognic.io",
        "scenes/a.py": "kognic.annotations",
        "viewer/a.py": "kognic.scenes",
        "pipelines/a.py": "kognic.viewer",
        "io/resources/a.py": "kognic.io.model",
        "io/client/a.py": "kognic.io.resources",
        "io/tools/a.py": "kognic.io.client",
        "query/a.py": "kognic.base_clients",
        "sandbox/a.py": "kognic.io.client",
        "sandbox/platform/a.py": "kognic.scenes.checks",
        "cli/a.py": "kognic.sandbox",
    }
    write_imports(tmp_path, right)

    done = lint_imports(tmp_path, contracts())

    assert done.returncode == 0, done.stdout + done.stderr


def sketch(folder: Path) -> None:
    """Empty packages with the names of the project's."""
    inside_io = ("io/model", "io/resources", "io/client", "io/tools")
    for package in (*LAYERS, *inside_io, "sandbox/platform"):
        path = folder / "kognic" / package
        path.mkdir(parents=True)
        (path / "__init__.py").touch()
    for module in ("annotations", "document", "frames", "packing", "page", "pictures"):
        (folder / "kognic" / "viewer" / f"{module}.py").touch()
    for module in ("kognicutil", "scene_creators", "scene_kinds"):
        (folder / f"kognic/io/{module}.py").touch()


def write_imports(folder: Path, imports: dict[str, str]) -> None:
    """Modules with one import each."""
    for module, imported in imports.items():
        (folder / "kognic" / module).write_text(f"import {imported}\n", "utf-8")
