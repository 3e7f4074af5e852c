"""Tokens that say who somebody is: the signature by one of the provider's keys, and each claim that binds a token to one login."""

from __future__ import annotations

import hmac
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from joserfc import jwk, jws
from joserfc.errors import JoseError

from patron.governance.providers.refusals import AnswerRefused

ALGORITHMS: Final = {"RS256": "RSA", "ES256": "EC"}
"""Those that are accepted, with the kind of key. None with a shared secret, and never 'none'."""
SKEW_SECONDS: Final = 60
_LEAST_RSA_BITS: Final = 2048
_LONGEST_SUBJECT: Final = 255
Key = jwk.RSAKey | jwk.ECKey


class UnknownKey(Exception):
    """A token's key is not among those at hand; the provider may have new ones."""


def keys_of(told: object) -> dict[str, list[tuple[str, Key]]]:
    """The keys of a provider that sign tokens, by kind, each with its id; what is meant for anything else is left out."""
    found: dict[str, list[tuple[str, Key]]] = {kind: [] for kind in ALGORITHMS.values()}
    listed = told.get("keys") if isinstance(told, dict) else None
    for one in listed if isinstance(listed, list) else ():
        key = _key(one)
        if key is not None:
            found[one["kty"]].append((str(one.get("kid", "")), key))
    return found


def signed_claims(token: str, keys: Mapping[str, Sequence[tuple[str, Key]]]) -> dict[str, Any]:  # Any: JSON
    """What a token says, its signature checked; UnknownKey where none of these keys has the id that it names."""
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise AnswerRefused("The provider's token cannot be read.") from error
    algorithm, name = header.get("alg"), header.get("kid", "")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise AnswerRefused(
            f"The provider's token is signed by '{algorithm}'."[:200], allowed=f"Known: {', '.join(ALGORITHMS)}."
        )
    of_kind = keys[ALGORITHMS[algorithm]]
    fitting = [key for kid, key in of_kind if kid == name] if name else [key for _, key in of_kind]
    if len(fitting) != 1:
        raise UnknownKey
    try:
        claims = json.loads(jws.deserialize_compact(token, fitting[0], algorithms=[algorithm]).payload or b"")
    except (JoseError, ValueError, RecursionError) as error:
        raise AnswerRefused("The provider's token is not signed by the provider.") from error
    if not isinstance(claims, dict):
        raise AnswerRefused("The provider's token says nothing.")
    return claims


def check_claims(claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: float) -> str:  # Any: JSON
    """The subject that a token is about; AnswerRefused where it is of another provider, server, login or time."""
    if claims.get("iss") != issuer:
        raise AnswerRefused("The token is of another provider.")
    meant = claims.get("aud")
    audience = [meant] if isinstance(meant, str) else meant if isinstance(meant, list) else []
    if client_id not in audience or claims.get("azp", client_id) != client_id:
        raise AnswerRefused("The token is meant for another server.")
    if len(audience) > 1 and "azp" not in claims:
        raise AnswerRefused("The token is meant for several servers, and does not say for which it was made.")
    _check_times(claims, now)
    told = claims.get("nonce")
    if not isinstance(told, str) or not hmac.compare_digest(told.encode("utf-8", "replace"), nonce.encode()):
        raise AnswerRefused("The token is of another login.")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise AnswerRefused("The token does not say whom it is about.")
    return subject


def _check_times(claims: Mapping[str, Any], now: float) -> None:  # Any: JSON
    ends, made = _moment(claims, "exp"), _moment(claims, "iat")
    if ends is None or made is None:
        raise AnswerRefused("The token does not say when it was made and when it ends.")
    if ends <= now - SKEW_SECONDS:
        raise AnswerRefused("The token has ended.", to_do="Log in again; if it stays, compare the two clocks.")
    begins = _moment(claims, "nbf") if "nbf" in claims else made
    if begins is None or max(begins, made) > now + SKEW_SECONDS:
        raise AnswerRefused("The token does not hold yet.", to_do="Log in again; if it stays, compare the two clocks.")


def _moment(claims: Mapping[str, Any], name: str) -> float | None:  # Any: JSON
    told = claims.get(name)
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told):
        return None
    return told


def _key(told: Any) -> Key | None:  # Any: JSON
    """A public key that signs, or None for anything else."""
    if not isinstance(told, dict) or told.get("kty") not in ALGORITHMS.values() or told.get("use", "sig") != "sig":
        return None
    if "d" in told or told.get("alg") not in (
        None,
        *(name for name, kind in ALGORITHMS.items() if kind == told["kty"]),
    ):
        return None
    try:
        key = jwk.import_key(told)
        if isinstance(key, jwk.RSAKey):
            return key if key.public_key.key_size >= _LEAST_RSA_BITS else None
        return key if isinstance(key, jwk.ECKey) and told.get("crv") == "P-256" else None
    except (JoseError, ValueError, TypeError):
        return None
