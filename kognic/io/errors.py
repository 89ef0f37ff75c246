"""Every error of the package in one place; where each is defined, its family is drawn.

`kognic.auth.errors` (credentials, tokens), `kognic.base_clients.errors` (calls and transfers),
`kognic.io.resources.errors` (scenes, workspaces). `QueryException` is in `kognic.query.query_model`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic.auth._lazy import attach

if TYPE_CHECKING:
    from kognic.auth.errors import (
        CredentialsError,
        CredentialsFileNotFoundError,
        CredentialsFormatError,
        CredentialsUnreadableError,
        EnvironmentConfigError,
        ExpiredCredentialsError,
        InsecureUrlError,
        KognicError,
        MissingCredentialsKeyError,
        NoCredentialsError,
        TokenConnectionError,
        TokenError,
        TokenRefusedError,
        TokenResponseError,
        TokenTimeoutError,
    )
    from kognic.base_clients.errors import (
        AmbiguousWriteError,
        ApiError,
        AuthenticationError,
        BadRequestError,
        ClientClosedError,
        ConflictError,
        ConnectionFailedError,
        ConnectTimedOutError,
        IntegrityError,
        MissingFileError,
        ModelValidationError,
        NotFoundError,
        PermissionDeniedError,
        RateLimitedError,
        RequestBodyError,
        RequestTimeoutError,
        ResponseDecodeError,
        ResponseTooLargeError,
        ServerError,
        SignedUrlExpiredError,
        SourceChangedError,
        SourceError,
        StalledTransferError,
        UploadCallbackError,
        UploadError,
    )
    from kognic.io.resources.errors import (
        PredictionsError,
        SceneError,
        SceneFailedError,
        SceneInvalidatedError,
        SceneTimeoutError,
        WorkspaceUnknownError,
    )

__all__ = [
    "AmbiguousWriteError",
    "ApiError",
    "AuthenticationError",
    "BadRequestError",
    "ClientClosedError",
    "ConflictError",
    "ConnectTimedOutError",
    "ConnectionFailedError",
    "CredentialsError",
    "CredentialsFileNotFoundError",
    "CredentialsFormatError",
    "CredentialsUnreadableError",
    "EnvironmentConfigError",
    "ExpiredCredentialsError",
    "InsecureUrlError",
    "IntegrityError",
    "KognicError",
    "MissingCredentialsKeyError",
    "MissingFileError",
    "ModelValidationError",
    "NoCredentialsError",
    "NotFoundError",
    "PermissionDeniedError",
    "PredictionsError",
    "RateLimitedError",
    "RequestBodyError",
    "RequestTimeoutError",
    "ResponseDecodeError",
    "ResponseTooLargeError",
    "SceneError",
    "SceneFailedError",
    "SceneInvalidatedError",
    "SceneTimeoutError",
    "ServerError",
    "SignedUrlExpiredError",
    "SourceChangedError",
    "SourceError",
    "StalledTransferError",
    "TokenConnectionError",
    "TokenError",
    "TokenRefusedError",
    "TokenResponseError",
    "TokenTimeoutError",
    "UploadCallbackError",
    "UploadError",
    "WorkspaceUnknownError",
]

if not TYPE_CHECKING:
    _HOMES = {
        "kognic.auth.errors": (
            "Credentials",
            "Environment",
            "Expired",
            "Insecure",
            "Kognic",
            "MissingCred",
            "NoCred",
            "Token",
        ),
        "kognic.io.resources.errors": ("Predictions", "Scene", "Workspace"),
    }
    __getattr__, __dir__ = attach(
        __name__,
        {
            name: next(
                (home for home, starts in _HOMES.items() if name.startswith(starts)),
                "kognic.base_clients.errors",
            )
            for name in __all__
        },
    )
