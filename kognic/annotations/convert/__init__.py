"""Annotations to and from the formats of public datasets.

Each module has the functions of one format. They take and return arrays, text and tables, and take every
pose that they need as an argument. `kognic.annotations.cuboids` defines the conventions. Content that a
format cannot represent is reported.
"""

from __future__ import annotations
