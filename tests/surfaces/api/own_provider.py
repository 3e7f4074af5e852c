"""A provider of our own on this computer, that checks what a good one checks and can be told to answer what a bad one would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "patron", "what only the two know"
Bend = Callable[["OwnProvider", dict[str, Any]], str]


@dataclass
class OwnProvider:
    """Its keys, the codes that wait to be redeemed, and how often its keys were asked for."""

    issuer: str
    keys: list[RSAKey | ECKey]
    waiting: dict[str, dict[str, Any]] = field(default_factory=dict)
    bend: Bend | None = None
    keys_asked: int = 0
    named: str | None = None
    """What it calls itself, where that is not its address."""

    def logs_in(self, address: str, **claims: Any) -> dict[str, str]:
        """What it sends a browser back with, once somebody logged in at the address that Patron named."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self.waiting)}"
        self.waiting[code] = asked | {"claims": claims}
        return {"code": code, "state": asked["state"]}

    def redeem(self, sent: dict[str, str], authorization: str) -> dict[str, str] | None:
        """The token of a code; None where anything of it is not as it was."""
        asked = self.waiting.get(sent["code"])
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest()).decode()
        if (
            asked is None
            or pair != f"{CLIENT}:{SECRET.replace(' ', '+')}"
            or challenge.rstrip("=") != asked["code_challenge"]
        ):
            return None
        if sent["redirect_uri"] != asked["redirect_uri"]:
            return None
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "u1", "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        claims |= {"email": "marie@bank.example", "email_verified": True, "groups": ["analysts"]} | asked["claims"]
        claims = {name: told for name, told in claims.items() if told is not ...}
        return {"id_token": self.bend(self, claims) if self.bend else self.signed(claims), "token_type": "Bearer"}

    def signed(self, claims: dict[str, Any], key: RSAKey | ECKey | None = None, **header: Any) -> str:
        """A token of these claims, by its newest key if no other is given."""
        used = key or self.keys[-1]
        algorithm = {"RSA": "RS256", "EC": "ES256"}[used.key_type]
        return jws.serialize_compact(
            {"alg": algorithm, "kid": used.kid} | header, json.dumps(claims), used, algorithms=[algorithm]
        )

    def document(self) -> dict[str, str]:
        here = self.issuer
        return {
            "issuer": self.named or here,
            "authorization_endpoint": f"{here}/authorize",
            "token_endpoint": f"{here}/token",
            "jwks_uri": f"{here}/keys",
        }


def unsigned(_: OwnProvider, claims: dict[str, Any]) -> str:
    """A token that says of itself that it is not signed."""
    parts = (json.dumps(one).encode() for one in ({"alg": "none"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."


def by_shared_secret(provider: OwnProvider, claims: dict[str, Any]) -> str:
    """A token signed with the public key as if it were a shared secret, the oldest trick of all."""
    parts = (json.dumps(one).encode() for one in ({"alg": "HS256", "kid": provider.keys[-1].kid}, claims))
    told = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    mark = hmac.digest(provider.keys[-1].as_pem(private=False), told.encode(), "sha256")
    return f"{told}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"


def by_another_key(provider: OwnProvider, claims: dict[str, Any]) -> str:
    """A token signed by a key of somebody else, under the name of the provider's."""
    return provider.signed(claims, RSAKey.generate_key(2048, {"kid": provider.keys[-1].kid}))


def altered(provider: OwnProvider, claims: dict[str, Any]) -> str:
    """A token whose words were changed after it was signed."""
    head, _, mark = provider.signed(claims).split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims | {"groups": ["admins"]}).encode()).decode().rstrip("=")
    return f"{head}.{body}.{mark}"


@contextmanager
def own_provider() -> Iterator[OwnProvider]:
    """The provider, answering on this computer."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/keys":
                provider.keys_asked += 1
                self._tell({"keys": [key.as_dict(private=False) for key in provider.keys]})
            else:
                self._tell(provider.document())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            sent = {name: values[0] for name, values in parse_qs(body).items()}
            told = provider.redeem(sent, self.headers["authorization"])
            self._tell(told or {"error": "invalid_grant"}, 200 if told else 400)

        def _tell(self, told: object, status: int = 200) -> None:
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    provider = OwnProvider(f"http://127.0.0.1:{server.server_port}", [RSAKey.generate_key(2048, {"kid": "first"})])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
