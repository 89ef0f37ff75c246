"""One module for each camera model whose formula is published: formula, rules on its parameters, converter.

A module is called as the calibration type. What the general code asks of it is its `MODEL`, a
`kognic.scenes.geometry.camera_model.CameraModel`; a module that is added here is found by its name.
"""

from __future__ import annotations

from pkgutil import iter_modules

KINDS: tuple[str, ...] = tuple(sorted(module.name for module in iter_modules(__path__)))
"""Calibration types of the modules. The viewer's page computes the same formulas (`web/src/optics.ts`)."""
