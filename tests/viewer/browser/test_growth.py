"""Memory over a long drive: the page keeps frames up to a bound, and nothing else grows."""

from __future__ import annotations

from io import BytesIO

import attrs
import numpy as np
import pytest
from PIL import Image

from kognic.viewer.document import Camera, Frame
from kognic.viewer.server import ViewServer
from tests.viewer.browser.conftest import Open
from tests.viewer.browser.scenes import annotated, frame, optics, picture

FRAMES, SETTLED = 110, 50
CACHE_BYTES = 384 * 2**20


@pytest.mark.slow
def test_a_long_drive_stays_within_its_bounds(open_url: Open) -> None:
    """The cache is full after some forty frames; from then on neither it nor the heap grows by a fifth."""
    file = BytesIO()
    Image.new("RGB", (1600, 1200), "#345678").save(file, "JPEG")
    names = ("FRONT", "LEFT")
    cameras = [Camera(name=name, given=optics(width=1600, height=1200)) for name in names]
    head, first = annotated(frames=FRAMES, cameras=cameras)
    points = np.random.default_rng(1).uniform(-30, 30, (5000, 3))
    values = {"content": file.getvalue(), "media_type": "image/jpeg", "width": 1600, "height": 1200}
    shown = attrs.evolve(
        frame(points=points), shapes=first.shapes, pictures=[picture(name, **values) for name in names]
    )

    class Drive:
        scene = head

        def frame(self, index: int) -> Frame:
            return attrs.evolve(shown, index=index)

    cached, heap = [], []
    with ViewServer(Drive()) as server:
        viewer = open_url(server.link, hosts=[f"http://127.0.0.1:{server.port}/"], width=900, height=600)
        session = viewer.page.context.new_cdp_session(viewer.page)
        for index in range(1, FRAMES):
            viewer.press("ArrowRight")
            viewer.wait(f"s.shown === {index}")
            if index >= SETTLED and index % 10 == 0:
                viewer.settle()
                session.send("HeapProfiler.collectGarbage")
                cached.append(viewer.state()["cacheBytes"])
                heap.append(session.send("Runtime.getHeapUsage")["usedSize"])

    assert CACHE_BYTES * 0.8 < max(cached) <= CACHE_BYTES + 2 * 16 * 2**20
    assert max(cached) < 1.2 * min(cached)
    assert max(heap) < 1.2 * min(heap) + 2**20
