"""API keys: hashed, narrowed, ending, replaced without a gap."""

from __future__ import annotations

import pytest

from governance.kept import everything_in
from patron.errors import NothingThere, UnknownName, UsageError
from patron.governance.accounts import keys
from patron.governance.accounts.keys import key_of, make_key, replace_key, revoke_key
from patron.governance.accounts.secrets import passing_secret, server_secret
from patron.governance.roles import ALLOWED, Permission, Role
from patron.governance.state.opened import State, now_in_microseconds

SECRET = passing_secret()
DAY = 86_400_000_000


def test_a_key_works_for_its_holder_and_nobody_else(state: State) -> None:
    key, sent = make_key(state, SECRET, "till", made_by="admin", days=30)
    assert key_of(state, SECRET, sent) == key
    assert key.permissions == ALLOWED[Role.SERVICE]
    assert key_of(state, passing_secret(), sent) is None
    for wrong in (
        "",
        "patron",
        "patron_",
        f"patron_{key.id}",
        f"patron_{key.id}_",
        sent[:-1],
        f"{sent}x",
        sent.upper(),
    ):
        assert key_of(state, SECRET, wrong) is None
    assert sent.split("_", 2)[2] not in everything_in(state)


def test_a_key_ends_on_its_day_and_when_it_is_revoked(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    _, sent = make_key(state, SECRET, "till", made_by="admin", days=2)
    other, other_sent = make_key(state, SECRET, "web", made_by="admin", days=2)
    revoke_key(state, other.id)
    assert key_of(state, SECRET, other_sent) is None
    now = now_in_microseconds()
    monkeypatch.setattr(keys, "now_in_microseconds", lambda: now + 2 * DAY - 60_000_000)
    assert key_of(state, SECRET, sent) is not None
    monkeypatch.setattr(keys, "now_in_microseconds", lambda: now + 2 * DAY)
    assert key_of(state, SECRET, sent) is None


def test_a_replaced_key_works_a_little_longer_beside_the_new_one(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    old, old_sent = make_key(
        state, SECRET, "till", made_by="admin", days=30, permissions=["customers.read"], branches=["north"]
    )
    new, new_sent = replace_key(state, SECRET, old.id, made_by="marie", days=30, overlap_days=1)
    assert (new.permissions, new.branches, new.name) == (old.permissions, old.branches, old.name)
    assert key_of(state, SECRET, old_sent) is not None
    now = now_in_microseconds()
    monkeypatch.setattr(keys, "now_in_microseconds", lambda: now + DAY)
    assert key_of(state, SECRET, old_sent) is None
    assert key_of(state, SECRET, new_sent) is not None
    revoke_key(state, new.id)
    with pytest.raises(UsageError, match="no longer"):
        replace_key(state, SECRET, new.id, made_by="marie", days=30)


def test_a_key_may_do_less_than_its_role_never_more(state: State) -> None:
    key, _ = make_key(state, SECRET, "till", made_by="admin", days=1, permissions=["customers.read"])
    assert key.identity().permissions == {Permission.READ_CUSTOMERS}
    with pytest.raises(UsageError, match=r"may not: audit\.read"):
        make_key(state, SECRET, "till", made_by="admin", days=1, permissions=["audit.read"])
    with pytest.raises(UnknownName, match="customers.read"):
        make_key(state, SECRET, "till", made_by="admin", days=1, permissions=["customer.read"])
    with pytest.raises(UsageError, match="1 to 366"):
        make_key(state, SECRET, "till", made_by="admin", days=400)
    with pytest.raises(NothingThere):
        revoke_key(state, "nothing")


def test_no_key_manages_accounts(state: State) -> None:
    key, _ = make_key(state, SECRET, "robot", made_by="admin", days=1, role="admin")
    assert Permission.MANAGE_ACCOUNTS not in key.permissions
    with pytest.raises(UsageError, match=r"may not: accounts\.manage"):
        make_key(state, SECRET, "robot", made_by="admin", days=1, role="admin", permissions=["accounts.manage"])
    with pytest.raises(UsageError, match="of the whole business"):
        make_key(state, SECRET, "robot", made_by="admin", days=1, role="compliance", branches=["north"])


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (None, "no secret"),
        ("", "no secret"),
        ("short", "5 bytes"),
        ("ab" * 40, "repeats"),
        ("0123456789" * 4, "repeats"),
    ],
)
def test_a_weak_server_secret_is_refused(told: str | None, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        server_secret(told)
