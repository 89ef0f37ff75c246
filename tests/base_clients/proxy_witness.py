"""A plugin of proxy.py that writes down every connection that the proxy makes for a client."""

from __future__ import annotations

import os
from pathlib import Path

from proxy.http.parser import HttpParser
from proxy.http.proxy import HttpProxyBasePlugin

FILE = "KOGNIC_TEST_PROXY_WITNESS"


class Witness(HttpProxyBasePlugin):  # type: ignore[misc]
    def before_upstream_connection(self, request: HttpParser) -> HttpParser:
        # The proxy runs in processes of its own; the environment reaches them all.
        with Path(os.environ[FILE]).open("ab") as file:
            file.write(b"%s %s:%d\n" % (request.method, request.host, request.port))
        return request
