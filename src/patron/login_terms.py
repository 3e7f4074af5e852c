"""How people log in by another provider (OpenID Connect); the client's secret is the credential 'oidc'."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from patron.section import Section

CALLBACK: Final = "/v1/session/oidc/callback"
_OWN_COMPUTER: Final = ("127.0.0.1", "::1", "localhost")


class OidcSettings(Section):
    """Whose word is taken for who somebody is, and what of it makes their role."""

    issuer: str = Field(
        "", max_length=300, description="the provider's address, as its tokens name it; empty: no login by a provider"
    )
    client_id: str = Field("", max_length=200, description="what the provider calls this server")
    redirect: str = Field(
        "",
        max_length=500,
        description=f"where the provider sends people back to: this server's own address and {CALLBACK}",
    )
    scopes: tuple[str, ...] = Field(("openid", "email", "profile"), description="what the provider is asked to tell")
    name_claim: str = Field(
        "email",
        min_length=1,
        max_length=100,
        description="what of a token is the account's name; an e-mail address only where the provider verified it",
    )
    roles_claim: str = Field(
        "groups", min_length=1, max_length=100, description="what of a token holds the groups that make a role"
    )
    roles: dict[str, str] = Field(
        {}, description="the provider's group = Patron's role; the first in this order that somebody has is theirs"
    )
    branches_claim: str = Field(
        "", max_length=100, description="what of a token holds the branches somebody is held to; empty: nothing does"
    )
    branches: dict[str, str] = Field(
        {}, description="the provider's word = Patron's branch; empty: the provider says them as Patron does"
    )
    make_accounts: bool = Field(
        False,
        description="make an account at the first login; otherwise an administrator makes it before, 'by_provider'",
    )
    landing: str = Field(
        "/v1/session",
        pattern=r"^/[A-Za-z0-9_.~/-]*$",
        max_length=200,
        description="the path of this server that a browser goes to after the login",
    )

    @property
    def is_on(self) -> bool:
        return bool(self.issuer)

    @field_validator("issuer", "redirect")
    @classmethod
    def _encrypted(cls, address: str) -> str:
        if address and not is_encrypted(address):
            raise ValueError(f"'{address}' must be an https address without a user, '?' or '#'")
        return address

    @field_validator("landing")
    @classmethod
    def _of_this_server(cls, path: str) -> str:
        if path.startswith("//"):
            raise ValueError(f"'{path}' leads to another server; write a path such as /v1/session")
        return path

    @model_validator(mode="after")
    def _whole(self) -> OidcSettings:
        if not self.issuer:
            return self
        missing = [name for name in ("client_id", "redirect", "roles") if not getattr(self, name)]
        if missing:
            raise ValueError(f"a login by a provider needs {', '.join(missing)} too")
        if urlsplit(self.redirect).path != CALLBACK:
            raise ValueError(f"redirect must end with {CALLBACK}, and '{self.redirect}' does not")
        if "openid" not in self.scopes:
            raise ValueError("scopes must hold openid")
        return self


def is_encrypted(address: str) -> bool:
    """Whether an address is one of https, or of this computer, and nothing but a place."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    own = parts.scheme == "http" and parts.hostname in _OWN_COMPUTER
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return plain and bool(parts.hostname) and (parts.scheme == "https" or own) and address.isprintable()
