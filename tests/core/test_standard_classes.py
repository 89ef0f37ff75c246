"""Errors of this project that also are of the standard class of their cause."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from io import UnsupportedOperation
from pathlib import Path
from typing import Any

import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic._core.errors import KognicError
from kognic._core.run_errors import ExportError
from kognic._core.scene_errors import DocumentError, RecordingError
from kognic._core.standard_classes import keep_class
from kognic.annotations.reading import read_document
from kognic.auth.errors import CredentialsUnreadableError
from kognic.base_clients.errors import MissingFileError, SourceError, UploadError
from kognic.io.model.scene.resources import Image
from kognic.scenes.importers.locations import bytes_of, text_of
from kognic.scenes.scene_file import load_calibration

CAUSES: list[Exception] = [
    FileNotFoundError(2, "No such file or directory", "f"),
    PermissionError(13, "Permission denied", "f"),
    IsADirectoryError(21, "Is a directory", "f"),
    OSError(28, "No space left on device", "f"),
    TimeoutError("late"),
    ConnectionResetError(104, "Connection reset by peer"),
    TypeError("t"),
    ValueError("v"),
    KeyError("k"),
    ZeroDivisionError("z"),
    NotImplementedError("n"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
]
ERRORS: list[KognicError] = [
    KognicError("text"),
    AnnotationError("text"),
    ExportError("text"),
    RecordingError("text"),
    SourceError("text"),
    CredentialsUnreadableError("text", source="s"),
    UploadError("text", resource_id="r", cause=SourceError("why")),
]


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: type(cause).__name__)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_keeps_class_text_and_members(error: KognicError, cause: Exception) -> None:
    """Both classes catch it, it shows its own text, and it survives pickling."""
    kept = keep_class(error, cause)

    # Python has no object that is both: the members of the two take the same place.
    both = isinstance(error, OSError) and isinstance(cause, UnicodeDecodeError)
    assert isinstance(kept, ValueError if both else type(cause))
    for one in (kept, pickle.loads(pickle.dumps(kept))):
        assert type(one).__mro__ == type(kept).__mro__
        assert isinstance(one, type(error))
        assert (str(one), type(one).__name__, one.args) == (str(error), type(error).__name__, error.args)
        assert vars(one).keys() == vars(error).keys()
    if isinstance(cause, OSError):
        assert isinstance(kept, OSError)
        assert kept.errno == cause.errno


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_keeps_both_classes_of_a_stream_in_the_wrong_mode(error: KognicError) -> None:
    """`io.UnsupportedOperation` is an OSError and a ValueError."""
    kept = keep_class(error, UnsupportedOperation("read"))

    for one in (kept, pickle.loads(pickle.dumps(kept))):
        assert isinstance(one, OSError)
        assert isinstance(one, ValueError)
        assert str(one) == str(error)


@pytest.mark.parametrize("cause", [None, Exception("e"), KeyboardInterrupt(), RecordingError("r")])
def test_causes_without_a_standard_class_of_use(cause: BaseException | None) -> None:
    error = AnnotationError("text")

    kept = keep_class(error, cause)

    assert isinstance(kept, AnnotationError)
    assert not isinstance(kept, (OSError, KeyboardInterrupt))


READERS: list[tuple[Callable[[Path], Any], type[Exception]]] = [
    (text_of, RecordingError),
    (bytes_of, RecordingError),
    (read_document, AnnotationError),
    (load_calibration, DocumentError),
    (lambda path: Image(filename=str(path), sensor_name="C"), MissingFileError),
]


@pytest.mark.parametrize(("read", "kind"), READERS)
def test_a_file_that_is_not_there(read: Callable[[Path], Any], kind: type[Exception], tmp_path: Path) -> None:
    """What reads a file raises its own error, which is a FileNotFoundError too."""
    with pytest.raises(FileNotFoundError, match="absent") as caught:
        read(tmp_path / "absent.json")

    assert isinstance(caught.value, kind)


@pytest.mark.parametrize(("read", "kind"), READERS[:-1])
def test_a_folder_for_a_file(read: Callable[[Path], Any], kind: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as caught:
        read(tmp_path)

    assert isinstance(caught.value, kind)
