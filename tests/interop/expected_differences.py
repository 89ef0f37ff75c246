"""Where the official client fails or is less precise than this one, call by call: the whole list.

The scripts print equal values with both clients, except for these.
"""

from __future__ import annotations

from tests.wire.intended_differences import Intended

EXPECTED: tuple[Intended, ...] = ()
