"""When a token is renewed, what it shows, and how threads share one."""

from __future__ import annotations

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.auth._tokens import Token, TokenHolder, as_number, decode_jwt
from kognic.auth.errors import TokenError
from tests.auth.auth_server import Clock, jwt


@pytest.mark.parametrize(
    ("answer", "renewed_after"),
    [
        ({"expires_in": 3600}, 3540),
        ({"expires_in": "600"}, 540),
        ({"expires_in": 300}, 270),
        ({"expires_in": 1}, 0.9),
        ({"expires_in": 0}, 0),
        ({"expires_at": 1_800_000_600}, 539.75),
        ({"expires_in": 3600, "expires_at": 1_800_000_600}, 539.75),
        ({"expires_in": 3600, "expires_at": 1_900_000_000}, 3540),
        ({"expires_in": 3600, "expires_at": 1_700_000_000}, -100_000_060.25),
        ({}, None),
        ({"expires_in": float("nan"), "expires_at": "never"}, None),
    ],
)
def test_renewal_time(clock: Clock, answer: dict[str, Any], renewed_after: float | None) -> None:
    """A minute before the expiry; tokens of less than ten minutes after nine tenths of their life."""
    token = Token({"access_token": "a", **answer})
    expected = None if renewed_after is None else clock.now + renewed_after
    assert token.renew_at == (None if expected is None else pytest.approx(expected, abs=1e-3))


def test_leeway_can_be_chosen(clock: Clock) -> None:
    """In seconds."""
    token = Token({"access_token": "a", "expires_in": 3600}, leeway=5)
    assert token.renew_at == clock.now + 3595


def test_token_without_expiry_is_never_due(clock: Clock) -> None:
    """And has no `expires_at`."""
    token = Token({"access_token": "a", "expires_at": "soon"})
    assert (token.is_due(), token.still_works(), token.is_expired(), "expires_at" in token) == (
        *(False, True, None, False),
    )


def test_token_is_a_dict_without_secrets_in_its_repr(clock: Clock) -> None:
    """But JSON and its items have them."""
    token = Token({"access_token": "AAA", "refresh_token": "RRR", "id_token": "III", "expires_in": 10})
    assert f"{token} {token!r}".count("***") == 6
    assert json.loads(json.dumps(token))["access_token"] == "AAA"
    assert sorted(token.secrets()) == ["AAA", "III", "RRR"]
    assert token == {**token}


@pytest.mark.parametrize("alphabet", [base64.urlsafe_b64encode, base64.b64encode])
@pytest.mark.parametrize("padding", [True, False])
def test_decode_jwt_takes_every_base64(alphabet: Any, padding: bool) -> None:
    """Both alphabets, padded or not."""
    payload = {"sub": "ÿÿÿ>>>???", "n": 1}
    parts = [alphabet(json.dumps(p, ensure_ascii=False).encode()).decode() for p in ({"alg": "x"}, payload)]
    token = ".".join([*(p if padding else p.rstrip("=") for p in parts), "sig"])
    assert decode_jwt(token) == {"header": {"alg": "x"}, "payload": payload, "signature": "sig"}


@pytest.mark.parametrize("token", ["", "opaque", "a.b", "a.b.c", "...", "W10.W10.x", f"{jwt({})}.x", "é.é.é"])
def test_decode_jwt_of_other_tokens(token: str) -> None:
    """A ValueError that does not show the token."""
    with pytest.raises(ValueError, match=r"^The access token is not a JWT: "):
        decode_jwt(token)


@given(
    st.text(max_size=60)
    | st.lists(st.text(alphabet="eyJhbGciOi0_-+/=A", max_size=12), min_size=3, max_size=3).map(".".join)
)
def test_decode_jwt_of_anything(token: str) -> None:
    """A value or a ValueError."""
    try:
        decoded = decode_jwt(token)
    except ValueError:
        return
    assert set(decoded) == {"header", "payload", "signature"}


