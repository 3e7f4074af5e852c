"""The audit chain: any edit, removal, other order or cut tail is found; what was written whole stays whole."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from patron.errors import StorageFailed
from patron.governance.audit.chain import Act, Entry, Head, entries, faults, head_of, write
from patron.governance.audit.writer import AuditWriter
from patron.governance.state.opened import State


def act(subject: str) -> Act:
    return Act("marie", "analyst", "key", "10.0.0.1", "customer.read", subject, details={"release": "r1"})


def chain_of(state: State, acts: int) -> list[Entry]:
    write(state, [act(f"c{number}") for number in range(acts)])
    return list(entries(state))


def test_a_chain_as_it_was_written_has_no_fault(state: State) -> None:
    assert list(faults(entries(state), head_of(state))) == []
    for number in range(3):
        write(state, [act(f"{number}-{one}") for one in range(4)])
    assert [entry.place for entry in entries(state)] == list(range(1, 13))
    assert [entry.place for entry in entries(state, after=10)] == [11, 12]
    assert list(faults(entries(state), head_of(state))) == []


def test_a_thousand_tamperings_are_all_found(state: State) -> None:
    chain = chain_of(state, 60)
    head = head_of(state)
    rng = random.Random(5)  # noqa: S311
    found = 0
    for _ in range(1000):
        changed = list(chain)
        place = rng.randrange(len(chain))
        kind = rng.choice(["edit", "edit and hash anew", "remove", "swap", "cut", "double", "insert"])
        if kind == "edit":
            name = rng.choice(["who", "role", "via", "address", "action", "subject", "outcome", "details"])
            changed[place] = replace(chain[place], **{name: getattr(chain[place], name) + "x"})
        elif kind == "edit and hash anew":
            forged = replace(chain[place], subject="other")
            changed[place] = replace(forged, hash=_hash_anew(forged))
        elif kind == "remove":
            del changed[place]
        elif kind == "swap":
            other = (place + 1 + rng.randrange(len(chain) - 1)) % len(chain)
            changed[place], changed[other] = changed[other], changed[place]
        elif kind == "cut":
            changed = changed[:place]
        elif kind == "double":
            changed.insert(place, changed[place])
        else:
            forged = replace(chain[place], subject="new")
            changed.insert(place, replace(forged, hash=_hash_anew(forged)))
        found += bool(list(faults(changed, head)))
    assert found == 1000


def test_a_tail_that_is_cut_with_its_head_is_told_by_an_anchor(state: State) -> None:
    chain = chain_of(state, 10)
    anchor = head_of(state)
    cut = chain[:6]
    forged_head = Head(6, cut[-1].hash)
    assert list(faults(cut, forged_head)) == []
    assert list(faults(cut, forged_head, [anchor])) == ["Entry 10 was anchored and is missing."]


def test_acts_of_many_requests_are_all_written_once(state: State) -> None:
    async def ask() -> None:
        writer = AuditWriter(state)
        await asyncio.gather(*(writer.write(act(f"{number}")) for number in range(500)))
        await writer.finish()

    asyncio.run(ask())
    assert sorted(int(entry.subject) for entry in entries(state)) == list(range(500))
    assert list(faults(entries(state), head_of(state))) == []


def test_signs_that_a_database_cannot_hold_stop_no_other_act(state: State) -> None:
    write(
        state, [act("c1"), act("nul\0 and \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")), act("c2")]
    )
    assert [entry.subject for entry in entries(state)] == ["c1", "nul\ufffd and 😀", "c2"]
    assert list(faults(entries(state), head_of(state))) == []


def test_several_processes_write_one_chain(open_again: Callable[[], State]) -> None:
    states = [open_again() for _ in range(3)]

    def write_some(number: int) -> None:
        for one in range(40):
            write(states[number], [act(f"{number}-{one}"), act(f"{number}-{one}-again")])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write_some, range(3)))
    assert head_of(states[0]).place == 240
    assert list(faults(entries(states[0]), head_of(states[1]))) == []


def test_who_waits_for_an_act_that_cannot_be_written_hears_of_it(state: State) -> None:
    with state.changing() as connection:
        connection.execute(text("DROP TABLE audit"))

    async def ask() -> None:
        await AuditWriter(state).write(act("1"))

    with pytest.raises(StorageFailed):
        asyncio.run(ask())


def _hash_anew(entry: Entry) -> str:
    """What a forger would write, who knows how links are hashed."""
    from dataclasses import asdict

    from patron.governance.audit import chain

    return chain._hash(asdict(entry))
