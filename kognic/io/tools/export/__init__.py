"""Exporting what the platform delivers.

from kognic.io.tools.export import export_annotations
"""

from __future__ import annotations

from kognic.io.tools.export.annotations import ExportReport, Failure, export_annotations
from kognic.io.tools.export.index import Exported, ExportError

__all__ = ["ExportError", "ExportReport", "Exported", "Failure", "export_annotations"]
