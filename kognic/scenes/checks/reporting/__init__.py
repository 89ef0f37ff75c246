"""How reports look: a table in the terminal, SARIF for tools, one HTML page for people."""

from __future__ import annotations
