"""A local Kognic platform, written from the protocol alone.

Nothing in here knows the client: the wire types, the rules and the answers are this package's own, so
that a mistake in the client cannot be repeated by the server that is meant to catch it.
"""

from __future__ import annotations