@pytest.mark.parametrize(
    ("value", "number"), [(True, None), ("1e3", 1000), (None, None), ("x", None), (10**400, None)]
)
def test_as_number(value: object, number: float | None) -> None:
    """Numbers and numeric text that a clock can show."""
    assert as_number(value) == number


class TestHolder:
    """The logic without a network."""

    def test_threads_that_start_together_fetch_once(self) -> None:
        """And all get the same token."""
        asked = 0

        def obtain(_: Token | None) -> Token:
            nonlocal asked
            asked += 1
            return Token({"access_token": f"t{asked}"})

        holder = TokenHolder(obtain)
        gate = threading.Barrier(16)

        def work(_: int) -> str:
            gate.wait(30)
            return str(holder.ensure()["access_token"])

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(work, range(16))) == {"t1"}

    def test_replace_gives_what_others_have_got_meanwhile(self) -> None:
        """A token that was refused long ago costs no request."""
        numbers = iter("abc")
        holder = TokenHolder(lambda _: Token({"access_token": next(numbers)}))
        first = holder.active().authorization
        second = holder.replace(first)
        assert holder.replace(first) is second
        assert holder.replace(second.authorization)["access_token"] == "c"

    def test_forget_only_what_was_refused(self) -> None:
        """Not what came after it."""
        numbers = iter("abc")
        holder = TokenHolder(lambda _: Token({"access_token": next(numbers)}))
        first = holder.active().authorization
        holder.forget(first)
        assert holder.token is None
        second = holder.active()
        holder.forget(first)
        assert holder.token is second

    def test_permanent_trouble_surfaces_while_the_old_token_works(self, clock: Clock) -> None:
        """Credentials that were withdrawn are not used on."""

        def refuse(_: Token | None) -> Token:
            raise TokenError("withdrawn")

        holder = TokenHolder(refuse, initial=Token({"access_token": "a", "expires_in": 100}))
        clock.advance(92)
        with pytest.raises(TokenError, match="withdrawn"):
            holder.active()

    def test_passing_trouble_surfaces_when_the_old_token_is_over(self, clock: Clock) -> None:
        """There is nothing to retry with."""

        def fail(_: Token | None) -> Token:
            error = TokenError("down")
            error.transient = True
            error.retry_after = 500
            raise error

        holder = TokenHolder(fail, initial=Token({"access_token": "a", "expires_in": 1000}))
        clock.advance(950)
        assert holder.active()["access_token"] == "a"
        clock.advance(60)
        with pytest.raises(TokenError, match="down"):
            holder.active()


@pytest.mark.parametrize("hours", [-6, 0, 6])
def test_a_clock_that_is_wrong(hours: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server says how long a new token lives; it is not renewed at every call."""
    there, shift = time.time(), hours * 3600
    monkeypatch.setattr(time, "time", lambda: there + shift)
    token = Token({"access_token": "a", "expires_in": 3600, "expires_at": there + 3600}, is_new=True)
    assert not token.is_due()
    monkeypatch.setattr(time, "time", lambda: there + shift + 3550)
    assert token.is_due()


@pytest.mark.parametrize("hours", [-6, 6])
def test_a_clock_that_is_set(hours: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """One renewal at most follows; a token that is used for too long is refused and replaced."""
    now = time.time()
    made: list[Token] = []

    def obtain(_: Token | None) -> Token:
        made.append(Token({"access_token": f"t{len(made)}", "expires_in": 3600}, is_new=True))
        return made[-1]

    holder = TokenHolder(obtain)
    holder.active()
    monkeypatch.setattr(time, "time", lambda: now + hours * 3600)
    for _ in range(5):
        holder.active()
    assert len(made) == (2 if hours > 0 else 1)
    assert holder.replace(made[-1].authorization)["access_token"] == f"t{len(made) - 1}"
    assert len(made) <= 3
