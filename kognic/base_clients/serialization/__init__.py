"""Models to and from JSON: the base class of every model and the rules they share.

A model is an attrs class that derives from `BaseSerializer` and defines its fields. How values are coerced,
what fields are called on the wire, what is left out and how a wrong value is reported is defined here, once.

`base` has the methods that users call, `constructor` what runs before the constructors of attrs. `converter`
is the one cattrs converter; its hooks are in `model_hooks`, `structuring` and `unstructuring`, and `scalars`
has the rules of plain values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.base_clients.serialization.base import BaseSerializer
    from kognic.base_clients.serialization.containers import to_dict, to_list
    from kognic.base_clients.serialization.documents import RawJson, decoded_when_read
    from kognic.base_clients.serialization.enums import OpenEnum
    from kognic.base_clients.serialization.names import never_sent, python_names_inside, wire, wire_name

__all__ = [
    "BaseSerializer",
    "OpenEnum",
    "RawJson",
    "decoded_when_read",
    "never_sent",
    "python_names_inside",
    "to_dict",
    "to_list",
    "wire",
    "wire_name",
]

_HERE = "kognic.base_clients.serialization"
__getattr__, __dir__ = attach(
    __name__,
    {
        "BaseSerializer": f"{_HERE}.base",
        "OpenEnum": f"{_HERE}.enums",
        "RawJson": f"{_HERE}.documents",
        "decoded_when_read": f"{_HERE}.documents",
        "never_sent": f"{_HERE}.names",
        "python_names_inside": f"{_HERE}.names",
        "to_dict": f"{_HERE}.containers",
        "to_list": f"{_HERE}.containers",
        "wire": f"{_HERE}.names",
        "wire_name": f"{_HERE}.names",
    },
)
