"""Sphinx configuration. `make docs` builds into docs/_build/html; every warning is an error there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from kognic._core.version import __version__
from kognic.cli.registry import SUBCOMMANDS
from kognic.cli.root import cli

project = "kognic-client"
author = "The kognic-client authors"
release = version = __version__
language = "en"
smartquotes = False  # `--option` is not a dash

sys.path.insert(0, str(Path(__file__).with_name("_ext")))
extensions = [
    "markdown_twins",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxext.opengraph",
    "task_cards",
    "themed_images",
]
# Other projects' inventories are only fetched where a network is to be used: KOGNIC_DOCS_ONLINE=1.
_INVENTORIES = {
    "attrs": "https://www.attrs.org/en/stable/",
    "numpy": "https://numpy.org/doc/stable/",
    "python": "https://docs.python.org/3/",
    "requests": "https://requests.readthedocs.io/en/latest/",
}
_IS_ONLINE = os.environ.get("KOGNIC_DOCS_ONLINE") == "1"
intersphinx_mapping = {name: (url, None) for name, url in _INVENTORIES.items()} if _IS_ONLINE else {}
# Where the pages are served, for the sitemap, previews in chats and absolute links in llms.txt.
html_baseurl = os.environ.get("KOGNIC_DOCS_URL", "")
ogp_site_url = html_baseurl
ogp_social_cards = {"enable": False}
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# Docstrings are written with single backticks, as in Markdown.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_class_signature = "separated"
autoclass_content = "class"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"kognic-client {version}"
html_theme_options = {"navigation_with_keys": True}
html_show_sphinx = False
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["front.css"]


def show_drawings(app, what, name, obj, options, lines):  # noqa: ARG001
    """Show what is indented in a module's docstring (trees of errors, examples) as it stands."""
    if what != "module":
        return
    shown, drawing = [], False
    for line in lines:
        starts = line.startswith("  ") and not drawing
        if starts:
            shown += [*([""] if shown and shown[-1] else []), "::", ""]
        drawing = line.startswith("  ") or (drawing and not line.strip())
        shown.append(line)
    lines[:] = shown


def escape_help(app, ctx, lines):  # noqa: ARG001
    """Help texts are plain text: a star in them is a star."""
    lines[:] = [line.replace("*", r"\*") for line in lines]


def load_added_commands():
    """Put commands from modules of their own into their groups, where sphinx-click looks for them."""
    ctx = click.Context(cli)
    for name, added in SUBCOMMANDS.items():
        group = cli.get_command(ctx, name)
        for command in added:
            group.add_command(group.get_command(ctx, command), command)


def setup(app):
    """Connect the functions above."""
    load_added_commands()
    app.connect("autodoc-process-docstring", show_drawings)
    app.connect("sphinx-click-process-description", escape_help)
