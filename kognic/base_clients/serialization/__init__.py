"""Models to and from JSON: the base class of every model and the rules they share.

A model is an attrs class that derives from `BaseSerializer`; it says what its fields are and nothing about
JSON. Here, once for all of them, stands how values are coerced, what things are called on the wire, what is
left out, and how a wrong value is reported. See `base` for what users call, `codec` for the functions that
are generated for each class, `converter` for the types that a field may have, `scalars` for the rules of
plain values.
"""

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
