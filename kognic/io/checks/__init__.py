"""Is a scene right? Answered offline, without credentials, before a byte is sent.

Rules on the structure of a scene, on its files, on the geometry of its sensors, and on OpenLABEL
pre-annotations. Here scenes are objects; files that describe scenes are read by `kognic.io.tools`.
"""

from __future__ import annotations
