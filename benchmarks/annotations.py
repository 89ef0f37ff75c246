"""A million cuboids as tables: `make bench-annotations`.

The time and the most memory of writing Parquet of a generated export, and of reading it again.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kognic.annotations.document import Document
from kognic.annotations.tables import cuboid_array, read_tables, write_tables

FRAMES, OBJECTS = 100, 100


def delivery(documents: int, *, frames: int, objects: int) -> Iterator[Document]:
    """Delivered annotations, made as they are asked for.

    Cuboid `item` of frame `frame` in document `document` is at x = document + frame / 10 + item; every fifth
    object is a pedestrian, the others are cars.
    """
    for document in range(documents):
        yield Document.of(_plain(document, frames, objects))


def _plain(document: int, frames: int, objects: int) -> dict[str, Any]:
    ids = [f"{document:08x}-0000-4000-8000-{item:012x}" for item in range(objects)]
    kinds = ["Pedestrian" if item % 5 == 4 else "Car" for item in range(objects)]
    stream = {"text": [{"name": "stream", "val": "TOP"}]}
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "streams": {"TOP": {"type": "lidar"}},
            "objects": {key: {"name": key[-4:], "type": kind} for key, kind in zip(ids, kinds, strict=True)},
            "frames": {
                str(frame): {
                    "frame_properties": {"external_id": str(frame), "timestamp": 100 * frame},
                    "objects": {
                        key: {
                            "object_data": {
                                "cuboid": [
                                    {
                                        "name": "c",
                                        "val": [
                                            document + frame / 10 + item,
                                            1.0,
                                            0,
                                            0,
                                            0,
                                            0,
                                            1.0,
                                            2,
                                            4,
                                            1.5,
                                        ],
                                        "attributes": stream,
                                    }
                                ]
                            }
                        }
                        for item, key in enumerate(ids)
                    },
                }
                for frame in range(frames)
            },
        }
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure, and print a row of the table in the documentation."""
    parser = argparse.ArgumentParser(prog="benchmarks.annotations", description=__doc__)
    parser.add_argument("--cuboids", type=int, default=1_000_000)
    options = parser.parse_args(arguments)
    documents = max(1, options.cuboids // (FRAMES * OBJECTS))
    with tempfile.TemporaryDirectory(prefix="kognic-bench-") as folder:
        started = time.perf_counter()
        paths = write_tables(delivery(documents, frames=FRAMES, objects=OBJECTS), folder)
        written = time.perf_counter() - started
        peak = _peak_mb()
        size = sum(Path(path).stat().st_size for path in paths.values()) / 1e6
        started = time.perf_counter()
        cuboids = cuboid_array(read_tables(folder).geometries)
        read = time.perf_counter() - started
    _print(f"{len(cuboids):,} cuboids of {documents} documents")
    _print(f"written: {written:.1f} s, {size:.1f} MB of Parquet, at most {peak:.0f} MB of memory")
    _print(f"read as an array: {read:.1f} s, at most {_peak_mb():.0f} MB of memory")
    return 0


def _peak_mb() -> float:
    """Most memory of this process so far, MB; Linux counts in KiB, macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
