"""A platform that goes away in the middle of a piece of work, and comes back when that has been reported."""

from __future__ import annotations

import threading
from collections.abc import Callable

from kognic.io.client import KognicIOClient

OUTAGE = "The platform has not answered since "
END = "The platform answers again after "


class Gate:
    """Takes the platform away, token endpoint included, until the outage has been reported.

    Args:
        client: Loses its token with the platform.
        take_away: Begins the outage.
        bring_back: Ends it.
    """

    def __init__(
        self, client: KognicIOClient, take_away: Callable[[], object], bring_back: Callable[[], object]
    ) -> None:
        self.client = client
        self.take_away, self.bring_back = take_away, bring_back
        self.said: list[str] = []
        self.reported = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def close(self) -> None:
        """Begin the outage; it ends when it has been reported, or after a long time."""
        if self.thread.ident is None:
            self.take_away()
            # A new token is needed, which one thread asks for while the others wait.
            self.client._auth_session.invalidate_token()  # type: ignore[attr-defined]
            self.thread.start()

    def notice(self, text: str) -> None:
        self.said.append(text)
        self.reported.set()

    def _watch(self) -> None:
        self.reported.wait(25)
        self.bring_back()

    def assert_reported_once(self) -> None:
        self.thread.join()
        assert [text[: len(OUTAGE)] for text in self.said[:1]] == [OUTAGE]
        assert [text[: len(END)] for text in self.said[1:]] == [END]
