"""Text that other people wrote, made safe for terminals: control characters are shown, never obeyed.

Names, ids, file names and messages come from other people. An escape sequence among them could move the
cursor, hide text, change the title of the window or write into the clipboard; a bidirectional control makes a
name look like another one. `visible` shows such characters as escapes; all that a command prints passes it.
"""

from __future__ import annotations

import re

# C0 without tab and line feed, DEL, C1; bidirectional controls (Unicode UAX 9), line and paragraph
# separators, the byte order mark, and lone surrogates, which no terminal can print.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def visible(text: object, *, lines: bool = True) -> str:
    """Show control characters as escapes.

    Args:
        text: Any text.
        lines: Keep line feeds and tabs; False escapes them as well, for text that must stay in one line.
    """
    shown = _HARMFUL.sub(_escape, str(text))
    return shown if lines else shown.replace("\n", "\\n").replace("\t", "\\t")


def visible_json(text: str) -> str:
    """Show control characters inside a JSON document as JSON escapes; the document stays the same value."""
    return _HARMFUL.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
