"""The sheets that offices keep: customers and KYC, branch reports, campaign trackers, logs of engagement."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from patron.errors import BrokenContract, UnreadableFile
from patron.pipeline.runner import Watcher, opened_run, run_until
from patron.settings import read_settings
from patron.sources.propose import Proposal, ProposedSource, propose
from patron.sources.toml_text import settings_text
from sources.sheets import Cell, workbook_of

CLIENTS = [f"{1000 + n}" for n in range(40)]
ORDERS: list[list[Cell]] = [["order_id", "customer_id", "order_date", "amount", "branch"]] + [
    [f"O{n}", CLIENTS[n % 40], f"2024-{1 + n % 9:02d}-{1 + n % 28:02d}", 10.5 + n, f"B{n % 3}"] for n in range(120)
]
KYC: list[list[Cell]] = [["Customer No.", "Full Name", "Date of Birth", "Gender", "Risk Class", "Home Branch", "Account opened"]] + [
    [float(client), f"Person {n}", f"date:{30000 + 100 * n}", "fm"[n % 2], ("low", "medium", "high")[n % 3], f"B{n % 3}", f"date:{44000 + n}"]
    for n, client in enumerate(CLIENTS)
]  # fmt: skip
BRANCHES: list[list[Cell]] = [
    ["Branch Code", "Branch Name", "Region", "Staff", "Revenue 2023"],
    *([f"B{n}", f"Branch {n}", ("North", "South")[n % 2], 5.0 + n, 100000.5 + n] for n in range(3)),
]
TRACKER: list[list[Cell]] = [["Client", "Campaign", "Channel", "Cost", "Sent at", "Responded on"]] + [
    [client, f"C{n % 2}", ("e-mail", "post")[n % 2], 0.25, "2024-05-02", "2024-05-09" if n % 4 == 0 else None]
    for n, client in enumerate(CLIENTS)
]
CAMPAIGNS: list[list[Cell]] = [
    ["Campaign", "Name", "Channel", "Start date", "End date", "Budget"],
    ["C0", "Spring mailing", "post", "2024-05-01", "2024-05-31", 1200.0],
    ["C1", "May letter", "e-mail", "2024-05-01", "2024-05-31", 300.0],
]
LOG: list[list[Cell]] = [["customer_id", "event_time", "event_type", "campaign", "value", "device"]] + [
    [CLIENTS[n % 40], f"2024-06-{1 + n % 28:02d} 10:{n % 60:02d}:00", ("email_open", "click", "visit")[n % 3], "C0", 1.0 + n % 5, "phone"]
    for n in range(90)
]  # fmt: skip
REVIEWS: list[list[Cell]] = [["review_date", "customer_id", "product", "stars", "comment"]] + [
    [f"2024-07-{1 + n % 28:02d}", CLIENTS[n % 7], f"P{n % 4}", 1.0 + n % 5, f"Words {n}, of mine"] for n in range(30)
]


def write_csv(folder: Path, name: str, rows: list[list[Cell]]) -> Path:
    path = folder / name
    lines = [";".join("" if cell is None else str(cell) for cell in row) for row in rows]
    path.write_text("\n".join(lines).replace("date:", "") + "\n", "utf-8")
    return path


def write_book(folder: Path, name: str, **sheets: list[list[Cell]]) -> Path:
    path = folder / name
    path.write_bytes(workbook_of({sheet.replace("_", " "): rows for sheet, rows in sheets.items()}))
    return path


def by_table(proposal: Proposal) -> dict[str, ProposedSource]:
    return {source.source.table: source for source in proposal.sources}


def columns(source: ProposedSource) -> dict[str, str]:
    return {column.name: column.source_column for column in source.columns}


def test_a_kyc_sheet_is_taken_as_customers_although_it_names_them_otherwise(tmp_path: Path) -> None:
    proposal = propose([write_csv(tmp_path, "orders.csv", ORDERS), write_book(tmp_path, "kyc.xlsx", KYC=KYC)], "bank")
    people = by_table(proposal)["customers"]
    assert columns(people) == {
        "customer_id": "Customer No.",
        "acquired_on": "Account opened",
        "birth_date": "Date of Birth",
        "gender": "Gender",
        "branch_id": "Home Branch",
    }
    assert people.unused_columns == ("Full Name", "Risk Class")
    assert "its 'Customer No.' are the transactions' 'customer_id': 40 of 40 ids stand in both" in people.notes
    assert next(c.confidence for c in people.columns if c.name == "customer_id") == 0.75
    assert proposal.unused == ()


def test_people_who_buy_nothing_are_left_out_with_the_reason(tmp_path: Path) -> None:
    strangers = [KYC[0], *([float(9000 + n), *row[1:]] for n, row in enumerate(KYC[1:]))]
    proposal = propose([write_csv(tmp_path, "orders.csv", ORDERS), write_csv(tmp_path, "kyc.csv", strangers)], "retail")
    assert "customers" not in by_table(proposal)
    assert [entry.why for entry in proposal.unused] == [
        "it names customers by 'Customer No.', transactions by 'customer_id', and they share no value"
    ]


def test_a_branch_report_a_tracker_and_a_list_of_campaigns_find_their_tables(tmp_path: Path) -> None:
    paths = [
        write_csv(tmp_path, "orders.csv", ORDERS),
        write_csv(tmp_path, "branches.csv", BRANCHES),
        write_csv(tmp_path, "tracker.csv", TRACKER),
        write_csv(tmp_path, "campaigns.csv", CAMPAIGNS),
    ]
    found = by_table(propose(paths, "retail"))
    assert columns(found["branches"]) == {"branch_id": "Branch Code", "branch_name": "Branch Name", "region": "Region"}
    assert found["branches"].unused_columns == ("Staff", "Revenue 2023")
    assert columns(found["contacts"]) == {
        "customer_id": "Client",
        "campaign_id": "Campaign",
        "contacted_at": "Sent at",
        "responded_at": "Responded on",
        "cost": "Cost",
    }
    assert found["contacts"].unused_columns == ("Channel",)
    assert columns(found["campaigns"]) == {
        "campaign_id": "Campaign",
        "campaign_name": "Name",
        "channel": "Channel",
        "started_on": "Start date",
        "ended_on": "End date",
    }


def test_a_log_of_engagement_is_no_list_of_sales_although_it_has_a_value(tmp_path: Path) -> None:
    paths = [write_csv(tmp_path, "orders.csv", ORDERS), write_csv(tmp_path, "log.csv", LOG)]
    found = by_table(propose(paths, "retail"))
    assert columns(found["engagements"]) == {
        "customer_id": "customer_id",
        "occurred_at": "event_time",
        "kind": "event_type",
        "campaign_id": "campaign",
        "value": "value",
    }
    assert found["transactions"].files == (paths[0],)


def test_events_that_tell_of_buying_are_sales(tmp_path: Path) -> None:
    bought = [LOG[0], *([*row[:2], ("order", "view")[n % 2], *row[3:]] for n, row in enumerate(LOG[1:]))]
    found = by_table(propose([write_csv(tmp_path, "events.csv", bought)], "retail"))
    assert columns(found["transactions"])["amount"] == "value"


def test_reviews_are_taken_as_reviews(tmp_path: Path) -> None:
    paths = [write_csv(tmp_path, "orders.csv", ORDERS), write_csv(tmp_path, "reviews.csv", REVIEWS)]
    found = by_table(propose(paths, "retail"))
    assert columns(found["reviews"]) == {
        "customer_id": "customer_id",
        "occurred_at": "review_date",
        "product_id": "product",
        "rating": "stars",
        "text": "comment",
    }


def test_every_sheet_of_a_workbook_is_looked_at_and_a_run_reads_them(tmp_path: Path) -> None:
    notes: list[list[Cell]] = [["Please", "note"], ["ask", "Eva"]]
    book = write_book(tmp_path, "office.xlsx", Notes=notes, Sales_2024=ORDERS, KYC=KYC, Branches=BRANCHES, Empty=[])
    proposal = propose([book], "retail")
    found = by_table(proposal)
    assert {table: source.source.sheet for table, source in found.items()} == {
        "transactions": "Sales 2024",
        "customers": "KYC",
        "branches": "Branches",
    }
    assert [entry.name for entry in proposal.unused] == ["office.xlsx, sheet 'Empty'", "office.xlsx"]
    (tmp_path / "patron.toml").write_text(settings_text(proposal, tmp_path), "utf-8")
    with opened_run(tmp_path, Watcher()) as run:
        run_until(run, "check", Watcher())
        held = {table: run.warehouse.count("silver", table) for table in found}
    assert held == {"transactions": 120, "customers": 40, "branches": 3}


def test_a_workbook_without_anything_to_read_says_what_is_wrong_with_its_first_sheet(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="its sheet is empty"):
        propose([write_book(tmp_path, "empty.xlsx", A=[], B=[])], "retail")


@pytest.mark.parametrize("name", ["ordered", "when_it_was", "Tag"])
def test_the_only_column_of_days_says_when_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    renamed = [[*ORDERS[0][:2], name, *ORDERS[0][3:]], *ORDERS[1:]]
    sales = by_table(propose([write_csv(tmp_path, "orders.csv", renamed)], "retail"))["transactions"]
    found = next(column for column in sales.columns if column.name == "occurred_at")
    assert (found.source_column, found.confidence) == (name, 0.55)


@pytest.mark.parametrize("name", ["Date of Birth", "signup_date", "sent_at", "end_date"])
def test_days_that_are_said_to_be_others_are_not_taken_for_days_of_sale(name: str, tmp_path: Path) -> None:
    renamed = [[*ORDERS[0][:2], name, *ORDERS[0][3:]], *ORDERS[1:]]
    with pytest.raises(BrokenContract, match="no column says when"):
        propose([write_csv(tmp_path, "orders.csv", renamed)], "retail")


def test_two_columns_of_days_with_unknown_names_leave_the_choice_to_the_user(tmp_path: Path) -> None:
    renamed = [[*ORDERS[0][:2], "first_one", *ORDERS[0][3:], "second_one"], *([*row, row[2]] for row in ORDERS[1:])]
    with pytest.raises(BrokenContract, match="no column says when"):
        propose([write_csv(tmp_path, "orders.csv", renamed)], "retail")


def test_the_file_written_names_sheets_and_unused_columns(tmp_path: Path) -> None:
    book = write_book(tmp_path, "office.xlsx", Sales=ORDERS, Know_your_customer=KYC)
    text = settings_text(propose([book], "retail"), tmp_path)
    assert 'sheet = "Know your customer"' in text
    assert "# not used: Full Name, Risk Class" in text
    (tmp_path / "patron.toml").write_text(text, "utf-8")
    settings = read_settings(tmp_path / "patron.toml", {})
    assert [(source.table, source.sheet) for source in settings.sources.values()] == [
        ("transactions", ""),
        ("customers", "Know your customer"),
    ]
    assert json.dumps(settings.model_dump(mode="json"))
