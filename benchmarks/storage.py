"""The storage of the benchmarks: Debian's nginx, whose DAV module takes uploads.

A server in Python would be the limit of most rows. nginx needs about as much processor time for a small file
as curl, keeps what it is sent, and holds an answer back for some milliseconds without keeping a process busy.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from pathlib import Path

MODULES = Path("/usr/lib/nginx/modules")
NEEDED = ("ndk_http_module.so", "ngx_http_lua_module.so")
INSTALL = "apt-get install --no-install-recommends nginx-light libnginx-mod-http-lua curl"
DOCUMENT = "annotation.json"

# One process for each of our cores; what is uploaded is overwritten by the next run. `keepalive_requests` is
# 1,000 otherwise, after which nginx closes a connection.
_CONFIGURATION = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
load_module {modules}/ndk_http_module.so;
load_module {modules}/ngx_http_lua_module.so;
{user}
events {{ worker_connections 1024; }}
http {{
  access_log off;
  default_type application/json;
  sendfile on;
  tcp_nodelay on;
  client_max_body_size 0;
  client_body_temp_path {files}/.bodies;
  keepalive_requests 100000000;
  keepalive_timeout 600;
  server {{
    listen 127.0.0.1:{port} {tls}backlog=4096;
    {certificate}
    root {files};
    location /upload/ {{
      client_body_in_file_only on;
      dav_methods PUT;
      {wait_after_body}
    }}
    location /annotation/ {{
      {wait}
      try_files /{document} =404;
    }}
    location = /_status {{ stub_status; }}
  }}
}}
"""


class NginxMissingError(Exception):
    """nginx, its Lua module or curl is not installed."""


def require() -> None:
    """Raise an error with the command that installs what is missing."""
    missing = [name for name in ("nginx", "curl") if not _program(name)]
    missing += [name for name in NEEDED if not (MODULES / name).exists()]
    if missing:
        raise NginxMissingError(
            f"not installed: {', '.join(missing)}. The benchmarks store files in nginx, delayed by its Lua "
            f"module, and compare with curl. On Debian: {INSTALL}"
        )


class Storage:
    """One nginx.

    Args:
        folder: Configuration, log and TLS; made if missing.
        document: What every download gets.
        latency: Milliseconds that an answer is held back, counted from the end of the request.
        certificate: PEM file with key and certificate; None for plain HTTP.

    Attributes:
        base: Its address.
    """

    def __init__(
        self, folder: Path, document: bytes, *, latency: float = 0, certificate: str | None = None
    ) -> None:
        require()
        folder.mkdir(parents=True)
        # Memory where there is such a file system: the disk is none of ours to measure.
        memory = Path("/dev/shm")
        self._files = (memory if memory.is_dir() else folder) / f"kognic-bench-{os.getpid()}-{folder.name}"
        (self._files / "upload").mkdir(parents=True)
        (self._files / DOCUMENT).write_bytes(document)
        port = _free_port()
        self.base = f"{'https://localhost' if certificate else 'http://127.0.0.1'}:{port}"
        self._port = port
        sleep = f"ngx.sleep({latency / 1000})" if latency else ""
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder, files=self._files, modules=MODULES, port=port, document=DOCUMENT,
                user="user root;" if os.geteuid() == 0 else "",
                tls="ssl " if certificate else "",
                certificate=f"ssl_certificate {certificate}; ssl_certificate_key {certificate};"
                if certificate else "",
                wait=f"access_by_lua_block {{ {sleep} }}" if latency else "",
                wait_after_body=f"access_by_lua_block {{ ngx.req.read_body() {sleep} }}" if latency else "",
            )
        )  # fmt: skip
        self._log = folder / "error.log"
        self._process = subprocess.Popen([_program("nginx") or "nginx", "-c", configuration, "-e", self._log])
        self._wait()

    def cpu(self) -> float:
        """Processor seconds of all its processes so far."""
        main = self._process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return sum(map(_cpu_of, (str(main), *children)))

    def connections(self) -> int:
        """Connections that it has accepted so far, this question's included."""
        # Only our own server listens on this port, so the certificate need not be verified.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(f"{self.base}/_status") as answer:
            text = answer.read().decode()
        found = re.search(r"requests\s+(\d+)", text)
        if found is None:
            raise RuntimeError(f"nginx answered {text!r}")
        return int(found[1])

    def clear(self) -> None:
        """Delete what was uploaded."""
        for path in (self._files / "upload").iterdir():
            path.unlink()

    def stop(self) -> None:
        """Stop it and delete what it holds."""
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._files, ignore_errors=True)

    def _wait(self) -> None:
        for _ in range(100):
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        text = self._log.read_text() if self._log.exists() else ""
        self.stop()
        raise RuntimeError(f"nginx does not start: {text[-2000:]}")


def _cpu_of(process: str) -> float:
    # User and system time are fields 14 and 15 of the line, after the name in parentheses (proc(5)).
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _program(name: str) -> str | None:
    # Debian keeps servers where users without privileges do not look.
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin")))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
