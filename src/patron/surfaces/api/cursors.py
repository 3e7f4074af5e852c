"""Cursors of long lists: where a page ended, of which release, signed so that nobody can make one up."""

from __future__ import annotations

import base64
import binascii
import hmac
import json

from patron.governance.accounts.secrets import ServerSecret
from patron.surfaces.api.problems import Refused

_PURPOSE = "cursor"


def cursor(secret: ServerSecret, release: str, after: str | None) -> str | None:
    """What to send for the next page; None at the end of a list."""
    if after is None:
        return None
    told = json.dumps([release, after])
    return base64.urlsafe_b64encode(f"{secret.hash(_PURPOSE, told)[:32]}{told}".encode()).decode().rstrip("=")


def after(secret: ServerSecret, release: str, sent: str | None) -> str | None:
    """Where the next page begins; refuses a cursor that is not ours, and one of a release that is served no longer."""
    if sent is None:
        return None
    try:
        told = base64.urlsafe_b64decode(sent + "=" * (-len(sent) % 4)).decode()
    except (ValueError, binascii.Error):
        told = ""
    mark, told = told[:32], told[32:]
    if not hmac.compare_digest(mark.encode(), secret.hash(_PURPOSE, told)[:32].encode()):
        raise Refused(422, "query.cursor is not one that this server gave.", to_do="Begin again without a cursor.")
    of_release, key = json.loads(told)
    if of_release != release:
        raise Refused(
            409,
            f"The list was of release {of_release}; now {release} is served.",
            to_do="Begin again without a cursor.",
        )
    return str(key)
