"""The filter language of the query service, as the sandbox understands it.

The platform's own grammar is not published; this one covers what its examples show (`requestId = 5`):

    filter      = term { ("AND" | "OR") term }        AND binds closer than OR
    term        = [ "NOT" ] ( comparison | "(" filter ")" )
    comparison  = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" ) value
                | field [ "NOT" ] "IN" "(" value { "," value } ")"
    value       = number | "text" | 'text' | true | false | null

`~` means "contains". A dotted field looks into nested objects. A field that an item lacks is null: it equals
null only, and is neither less nor greater than anything.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Predicate = Callable[[Mapping[str, Any]], bool]

TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<op><=|>=|!=|=|<|>|~)
    | (?P<mark>[(),])
    | (?P<word>[A-Za-z_@][\w@.-]*)
    )""",
    re.VERBOSE,
)
ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
CONSTANTS = {"true": True, "false": False, "null": None}
# The parser is recursive: deeper nesting would exhaust Python's stack.
DEEPEST = 100


class FilterError(ValueError):
    """A filter cannot be understood; the message says where."""


class Token(NamedTuple):
    """A word of a filter, its kind, and where it stands in the text."""

    kind: str
    text: str
    position: int


def compile_filter(text: str) -> Predicate:
    """Compile a predicate on items; an empty filter takes all.

    Raises:
        FilterError: The text is not a filter.
    """
    tokens = _tokens(text)
    if not tokens:
        return lambda _item: True
    parser = _Parser(tokens, len(text))
    predicate = parser.disjunction(0)
    parser.expect_end()
    return predicate


def field_value(item: Mapping[str, Any], field: str) -> Any:
    """Return the value of a dotted field; None if the item lacks it."""
    value: Any = item
    for part in field.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _tokens(text: str) -> list[Token]:
    tokens = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise FilterError(
                f"cannot read the filter at position {position}: {text[position : position + 20]}"
            )
        tokens.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent over the tokens, one method per rule of the grammar."""

    def __init__(self, tokens: list[Token], end: int) -> None:
        self._tokens = tokens
        self._next = 0
        self._end = Token("end", "the end", end)

    def disjunction(self, depth: int) -> Predicate:
        if depth > DEEPEST:
            raise FilterError("the filter is nested too deeply")
        parts = [self._conjunction(depth)]
        while self._take_word("or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else lambda item: any(part(item) for part in parts)

    def expect_end(self) -> None:
        if self._next < len(self._tokens):
            self._fail("AND, OR or the end")

    def _conjunction(self, depth: int) -> Predicate:
        parts = [self._term(depth)]
        while self._take_word("and"):
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else lambda item: all(part(item) for part in parts)

    def _term(self, depth: int) -> Predicate:
        negated = self._take_word("not")
        if self._take("mark", "("):
            inner = self.disjunction(depth + 1)
            self._require(")")
        else:
            inner = self._comparison()
        return (lambda item: not inner(item)) if negated else inner

    def _comparison(self) -> Predicate:
        token = self._peek()
        if token.kind != "word":
            self._fail("a field")
        self._next += 1
        field = token.text
        if self._take_word("not"):
            if not self._take_word("in"):
                self._fail("IN")
            return self._membership(field, negated=True)
        if self._take_word("in"):
            return self._membership(field, negated=False)
        op = self._peek()
        if op.kind != "op":
            self._fail("a comparison such as =")
        self._next += 1
        return _compare(field, op.text, self._value())

    def _membership(self, field: str, *, negated: bool) -> Predicate:
        self._require("(")
        values = [self._value()]
        while self._take("mark", ","):
            values.append(self._value())
        self._require(")")
        return lambda item: any(_same(field_value(item, field), value) for value in values) is not negated

    def _value(self) -> Any:
        token = self._peek()
        self._next += 1
        if token.kind == "number":
            return json.loads(token.text) if not token.text.lstrip("-").startswith("0") else float(token.text)
        if token.kind == "text":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1])
        if token.kind == "word" and token.text.lower() in CONSTANTS:
            return CONSTANTS[token.text.lower()]
        self._next -= 1
        return self._fail("a value")

    def _peek(self) -> Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else self._end

    def _take(self, kind: str, text: str) -> bool:
        token = self._peek()
        if token.kind != kind or token.text.lower() != text:
            return False
        self._next += 1
        return True

    def _take_word(self, word: str) -> bool:
        return self._take("word", word)

    def _require(self, mark: str) -> None:
        if not self._take("mark", mark):
            self._fail(mark)

    def _fail(self, wanted: str) -> Any:
        token = self._peek()
        raise FilterError(f"expected {wanted} at position {token.position}, found {token.text}")


def _compare(field: str, op: str, value: Any) -> Predicate:
    if op == "=":
        return lambda item: _same(field_value(item, field), value)
    if op == "!=":
        return lambda item: not _same(field_value(item, field), value)
    if op == "~":
        return lambda item: _contains(field_value(item, field), value)
    return lambda item: _ordered(ORDER[op], field_value(item, field), value)


def _same(left: Any, right: Any) -> bool:
    # In Python True equals 1; in JSON it does not.
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return isinstance(left, list) and any(_same(one, right) for one in left)


def _ordered(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    texts = isinstance(left, str) and isinstance(right, str)
    return (numbers or texts) and bool(compare(left, right))
