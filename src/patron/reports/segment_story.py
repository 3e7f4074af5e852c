"""What a release says of clusters, stages, movement and calm, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, TypeVar

from patron.reports.segment_answers import (
    Calm,
    CalmView,
    Clusters,
    Flow,
    Foresight,
    Places,
    Profile,
    ReasonTest,
    RuleRow,
    SeasonTest,
)
from patron.reports.segment_tables import OUTLOOKS, GroupRow, Heading
from patron.reports.wording import count, day, estimate, listed, period, printable, sentence, share
from patron.segments.coordinates import ELSEWHERE
from patron.segments.movement.migration import CAME, LEFT
from patron.segments.places import UNKNOWN
from patron.segments.seasons import ALL_YEAR, TOO_EARLY, USUAL

Told = TypeVar("Told")

VIEW_NAMES: Final = {
    "tier": "value tier",
    "rfm_segment": "RFM name",
    "lifecycle": "lifecycle stage",
    "cluster": "cluster",
}
VIEWS: Final = tuple(VIEW_NAMES)
CAME_WORDS, LEFT_WORDS = "Came since", "Gone since"
MOST_PLACES: Final = 12
_SLIPPING: Final = frozenset({"Slowing", "Lapsing", "Lapsed"})
_TOLD_FROM: Final = 0.3
_TRAITS: Final = 4
_AS_WELL: Final = 0.01


def view_name(view: str) -> str:
    """A view in words: 'value tier'."""
    return VIEW_NAMES.get(view, printable(view.replace("_", " ")))


def group_name(name: str, view: str) -> str:
    """A group as the page writes it: tiers with a capital, comers and leavers in words."""
    if name in (CAME, LEFT):
        return CAME_WORDS if name == CAME else LEFT_WORDS
    return (name.capitalize() if view == "tier" else printable(name)) or "None"


def in_order(views: Mapping[str, Told]) -> dict[str, Told]:
    """Views in the order in which reports tell them: tiers first."""
    return {view: views[view] for view in (*VIEWS, *sorted({*views} - {*VIEWS})) if view in views}


# Clusters


def clusters_finding(clusters: Clusters) -> str:
    """Who brings the value, by cluster."""
    if clusters.k < 2 or not clusters.profiles:
        return "All customers form one group"
    first = max(clusters.profiles, key=lambda profile: profile.value)
    if first.value_share is None:
        return f"Customers fall into {clusters.k} groups by what they do"
    return f"{printable(first.name)} are {share(first.share)} of customers and brought {share(first.value_share)} of recent value"


def candidates_finding(clusters: Clusters) -> str:
    """What was kept out of all that was tried."""
    choice, tried = clusters.choice, len(clusters.choice.candidates)
    if choice.chosen is None:
        return f"None of {count(tried, 'grouping')} tried holds: one group is kept"
    return f"{choice.chosen.k} segments by {choice.chosen.title}, the best of {count(tried, 'grouping')} tried"


def candidates_sentence(clusters: Clusters) -> str:
    """What the picture of candidates shows, and of which day."""
    marked = "; the mark is what was chosen" if clusters.choice.chosen else ""
    when = (
        f" on {day(date.fromisoformat(clusters.kept_since))}, when these clusters were found"
        if clusters.kept_since
        else ""
    )
    return f"Each grouping tried{when}, by its number of segments{marked}"


def map_finding(clusters: Clusters) -> str:
    """What the map shows."""
    told = {
        "clear": "The segments stand apart",
        "drawn": "Customers pass gradually from one segment to the next",
    }
    return told.get(clusters.choice.verdict, "There are no gaps between these customers")


def map_sentence(clusters: Clusters, drawn: int, shown: float | None) -> str:
    """How many customers the map holds, and how true it is."""
    who = f"{count(drawn, 'customer')} of the {clusters.learnt_from:,} learnt from, each a point"
    if shown is None:
        return f"{who}; who is near is alike, but distances are bent."
    return f"{who}; the two axes keep {share(shown)} of what sets customers apart."


def agreement_sentence(clusters: Clusters) -> str:
    """How surely the clusters can be given to every customer."""
    if clusters.k < 2 or not clusters.agreement_in_words:
        return ""
    return f"A classifier gives each customer their segment. {printable(clusters.agreement_in_words)}"


def reasons_sentence(test: ReasonTest | None) -> str:
    """Whether reasons hold, as tested."""
    if test is None:
        return ""
    return f"{printable(test.words)} A plain model fitted around a customer finds {share(test.second_opinion)} of the same five strongest reasons."


def gone_sentence(clusters: Clusters) -> str:
    """Which clusters of the release before are no more."""
    names = [printable(name) for name in clusters.gone]
    return f"No longer found: {listed(names)}." if names else ""


def clusters_line(clusters: Clusters) -> str:
    """The clusters in one line for the terminal."""
    if clusters.k < 2 or clusters.choice.chosen is None or not clusters.chosen_then:
        return f"Clusters: {_begun(clusters.choice.sentence) or 'one group only'}."
    return f"Clusters: {clusters.k} by {clusters.choice.chosen.title}; {clusters_finding(clusters)}."


def _begun(sentence: str) -> str:
    first = printable(sentence.partition(":")[0]).strip().rstrip(".")
    return first[:1].lower() + first[1:]


def profile_words(profile: Profile) -> str:
    """What sets a cluster apart, without the shares that stand beside it."""
    return sentence(printable(profile.sentence.partition(": ")[2] or profile.sentence))


def trait_rows(profile: Profile) -> tuple[tuple[str, float], ...]:
    """The phrases that set a cluster apart most, each once, with how far in standard deviations of everybody."""
    told: dict[str, float] = {}
    for trait in sorted(profile.traits, key=lambda trait: -abs(trait.difference)):
        if abs(trait.difference) >= _TOLD_FROM:
            told.setdefault(trait.phrase, trait.difference)
    return tuple(told.items())[:_TRAITS]


# Stages, seasons, places, rules


def stages_finding(stages: Sequence[GroupRow]) -> str:
    """How much of the value stands with customers who are late in their own rhythm."""
    late = [row for row in stages if row.name in _SLIPPING]
    customers, shares = sum(row.customers for row in late), [row.value_share for row in late]
    if not customers:
        return "Nobody is late in their own rhythm"
    verb = "is" if customers == 1 else "are"
    known = [one for one in shares if one is not None]
    held = f", with {share(sum(known))} of the expected value" if known else ""
    return f"{count(customers, 'customer')} {verb} later than their own rhythm{held}"


def seasons_sentence(test: SeasonTest | None) -> str:
    """Whether such types have held from one year to the next."""
    if test is None:
        return "Whether such types hold from year to year cannot be told yet."
    kept = f"Of {count(test.customers, 'seasonal customer')} found a year ago who bought again, {share(test.agreement)} kept to their quarter; {share(test.by_chance)} would by chance"
    return f"{kept}." if test.holds else f"{kept}: that is not yet a habit to build on."


def seasons_finding(seasons: Sequence[GroupRow]) -> str:
    """How many customers show a season of their own."""
    customers = sum(row.customers for row in seasons)
    plain = {ALL_YEAR, *USUAL, TOO_EARLY}
    own = sum(row.customers for row in seasons if row.name not in plain)
    early = sum(row.customers for row in seasons if row.name == TOO_EARLY)
    if not own:
        return "No customer shows a season of their own"
    verb = "buys" if own == 1 else "buy"
    told = f"{count(own, 'customer')} {verb} in a season or on days of their own"
    return f"{told}; for {share(early / customers)} it is too early to tell" if early else told


def places_finding(places: Places) -> str:
    """Where most of the value is."""
    named = [cell for cell in places.cells if cell.name not in (ELSEWHERE, UNKNOWN)]
    whole = sum(cell.value for cell in places.cells)
    if not named or whole <= 0:
        return "Where customers are"
    first = max(named, key=lambda cell: cell.value)
    return f"{printable(first.name)} holds {share(first.value / whole)} of the expected value"


def rules_finding(rules: Sequence[RuleRow]) -> str:
    """How many customers the user's own groups hold."""
    first = max(rules, key=lambda rule: rule.customers)
    if len(rules) == 1:
        return f"{count(first.customers, 'customer')} in your group “{printable(first.rule)}”"
    return f"{len(rules)} groups of your own; “{printable(first.rule)}” is the largest, with {count(first.customers, 'customer')}"


