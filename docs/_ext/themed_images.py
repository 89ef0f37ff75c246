"""Pictures for light and dark themes, written as plain Markdown that code hosts show too.

GitHub shows `![text](picture-light.svg#gh-light-mode-only)` in light themes only. Here the picture gets the
class by which Furo hides it in the dark theme.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

_CLASSES = {"gh-light-mode-only": "only-light", "gh-dark-mode-only": "only-dark"}


class ThemedImages(SphinxTransform):
    """Turn the fragment of a picture's address into a class, before Sphinx looks for the file."""

    default_priority = 400

    def apply(self, **_kwargs: Any) -> None:
        """Change the pictures of a page."""
        for node in self.document.findall(nodes.image):
            path, _, mode = node["uri"].partition("#")
            if mode in _CLASSES:
                node["uri"] = path
                node["classes"].append(_CLASSES[mode])


def setup(app: Any) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(ThemedImages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
