"""Time stamps."""

from __future__ import annotations

UnixTimestampNs = int
"""Nanoseconds since the Unix epoch."""
