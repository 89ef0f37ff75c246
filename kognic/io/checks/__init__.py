"""Is a scene right? Answered offline, without credentials, before a byte is sent.

Rules on the structure of a scene, on its files, on the geometry of its sensors, and on OpenLABEL
pre-annotations. Files and folders that describe scenes are read by `kognic.io.tools`; here scenes are objects.
"""

from __future__ import annotations
