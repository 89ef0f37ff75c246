"""Exporting what the platform delivers.

from kognic.pipelines.export import export_annotations
"""

from __future__ import annotations

from kognic._core.run_errors import ExportError
from kognic.pipelines.export.annotations import ExportReport, Failure, export_annotations
from kognic.pipelines.export.index import Exported

__all__ = ["ExportError", "ExportReport", "Exported", "Failure", "export_annotations"]
