"""Lists and maps as fields take them."""

from __future__ import annotations

from collections import UserDict, deque
from types import MappingProxyType
from typing import Any

import pytest

from kognic.base_clients.serialization import to_dict, to_list
from kognic.base_clients.serialization.problems import Invalid


@pytest.mark.parametrize(
    "given", [[1, 2], (1, 2), deque([1, 2]), {1: "a", 2: "b"}.keys(), iter([1, 2]), range(1, 3)]
)
def test_lists(given: Any) -> None:
    """Anything that can be gone through, as a list of its own."""
    made = to_list(given)

    assert made == [1, 2]
    assert made is not given


@pytest.mark.parametrize("given", ["ab", b"ab", {"a": 1}, 3, None])
def test_no_lists(given: Any) -> None:
    """Text and maps can be gone through too, but are never meant."""
    with pytest.raises(Invalid, match="must be a list"):
        to_list(given)


@pytest.mark.parametrize("given", [{"a": 1}, MappingProxyType({"a": 1}), UserDict(a=1)])
def test_maps(given: Any) -> None:
    """Any mapping, as a dict of its own."""
    made = to_dict(given)

    assert made == {"a": 1}
    assert type(made) is dict
    assert made is not given


@pytest.mark.parametrize("given", [[("a", 1)], "a", None, 3])
def test_no_maps(given: Any) -> None:
    """Pairs are not enough."""
    with pytest.raises(Invalid, match="must be a dict"):
        to_dict(given)