# Movement


def flows_finding(view: str, flows: Sequence[Flow], currency: str, days: int) -> str:
    """What moved: who left the high tier, or the shift between RFM names that moved most money."""
    return _high_finding(flows, currency) if view == "tier" else _shift_finding(flows, currency, days)


def _high_finding(flows: Sequence[Flow], currency: str) -> str:
    were = [flow for flow in flows if flow.before == "high"]
    fell = [flow for flow in were if flow.now != "high"]
    up = sum(flow.customers for flow in flows if flow.now == "high" and flow.before not in ("high", CAME))
    if not were:
        return "Nobody was in the high tier"
    left, all_of = sum(flow.customers for flow in fell), sum(flow.customers for flow in were)
    if not left:
        return f"All {count(all_of, 'customer')} of the high tier are still in it"
    lost = sum(flow.value_before - flow.value_now for flow in fell)
    with_it = f", with {estimate(lost, currency, 2)} of what they brought" if lost > 0 else ""
    return f"{left:,} of {count(all_of, 'customer')} left the high tier{with_it}; {up:,} rose into it"


def _shift_finding(flows: Sequence[Flow], currency: str, days: int) -> str:
    moved = [flow for flow in flows if flow.before != flow.now and flow.before != CAME and flow.now != LEFT]
    if not moved:
        return "Nobody changed their RFM name"
    flow = max(moved, key=lambda flow: abs(flow.value_now - flow.value_before))
    change = flow.value_now - flow.value_before
    way = "more" if change > 0 else "less"
    return f"The largest shift: {flow.customers:,} went from {flow.before} to {flow.now} and brought {estimate(abs(change), currency, 2)} {way} in {period(days) if days != 365 else 'a year'}"


