"""The transcribed import paths are true: they resolve with the official packages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.documented_api.load import enums, imports, models
from tests.interop.environments import Environment

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.xdist_group("interop")]

CODE = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
missing = []
for module, name in json.load(sys.stdin):
    try:
        exec(f"from {module} import {name}", {})
    except ImportError as error:
        missing.append(str(error))
print(json.dumps(missing))
"""
ELSEWHERE = ("kognic.query",)
# New in kognic-io 2.19.1, after the version that can be installed (its changelog).
NEWER = {("kognic.io.model", name) for name in ("BaseSerializer", "Callback", "UploadableData")}


def test_documented_paths_resolve_with_the_official_packages(
    official_io: Environment, tmp_path: Path
) -> None:
    """What this project is held to offer is what kognic-io 2.19.0 and its companions offer."""
    paths = [(module, name) for module, names in imports().items() for name in names]
    paths += [(module, name) for name, modules, _ in enums() for module in modules]
    paths += [(module, model.name) for model in models() for module in model.modules]
    asked = [path for path in paths if not path[0].startswith(ELSEWHERE) and path not in NEWER]

    done = official_io.run([official_io.python, "-c", CODE], cwd=tmp_path, stdin=json.dumps(asked))

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
