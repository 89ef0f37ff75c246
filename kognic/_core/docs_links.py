"""Links into the documentation: the page of errors and the page of rules have an anchor for each.

The address is that of the published documentation; `KOGNIC_DOCS_URL` names another copy, such as one in a
company's network. The same variable tells the build of the documentation where its pages will be served.
"""

from __future__ import annotations

import os

VARIABLE = "KOGNIC_DOCS_URL"
PUBLISHED = "https://kognic-client.readthedocs.io/en/latest/"


def docs_url(page: str, anchor: str = "") -> str:
    """Return the address of a page, such as `errors`, and of a heading on it."""
    base = os.environ.get(VARIABLE) or PUBLISHED
    return f"{base.rstrip('/')}/{page}.html" + (f"#{anchor}" if anchor else "")


def error_url(name: str) -> str:
    """Return the entry of an error in the catalogue, by the name of its class."""
    return docs_url("errors", name.lower())


def rule_url(code: str) -> str:
    """Return the entry of a rule of the checks, by its code."""
    return docs_url("rules", code)
