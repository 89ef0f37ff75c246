"""Where the services of the platform are: from an environment, or as given one by one."""

from __future__ import annotations

import os
from collections.abc import Mapping

from kognic.auth.env_config import Environment, load_kognic_env_config, resolve_environment

DEFAULT_INPUT_API_HOST = "https://input.app.kognic.com"
DEFAULT_ORDER_EXECUTION_API_HOST = "https://order-execution.app.kognic.com"
DEFAULT_ANNOTATION_INTEGRATION_API_HOST = "https://annotation-integration.app.kognic.com"
DEFAULT_WORKSPACE_API_HOST = "https://workspace.app.kognic.com"
DEFAULT_PROJECT_MANAGEMENT_API_HOST = "https://project-management.app.kognic.com"
DEFAULT_DATASET_API_HOST = "https://dataset.app.kognic.com"
DEFAULT_QUERY_API_HOST = "https://query.app.kognic.com"

ENVIRONMENT_VARIABLE = "KOGNIC_ENVIRONMENT"
AUTH = "auth"


def find_environment(environment: str | Environment | None) -> Environment | None:
    """Find the environment to use: the one given, else the one that KOGNIC_ENVIRONMENT names, else none.

    Raises:
        ValueError: environments.json has no environment of that name, or cannot be read.
    """
    name = os.environ.get(ENVIRONMENT_VARIABLE) if environment is None else environment
    if not name:
        return None
    if not isinstance(name, str):
        return name
    return resolve_environment(load_kognic_env_config(), "", name)


def resolve_hosts(
    given: Mapping[str, str], defaults: Mapping[str, str], environment: Environment | None
) -> dict[str, str]:
    """Tell the base URL of each service.

    Args:
        given: Base URL by service, as the caller gave them.
        defaults: The same when the caller gives nothing.
        environment: Names all services, but for those that were given.
    """
    if environment is None:
        return dict(given)
    # Identity, as an argument that spells out the default is a wish, too.
    return {
        service: _service_url(environment, service) if url is defaults[service] else url
        for service, url in given.items()
    }


def _service_url(environment: Environment, service: str) -> str:
    return environment.auth_server if service == AUTH else environment.service_url(service)
