"""Consent: the last word holds, an unasked customer has given none, and nothing that was said is missed."""

from __future__ import annotations

import threading

import pytest

from patron.errors import UnknownName
from patron.governance.audit.chain import Act, entries, verified
from patron.governance.consent import (
    changes_after,
    consents_of,
    forget_consents,
    known_purpose,
    set_consent,
)
from patron.governance.state.opened import State

ACT = Act("ann", "compliance", "session", "", "consent.set", "customer:1")


def test_the_last_word_holds_and_each_is_in_the_audit(state: State) -> None:
    assert consents_of(state, "c1") == ()
    set_consent(state, "c1", {"marketing": True, "research": False}, "web form", ACT)
    set_consent(state, "c1", {"marketing": False}, "phone", ACT)
    marketing, research = consents_of(state, "c1")
    assert (marketing.purpose, marketing.given, marketing.source) == ("marketing", False, "phone")
    assert (research.purpose, research.given, research.source) == ("research", False, "web form")
    assert marketing.at > research.at
    assert len(list(entries(state))) == 2
    assert verified(state).faults == ()


def test_who_keeps_up_with_changes_misses_none_while_many_write(state: State) -> None:
    writers, each = 4, 15
    held: set[str] = set()

    def write(number: int) -> None:
        for turn in range(each):
            set_consent(state, f"c{number}-{turn}", {"marketing": True}, "web form", ACT)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    newest = 0
    while any(thread.is_alive() for thread in threads) or len(held) < writers * each:
        before = newest
        newest, changes = changes_after(state, newest)
        assert newest >= before
        held |= {change.customer_id for change in changes}
        if not any(thread.is_alive() for thread in threads) and newest == writers * each:
            break
    assert len(held) == writers * each
    assert changes_after(state, newest) == (newest, ())


def test_what_a_customer_said_can_be_forgotten(state: State) -> None:
    set_consent(state, "c1", {"marketing": True}, "web form", ACT)
    with state.changing() as connection:
        forget_consents(connection, "c1")
    assert consents_of(state, "c1") == ()


def test_a_purpose_that_is_not_declared_is_refused() -> None:
    assert known_purpose("marketing", ["marketing"]) == "marketing"
    with pytest.raises(UnknownName, match="Did you mean 'marketing'"):
        known_purpose("marketting", ["marketing"])
