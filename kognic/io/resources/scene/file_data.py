"""`FileData` where users import it from; it belongs to the models."""

from kognic.io.model.scene.file_data import FileData

__all__ = ["FileData"]
