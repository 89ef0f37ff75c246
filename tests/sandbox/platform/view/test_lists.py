"""Lists: what they hold, search, status, sorting and pages; strangers' text."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from kognic.sandbox import Sandbox
from tests.sandbox.protocol import Api, cuboid_document

HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\"'&{{7*7777}}"


class Browser:
    """A visitor that is signed in."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        assert self.session.get(sandbox.view_link()).ok

    def open(self, path: str, **query: Any) -> str:
        """The HTML of a page."""
        address = f"{self.sandbox.url}/view/{path}{f'?{urlencode(query)}' if query else ''}"
        answer = self.session.get(address, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.text

    def column(self, path: str, number: int = 0, **query: Any) -> list[str]:
        """The text of a column of the page's first table."""
        body = self.open(path, **query).partition("<tbody>")[2].partition("</tbody>")[0]
        cells = [re.findall(r"<td.*?</td>", row, re.DOTALL)[number] for row in body.split("<tr>")[1:]]
        return [html.unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in cells]


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api.sandbox)


def test_an_empty_sandbox_says_how_to_fill_it(browser: Browser) -> None:
    """Three commands, which name its folder."""
    text = browser.open("")

    assert f"kognic sandbox env --root {browser.sandbox.root}" in html.unescape(text)
    assert "kognic sandbox drive drive" in text
    assert "kognic scene create drive/scene.json --project sandbox-project" in text


def test_every_kind_has_its_list(api: Api, browser: Browser) -> None:
    """What the API created is listed."""
    scene = api.create("cameras", externalId="the-scene")
    placed = api.place(scene)["uuid"]
    annotation = api.sandbox.control.deliver_annotation(placed, cuboid_document())

    assert browser.column("projects") == ["sandbox-project"]
    assert browser.column("projects", 4) == ["1"]
    assert browser.column("batches") == ["batch-1"]
    assert browser.column("requests") == ["request-1"]
    assert browser.column("scenes") == ["the-scene"]
    assert browser.column("scenes", 4) == ["1"]
    assert browser.column("inputs") == [placed]
    assert browser.column("inputs", 2) == ["completed"]
    assert browser.column("tasks", 1) == ["annotate"]
    assert browser.column("annotations") == [annotation]
    assert "/v2/inputs" in browser.column("calls", 3)
    with api.sandbox.control.fault("status", "GET /v1/projects", times=3):
        assert browser.column("faults", 2) == ["GET /v1/projects"]
    assert "1</b> scene<" in browser.open("")


def test_failed_scenes_say_why(api: Api, browser: Browser) -> None:
    """In the list, and at the top of the overview."""
    api.create("cameras", {"c0.jpg": b"no image"}, externalId="broken")
    api.create("cameras", externalId="good")

    assert browser.column("scenes", status="failed") == ["broken"]
    assert "c0.jpg: " in browser.column("scenes", 7, status="failed")[0]
    assert browser.column("")[0] == "broken"


def test_search_sort_and_filters(api: Api, browser: Browser) -> None:
    """Search takes its text as it is; sorting goes both ways; filters come from links."""
    for name in ("b_1", "a%2", "z-3"):
        api.create("cameras", externalId=name)

    assert browser.column("scenes") == ["z-3", "a%2", "b_1"]
    assert browser.column("scenes", sort="external_id") == ["a%2", "b_1", "z-3"]
    assert browser.column("scenes", sort="-external_id") == ["z-3", "b_1", "a%2"]
    assert browser.column("scenes", q="%") == ["a%2"]
    assert browser.column("scenes", q="_") == ["b_1"]
    assert browser.column("scenes", q="Z-") == ["z-3"]
    assert "There is nothing to show" in browser.open("scenes", q="nowhere")
    assert browser.column("batches", project="sandbox-project") == ["batch-1"]
    assert "There is nothing to show" in browser.open("batches", project="other")
    assert browser.column("calls", 1, q="/v1/inputs/initialize") == ["POST"] * 3
    strange: dict[str, Any]
    for strange in ({"page": "x"}, {"page": "99"}, {"sort": "nothing"}, {"page": "\u00b2"}):
        assert len(browser.column("scenes", 0, **strange)) == 3


def test_pages_of_a_hundred(api: Api, browser: Browser) -> None:
    """All rows, once each."""
    for number in range(230):
        api.sandbox.control.create_project(f"p-{number:03}")

    found = [browser.column("projects", page=number) for number in (1, 2, 3)]

    assert [len(rows) for rows in found] == [100, 100, 31]
    assert len({name for rows in found for name in rows}) == 231
    first = browser.open("projects", q="p-")
    assert "1 to 100 of 230" in first
    assert html.unescape(first).count('href="?q=p-&page=2" rel="next"') == 1


def test_strangers_text_is_text(api: Api, browser: Browser) -> None:
    """Markup in any name, message or query is shown, not run."""
    control = api.sandbox.control
    control.create_project(HOSTILE, title=HOSTILE, description=HOSTILE)
    control.create_batch(HOSTILE, HOSTILE, title=HOSTILE)
    control.create_request(HOSTILE, HOSTILE, external_id=HOSTILE, title=HOSTILE)
    body = api.body("cameras", externalId=HOSTILE, metadata={HOSTILE: HOSTILE})
    api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)
    control.fail_scene(body["internalId"], HOSTILE)
    api.send("GET", f"/nothing?{HOSTILE}")

    pages = [browser.open("", q=HOSTILE)]
    pages += [
        browser.open(kind, q=HOSTILE) for kind in ("projects", "batches", "requests", "scenes", "inputs")
    ]
    pages += [browser.open(f"scene/{body['internalId']}"), browser.open("calls")]
    for text in pages:
        assert "<img" not in text
        assert "alert(1)>" not in text
        assert "54439" not in text
    assert browser.column("projects", q=HOSTILE) == [HOSTILE]
    assert HOSTILE in html.unescape(pages[-2])
