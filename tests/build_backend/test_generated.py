"""Files that are generated at build time: the modules of the official client, and the creators' stubs."""

from __future__ import annotations

import importlib
import runpy
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
GENERATED: dict[str, Any] = runpy.run_path(str(ROOT / "build_backend" / "generated.py"))


def files() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path, _ in GENERATED["generated_files"]())


def test_this_installation_has_them() -> None:
    """An editable installation wrote them into the source tree, as the tables say."""
    assert GENERATED["stale_files"]() == []


def test_modules_export_what_their_source_defines() -> None:
    for row in GENERATED["official_paths"]():
        module, source = importlib.import_module(row.module), importlib.import_module(row.source)
        for name in row.names:
            assert getattr(module, name) is getattr(source, name)


def test_git_ignores_them() -> None:
    """None is in the repository, and none of them shows up as untracked."""
    ignored = {line.removeprefix("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()}
    assert set(files()) <= ignored
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not set(files()) & set(tracked.splitlines())


def test_nothing_here_imports_them() -> None:
    """They are for users: code of the project imports from where a name is defined."""
    generated = {row.module for row in GENERATED["official_paths"]()}
    tracked = subprocess.run(
        ["git", "ls-files", "kognic/*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in tracked:
        lines = (ROOT / name).read_text("utf-8").splitlines() if (ROOT / name).is_file() else []
        imported = {line.split()[1] for line in lines if line.lstrip().startswith("from kognic.")}
        assert not generated & imported, name
