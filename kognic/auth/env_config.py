"""environments.json: platform environments by name, with their auth servers and credentials.

    {
      "default_environment": "production",
      "environments": {
        "production": {
          "host": "app.kognic.com",
          "auth_server": "https://auth.app.kognic.com",
          "credentials": "~/.config/kognic/credentials.json",
          "scopes": ["api:read"]
        },
        "sandbox": {"url": "http://127.0.0.1:8765", "credentials": "~/sandbox/credentials.json"}
      }
    }

`credentials` may also be `keyring://<profile>`. An environment with a `url` has all services, the auth server
included, under that one address; `host` and `auth_server` need not be given then.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from kognic._core.environment_errors import (
    EnvironmentConfigError,
    EnvironmentFileError,
    MissingEnvironmentKeyError,
)
from kognic._core.files import NotJsonError, read_json
from kognic._core.urls import is_base_url
from kognic.auth._defaults import DEFAULT_ENV_CONFIG_FILE_PATH, DEFAULT_HOST, DEFAULT_KOGNIC_PLATFORM

KEYRING_PREFIX = "keyring://"


@dataclasses.dataclass
class Environment:
    """One deployment of the platform.

    Attributes:
        name: What users call it.
        host: Domain that its services belong to: `app.kognic.com` for `https://input.app.kognic.com`.
        auth_server: Base URL of its token endpoint.
        credentials: Path of a credentials file or `keyring://<profile>`; None for those of the system.
        scopes: What tokens are for; empty for those of the credentials.
        url: Base URL of all services; None when each has a host of its own.
    """

    name: str
    host: str
    auth_server: str
    credentials: str | None = None
    scopes: list[str] = dataclasses.field(default_factory=list)
    url: str | None = None

    def service_url(self, service: str) -> str:
        """Base URL of a service, such as `input` or `order-execution`."""
        return self.url or f"https://{service}.{self.host}"


@dataclasses.dataclass
class KognicEnvConfig:
    """What an environments file holds.

    Attributes:
        environments: By name, in the order of the file.
        default_environment: The name of the one to use where nothing else decides.
        source: The file, for errors.
    """

    environments: dict[str, Environment] = dataclasses.field(default_factory=dict)
    default_environment: str | None = None
    source: str | None = dataclasses.field(default=None, compare=False, repr=False)


def load_kognic_env_config(path: str | os.PathLike[str] = DEFAULT_ENV_CONFIG_FILE_PATH) -> KognicEnvConfig:
    """Read an environments file; a missing one is empty.

    Raises:
        EnvironmentFileError: It is not JSON (a json.JSONDecodeError).
        MissingEnvironmentKeyError: An environment lacks a key (a KeyError).
        EnvironmentConfigError: It is JSON, but not that of environments.
        OSError: It cannot be read.
    """
    file = Path(path).expanduser()
    content = read_content(file)
    where = f"The environments file '{file}'"
    listed = content.get("environments", {})
    if not isinstance(listed, Mapping):
        raise _wrong(where, "environments", listed, "an object of environments by name")
    default = content.get("default_environment")
    if default is not None and not isinstance(default, str):
        raise _wrong(where, "default_environment", default, "the name of an environment")
    environments = {name: _environment(name, entry, where) for name, entry in listed.items()}
    return KognicEnvConfig(environments, default, source=str(file))


def resolve_environment(config: KognicEnvConfig, url: str, env_name: str | None = None) -> Environment:
    """Pick the environment for a request: by name, else by its URL, else the default.

    By URL, the longest `url` that it begins with wins, then the environment whose `host` is the URL's, then
    one whose `host` is a parent domain of it. Without any of those and without a default it is the public
    platform.

    Raises:
        EnvironmentConfigError: There is no environment of that name (a ValueError).
    """
    if env_name is not None:
        if env_name not in config.environments:
            stopped = _stopped_sandbox(env_name)
            if stopped is not None:
                raise EnvironmentConfigError(
                    f"The sandbox of this shell ({stopped}) has stopped; start it again with "
                    "'kognic sandbox serve' and run 'eval \"$(kognic sandbox env)\"'"
                )
            known = ", ".join(config.environments) or "none"
            file = f"'{config.source}'" if config.source else "the environments file"
            raise EnvironmentConfigError(
                f"Unknown environment '{env_name}'; {file} has: {known}. 'kognic sandbox serve --register' "
                "adds 'sandbox', a local platform, while it runs"
            )
        return config.environments[env_name]
    found = _by_address(config, url) or _by_host(config, url)
    default = config.default_environment
    if found is None and default is not None:
        found = config.environments.get(default)
    return found or Environment("default", DEFAULT_KOGNIC_PLATFORM, DEFAULT_HOST)


def _stopped_sandbox(env_name: str) -> str | None:
    """The folder of the sandbox whose variables (`kognic sandbox env`) this shell has; None for none."""
    config, credentials = os.environ.get("XDG_CONFIG_HOME"), os.environ.get("KOGNIC_CREDENTIALS")
    if env_name != os.environ.get("KOGNIC_ENVIRONMENT") or not config or not credentials:
        return None
    folder = Path(credentials).parent
    return str(folder) if Path(config) == folder / "config" else None


def is_known(url: str, environment: Environment) -> bool:
    """Whether a URL belongs to an environment."""
    alone = KognicEnvConfig({environment.name: environment})
    return (_by_address(alone, url) or _by_host(alone, url)) is not None


def environment_options(
    env: str, env_config_path: str | os.PathLike[str], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the constructor's arguments for an environment: the given ones, else the environment's."""
    path = env_config_path or DEFAULT_ENV_CONFIG_FILE_PATH
    environment = resolve_environment(load_kognic_env_config(path), "", env)
    options: dict[str, Any] = {"auth_host": environment.auth_server, **given}
    if options.get("auth") is None:
        options["auth"] = environment.credentials
    if options.get("scopes") is None:
        options["scopes"] = environment.scopes or None
    return options