def foresight_finding(foresight: Mapping[str, Foresight]) -> str:
    """Whether the next groups can be told better than by saying that nothing changes."""
    measured = {view: told for view, told in in_order(foresight).items() if told.measured}
    if not measured:
        return "Whether groups can be told ahead has not been measured"
    better = [f"the next {view_name(view)}" for view, told in measured.items() if told.beats_persistence]
    worse = [f"the next {view_name(view)}" for view, told in measured.items() if not told.beats_persistence]
    if not worse:
        return f"{_capital(listed(better))} can be told better than by “nothing changes”"
    if not better:
        return "Nothing told the next groups better than “nothing changes”"
    return f"{_capital(listed(better))} can be told better than by “nothing changes”, {listed(worse)} cannot"


def served_sentence(view: str, told: Foresight) -> str:
    """How the next group was told beside persistence, and what is shown as the next."""
    name = view_name(view)
    if not told.measured:
        return f"The present {name} is shown as the next."
    shown = f"the model's next {name} is shown" if told.beats_persistence else f"the present {name} is shown"
    return f"The model was right {_right(told.accuracy, told.money_accuracy)}, “nothing changes” {_right(told.persistence, told.money_persistence)}: {shown}."


def _right(customers: float | None, money: float | None) -> str:
    weighed = f" and {share(money)} of the money" if money is not None else ""
    return f"for {share(customers)} of customers{weighed}"


def outlook_sentence(tier: Heading, others: Heading | None = None) -> str:
    """How many go up, stay and go down, and how to read the counts."""
    moving = tier.outlook and (tier.outlook_of("up") or tier.outlook_of("down"))
    up, same, down = (f"{tier.outlook_of(word):,}" for word in OUTLOOKS)
    they = (
        f"{up} are expected to go up, {same} to stay and {down} to"
        if tier.expected
        else f"{up} should go up, {same} stay and {down}"
    )
    told = [
        f"By the tier of what they brought, {they} go down." if moving else "Nobody is shown as changing tier.",
        *dict.fromkeys(_counted(heading) for heading in (tier, others) if heading),
    ]
    return " ".join(filter(None, told))


def _counted(heading: Heading) -> str:
    """How the next counts of a view were made; empty where nothing changes."""
    if heading.expected:
        return "Expected numbers are the chances of today's customers added up; who comes until then is not among them."
    if all(row.now == row.next for row in heading.rows):
        return ""
    return "Each customer counts for the likeliest group alone, so large groups come out larger than they will be."


def cell_share(part: float | None) -> str:
    """A share as short as a cell of a matrix needs it."""
    return share(part).replace("under ", "<").replace("over ", ">")


def movers_finding(movers_in_all: int) -> str:
    """How many moved since the release before."""
    verb = "belongs" if movers_in_all == 1 else "belong"
    return f"{count(movers_in_all, 'customer')} {verb} to another group than in the release before"


# Calm


def calm_finding(calm: Calm) -> str:
    """How much calmer published labels are than raw ones, all views together."""
    raw, held = (sum(getattr(view, kind).flaps for view in calm.views.values()) for kind in ("raw", "calm"))
    if not raw:
        return "Labels do not flap"
    if not held:
        return "Published labels do not flap; raw ones do"
    return f"Published labels go to and fro {times(raw, held)} less often than raw ones"


def moving_views(calm: Calm) -> dict[str, CalmView]:
    """The views in which anybody moved; a single cluster cannot be left."""
    return {view: told for view, told in in_order(calm.views).items() if told.raw.moves}


def calm_sentence(view: str, calm: Calm) -> str:
    """One view: how many flaps raw and calm, and whether it costs anything."""
    told = calm.views[view]
    name = view_name(view)
    if not told.raw.flaps:
        return f"Of {count(calm.customers, 'customer')} none went to and fro between {_plural(name)} in {count(calm.weeks, 'week')}."
    kept = "" if told.calm.flaps else ": none is left"
    rate = f" ({times(told.raw.flaps, told.calm.flaps)} fewer)" if told.calm.flaps else ""
    return (
        f"At the border {told.raw.flaps:,} of {count(told.raw.moves, 'move')} between {_plural(name)} were undone within two "
        f"weeks; calm, {told.calm.flaps:,} are{kept}{rate}.{_cost(told)}"
    )


def _cost(view: CalmView) -> str:
    raw, calm = view.raw.quality, view.calm.quality
    if raw is None or calm is None:
        return ""
    if calm >= raw - _AS_WELL:
        return " They tell what came as well as raw ones do."
    return f" They tell what came a little less well ({calm:.2f} of 1 against {raw:.2f})."


def times(more: float, less: float) -> str:
    """A ratio in words: '3.9 times'."""
    ratio = more / less
    return f"{ratio:.1f} times" if ratio < 10 else f"{ratio:.0f} times"


def _plural(name: str) -> str:
    return f"{name}s"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
