"""Annotations to and from the formats of public datasets.

Each module has the functions of one format. They take and give arrays, texts and tables, and ask for every
pose that they need: `kognic.annotations.cuboids` says what the conventions are. What a format cannot hold is
reported.
"""

from __future__ import annotations
