"""The shapes of request bodies, as the protocol describes them.

Shapes only: rules that look at more than one field, or at the database, are in `validation`.
"""

from __future__ import annotations
