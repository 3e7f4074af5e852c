"""A provider over the network: its discovery document and keys, kept for a while, and codes redeemed for tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import httpx2

from patron.credentials import Secret
from patron.governance.providers.id_tokens import Key, UnknownKey, check_claims, keys_of, signed_claims
from patron.governance.providers.refusals import AnswerRefused, ProviderFailed
from patron.governance.providers.starts import Start
from patron.login_terms import OidcSettings, is_encrypted

_DISCOVERY: Final = "/.well-known/openid-configuration"
_KEPT_SECONDS: Final = 3600
LEAST_SECONDS_BETWEEN: Final = 30
"""Between two looks for new keys: whoever shows many tokens with made-up keys does not make the server ask as often."""
_PATIENCE_SECONDS: Final = 10
_MOST_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class _Known:
    """What the provider says of itself, and when it was asked."""

    document: Mapping[str, Any]  # Any: JSON
    keys: Mapping[str, Sequence[tuple[str, Key]]]
    at: float


class Provider:
    """One provider. Nothing is asked of it before the first login; it may be used by several threads."""

    def __init__(self, settings: OidcSettings, secret: Secret) -> None:
        self.settings, self._secret = settings, secret
        self._held: _Known | None = None
        self._asking = threading.Lock()

    def address(self, start: Start) -> str:
        """Where a browser goes to log in."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(start.verifier.encode()).digest()).decode().rstrip("=")
        told = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.settings.redirect,
            "scope": " ".join(self.settings.scopes),
            "state": start.state,
            "nonce": start.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = str(self._known().document["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(told)}"

    def redeemed(self, code: str, start: Start) -> dict[str, Any]:  # Any: JSON
        """What the provider says of whoever logged in, every part of it checked."""
        token = self._token(code, start)
        try:
            claims = signed_claims(token, self._known().keys)
        except UnknownKey:
            claims = self._with_new_keys(token)
        check_claims(
            claims,
            issuer=self.settings.issuer,
            client_id=self.settings.client_id,
            nonce=start.nonce,
            now=time.time(),
        )
        return claims

    def _with_new_keys(self, token: str) -> dict[str, Any]:  # Any: JSON
        try:
            return signed_claims(token, self._known(at_most=LEAST_SECONDS_BETWEEN).keys)
        except UnknownKey:
            raise AnswerRefused("The provider's token is signed by a key that the provider does not show.") from None

    def _known(self, at_most: float = _KEPT_SECONDS) -> _Known:
        with self._asking:
            if self._held is None or time.monotonic() - self._held.at >= at_most:
                document = self._document()
                keys = keys_of(_json(_ask("GET", document["jwks_uri"])))
                self._held = _Known(document, keys, time.monotonic())
            return self._held

    def _document(self) -> dict[str, Any]:  # Any: JSON
        told = _json(_ask("GET", self.settings.issuer.rstrip("/") + _DISCOVERY))
        if told.get("issuer") != self.settings.issuer:
            raise ProviderFailed(f"The provider at {self.settings.issuer} calls itself otherwise.")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            place = told.get(name)
            if not isinstance(place, str) or not is_encrypted(place.partition("?")[0]):
                raise ProviderFailed(f"The provider at {self.settings.issuer} names no {name} with https.")
        return told

    def _token(self, code: str, start: Start) -> str:
        document = self._known().document
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.redirect,
            "code_verifier": start.verifier,
        }
        client, secret = self.settings.client_id, self._secret.reveal()
        offered = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        headers = {"Accept": "application/json"}
        if "client_secret_basic" in offered:
            pair = f"{quote_plus(client)}:{quote_plus(secret)}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            sent |= {"client_id": client, "client_secret": secret}
        answer = _ask("POST", document["token_endpoint"], sent, headers)
        if answer.status_code in (400, 401, 403):
            raise AnswerRefused("The provider does not take the code of this login.")
        token = _json(answer).get("id_token")
        if not isinstance(token, str):
            raise ProviderFailed("The provider gives no token that says who logged in.")
        return token


def _ask(
    method: str, url: str, sent: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> httpx2.Response:
    """One request, never led elsewhere, of bounded size and time."""
    try:
        with (
            httpx2.Client(timeout=_PATIENCE_SECONDS, follow_redirects=False) as client,
            client.stream(method, url, data=sent, headers=headers) as answer,
        ):
            body = bytearray()
            for part in answer.iter_bytes():
                body += part
                if len(body) > _MOST_BYTES:
                    raise ProviderFailed(f"The provider answers more than {_MOST_BYTES:,} bytes.")
            return httpx2.Response(answer.status_code, content=bytes(body))
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ProviderFailed(f"The provider cannot be reached: {type(error).__name__}.") from error


def _json(answer: httpx2.Response) -> dict[str, Any]:  # Any: JSON
    if answer.status_code != 200:
        raise ProviderFailed(f"The provider answers with status {answer.status_code}.")
    try:
        told = json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise ProviderFailed("The provider answers something that is no JSON.") from error
    if not isinstance(told, dict):
        raise ProviderFailed("The provider answers something else than it should.")
    return told
