"""Who is calling: a key in the `Authorization` header. A key in the address is never read: addresses end up in logs."""

from __future__ import annotations

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from inbox.accounts.models import ApiToken, Official
from inbox.accounts.tokens import record_use, token_of
from inbox.core import clock

_LONGEST_KEY = 200


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Token <key>`. The caller acts as the key's official, or only reads as them."""

    keyword = "Token"

    def authenticate(self, request: Request) -> tuple[Official, ApiToken] | None:
        """None when another scheme is used. Raises 401 for a key that is not live, 403 for a write it may not do."""
        scheme, _space, key = authentication.get_authorization_header(request).partition(b" ")
        if scheme.decode("latin-1").casefold() != self.keyword.casefold():
            return None
        token = self._token(key.strip())
        if request.method not in SAFE_METHODS and not token.can_write:
            raise exceptions.PermissionDenied(_("This token is read-only."), code="read_only_token")
        return token.official, token

    def authenticate_header(self, request: Request) -> str:
        return self.keyword

    def _token(self, raw: bytes) -> ApiToken:
        now = clock.now()
        token = token_of(raw.decode("latin-1"), at=now) if 0 < len(raw) <= _LONGEST_KEY else None
        if token is None:
            # One answer for unknown, expired, revoked and inactive: a caller cannot find out which keys once existed.
            raise exceptions.AuthenticationFailed(_("This token is not valid."), code="invalid_token")
        record_use(token, at=now)
        return token


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI description names this way in."""

    target_class = "inbox.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token <key>`; keys are made with `manage.py create_api_token`.",
        }