def read_content(file: Path) -> dict[str, Any]:
    """Return the content of an environments file as it stands; empty if there is no file.

    Raises:
        EnvironmentFileError: It is not JSON.
        EnvironmentConfigError: It is not an object.
    """
    trouble: NotJsonError
    try:
        content = read_json(file)
    except FileNotFoundError:
        return {}
    except NotJsonError as exc:
        trouble = exc
    else:
        if isinstance(content, dict):
            return content
        raise _wrong(f"The environments file '{file}'", "the whole", content, "an object")
    message = f"The environments file '{file}' {trouble}; correct it, or name another one"
    raise EnvironmentFileError(message, line=trouble.line, column=trouble.column)


def _environment(name: str, entry: object, where: str) -> Environment:
    key = f"environments.{name}"
    if not isinstance(entry, Mapping):
        raise _wrong(where, key, entry, "an object")
    texts = {
        field: _text(entry, field, key, where) for field in ("host", "auth_server", "credentials", "url")
    }
    url = texts["url"]
    for field in ("url", "auth_server"):
        value = texts[field]
        if value is not None and not is_base_url(value):
            raise _wrong(where, f"{key}.{field}", value, "a URL like https://auth.app.kognic.com")
    scopes = entry.get("scopes") or []
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise _wrong(where, f"{key}.scopes", scopes, "a list of texts")
    return Environment(
        name=name,
        host=texts["host"] or _needed(url and urlsplit(url).hostname, f"{key}.host", where),
        auth_server=texts["auth_server"] or _needed(url, f"{key}.auth_server", where),
        credentials=_expanded(texts["credentials"]),
        scopes=list(scopes),
        url=url.rstrip("/") if url else None,
    )


def _text(entry: Mapping[str, Any], field: str, key: str, where: str) -> str | None:
    value = entry.get(field)
    if value is None or (isinstance(value, str) and value):
        return value
    raise _wrong(where, f"{key}.{field}", value, "text")


def _needed(value: str | None, key: str, where: str) -> str:
    if value:
        return value
    raise MissingEnvironmentKeyError(f"{where} has no '{key}'; add it, or a 'url' for all services")


def _expanded(credentials: str | None) -> str | None:
    if credentials is None or credentials.startswith(KEYRING_PREFIX):
        return credentials
    return str(Path(credentials).expanduser())


def _by_address(config: KognicEnvConfig, url: str) -> Environment | None:
    under = [e for e in config.environments.values() if e.url and _is_under(url, e.url)]
    return max(under, key=lambda e: len(e.url or ""), default=None)


def _is_under(url: str, base: str) -> bool:
    rest = url[len(base) :] if url.lower().startswith(base.lower()) else None
    return rest is not None and rest[:1] in {"", "/", "?", "#"}


def _by_host(config: KognicEnvConfig, url: str) -> Environment | None:
    parts = _split(url)
    name, address = (parts.hostname or "", parts.netloc.lower().rpartition("@")[2]) if parts else ("", "")
    if not name:
        return None
    candidates = list(config.environments.values())
    for environment in candidates:
        if environment.host.lower() in {name, address}:
            return environment
    for environment in candidates:
        if name.endswith(f".{environment.host.lower()}"):
            return environment
    return None


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts


def _wrong(where: str, key: str, value: object, expected: str) -> EnvironmentConfigError:
    shown = repr(value) if isinstance(value, (str, int, float)) else f"of type {type(value).__name__}"
    return EnvironmentConfigError(f"{where}: {key} is {shown}, must be {expected}")
