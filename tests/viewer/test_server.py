"""The server behind `kognic view`: who may look, and what they get."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import pytest

from kognic.viewer.document import Cloud, Frame, FrameEntry, Lidar, Pose, Scene
from kognic.viewer.packing import unpack
from kognic.viewer.server import FramePackets, ViewServer

STILL = Pose(position=(0, 0, 0), quaternion=(1, 0, 0, 0))


class Drive:
    """Three frames, of which the last cannot be read; counts what is read."""

    def __init__(self) -> None:
        entries = [FrameEntry(frame_id=str(index), unix_ns=index * 10**8) for index in range(3)]
        self.scene = Scene(title="</title>drive", lidars=[Lidar(name="TOP", given=STILL)], frames=entries)
        self.read: list[int] = []

    def frame(self, index: int) -> Frame:
        self.read.append(index)
        if index == 2:
            raise OSError("the disk is gone")
        return Frame(index=index, clouds=[Cloud(lidar="TOP", xyz=np.full((4, 3), float(index)))])


@pytest.fixture
def server() -> Iterator[ViewServer]:
    """A server of three frames."""
    with ViewServer(Drive(), state="cam=A&f=2") as found:
        yield found


def get(
    server: ViewServer, path: str, *, cookie: str = "", host: str = "", method: str = "GET"
) -> tuple[int, dict[str, str], bytes]:
    """Ask the server, as no browser would."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        headers = {"Host": host or f"127.0.0.1:{server.port}", **({"Cookie": cookie} if cookie else {})}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def signed_in(server: ViewServer) -> str:
    """The cookie that the link leads to."""
    parts = urlsplit(server.link)
    status, headers, _ = get(server, f"{parts.path}?{parts.query}")
    assert (status, headers["Location"]) == (303, "/")
    return headers["Set-Cookie"].partition(";")[0]


def test_the_link_becomes_a_cookie(server: ViewServer) -> None:
    """Which scripts cannot read, and which other sites' requests do not carry."""
    parts = urlsplit(server.link)
    _, headers, _ = get(server, f"/?{parts.query}")

    assert parts.fragment == "cam=A&f=2"
    assert headers["Set-Cookie"].startswith(f"kognic_view_{server.port}=")
    assert headers["Set-Cookie"].endswith("; HttpOnly; SameSite=Lax; Path=/")


@pytest.mark.parametrize("path", ["/", "/data/0000000000000000/scene", "/assets/0000000000000000/viewer.js"])
@pytest.mark.parametrize("cookie", ["", "kognic_view_1=x", "kognic_view_{port}=wrong", "broken;;=\x7f"])
def test_without_the_cookie_nothing_is_shown(server: ViewServer, path: str, cookie: str) -> None:
    """Other users of the machine can reach the port, not the scene."""
    status, _, body = get(server, path, cookie=cookie.format(port=server.port))

    assert status == 403
    assert b"Open the link that kognic view printed" in body


def test_a_wrong_key_opens_nothing(server: ViewServer) -> None:
    status, headers, body = get(server, "/?key=guessed")

    assert status == 403
    assert "Set-Cookie" not in headers
    assert b"expired" in body


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}"]
)
def test_other_names_are_refused(server: ViewServer, host: str) -> None:
    """A page elsewhere cannot reach the server under a name that it points here."""
    cookie = signed_in(server)

    assert get(server, "/", cookie=cookie, host=host.format(port=server.port))[0] == 421
    assert get(server, "/", cookie=cookie, host=f"localhost:{server.port}")[0] == 200


def test_the_page_and_its_policy(server: ViewServer) -> None:
    """Everything comes from this host, and nobody may frame it."""
    status, headers, body = get(server, "/", cookie=signed_in(server))

    assert status == 200
    assert b"<title>&lt;/title&gt;drive</title>" in body
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert not [name for name in headers if name.startswith("Access-Control")]


def test_frames_are_packets_that_may_be_kept(server: ViewServer) -> None:
    """Their address holds a digest of the scene."""
    cookie = signed_in(server)

    status, headers, body = get(server, f"/data/{server.version}/frames/1", cookie=cookie)
    head, _ = unpack(get(server, f"/data/{server.version}/scene", cookie=cookie)[2])

    assert status == 200
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert unpack(body)[0]["clouds"][0]["count"] == 4
    assert head["title"] == "</title>drive"


def test_what_fails_says_so_and_the_rest_works(server: ViewServer) -> None:
    """A frame that cannot be read, one that is not there, an address of another scene."""
    cookie = signed_in(server)
    data = f"/data/{server.version}/frames"

    assert get(server, f"{data}/2", cookie=cookie)[::2] == (500, b'{"message": "OSError: the disk is gone"}')
    assert get(server, f"{data}/3", cookie=cookie)[::2] == (404, b'{"message": "There is no such frame."}')
    assert get(server, "/data/ffffffffffffffff/frames/1", cookie=cookie)[0] == 404
    assert get(server, "/../../etc/passwd", cookie=cookie)[0] == 404
    assert get(server, f"{data}/0", cookie=cookie)[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed(server: ViewServer, method: str) -> None:
    assert get(server, "/", cookie=signed_in(server), method=method)[0] == 501


def test_packets_are_made_once_and_forgotten_oldest_first() -> None:
    """Up to a bound in bytes."""
    drive = Drive()
    packets = FramePackets(drive)
    size = len(packets.get(0))
    packets.get(0)
    small = FramePackets(drive, limit=int(1.5 * size))
    for index in (0, 1, 1, 0):
        small.get(index)

    assert drive.read == [0, 0, 1, 0]
    assert packets.size == size
    assert small.size <= 1.5 * size


def test_many_threads_ask_for_the_same_frame() -> None:
    """It is read once."""
    drive = Drive()
    packets = FramePackets(drive)
    threads = [threading.Thread(target=packets.get, args=(1,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Two may begin at once, which the bound on readers allows; more may not.
    assert drive.read.count(1) <= 2
