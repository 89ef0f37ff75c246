"""Build backend: setuptools, after the viewer was bundled and generated files were written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from setuptools import build_meta

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bundle
from generated import write_files

prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    """Node.js, if the viewer has to be bundled and there is none."""
    return [*build_meta.get_requires_for_build_wheel(config_settings), *bundle.requirements()]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:
    """Node.js, if the viewer has to be bundled and there is none."""
    return [*build_meta.get_requires_for_build_editable(config_settings), *bundle.requirements()]


def get_requires_for_build_sdist(config_settings: Any = None) -> list[str]:
    """Node.js, if the viewer has to be bundled and there is none."""
    return [*build_meta.get_requires_for_build_sdist(config_settings), *bundle.requirements()]


def build_wheel(*args: Any, **kwargs: Any) -> str:
    """Build a wheel."""
    _prepare()
    return build_meta.build_wheel(*args, **kwargs)


def build_editable(*args: Any, **kwargs: Any) -> str:
    """Build an editable wheel; generated files go into the source tree."""
    _prepare()
    return build_meta.build_editable(*args, **kwargs)


def build_sdist(*args: Any, **kwargs: Any) -> str:
    """Build a source distribution."""
    _prepare()
    return build_meta.build_sdist(*args, **kwargs)


def _prepare() -> None:
    bundle.prepare()
    write_files()
