"""What raw files are proposed to mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from patron.errors import AmbiguousData, BrokenContract, NothingThere, UnreadableFile, UsageError
from patron.settings import read_settings
from patron.sources.propose import Proposal, propose
from patron.sources.toml_text import settings_text
from sources.malformed_files import workbook

SHOP = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def write(folder: Path, text: str, name: str = "orders.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def orders(folder: Path, days: list[str], name: str = "orders.csv", amount: str = "12.50", sign: str = ",") -> Path:
    rows = [sign.join((f"O{n}", f"Anna{n % 3}", day, amount)) for n, day in enumerate(days)]
    return write(
        folder, "\n".join((sign.join(("order_id", "customer_id", "order_date", "amount")), *rows)) + "\n", name
    )


def places(proposal: Proposal, source: int = 0) -> dict[str, str]:
    return {column.name: column.source_column for column in proposal.sources[source].columns}


def test_a_shop_export_is_read_as_line_items_with_cancellations(tmp_path: Path) -> None:
    rows = [
        f"{no},A1,{q},2011-12-09 12:50,2.55,17850.0,France"
        for no, q in (("1", 3), ("1", 2), ("2", 1), ("C3", -3), ("C3", -2))
    ]
    proposal = propose([write(tmp_path, "\n".join((SHOP, *rows)))], "retail")
    source = proposal.sources[0]
    assert places(proposal) == {
        "customer_id": "CustomerID",
        "order_id": "InvoiceNo",
        "occurred_at": "InvoiceDate",
        "quantity": "Quantity",
        "unit_price": "UnitPrice",
        "product_id": "StockCode",
        "country": "Country",
    }
    assert source.source.refund_when is not None
    assert (source.source.refund_when.column, source.source.refund_when.starts_with) == ("InvoiceNo", "C")
    assert "invoices starting with C are cancellations: 2 rows" in source.notes
    assert source.example["StockCode"] == "A1"
    assert all(0.5 <= column.confidence <= 1 for column in source.columns)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bestellnummer;Kundennummer;Bestelldatum;Betrag", "order_id customer_id occurred_at amount"),
        ("No commande;Code client;Date commande;Montant total", "order_id customer_id occurred_at amount"),
        ("pedido;id_cliente;fecha;importe", "order_id customer_id occurred_at amount"),
        ("objednávka;zákazník;datum;částka", "order_id customer_id occurred_at amount"),
        ("Order Number;Customer Email;Created At;Total Price", "order_id customer_id occurred_at amount"),
        ("TransactionID;HouseholdKey;TransactionTimestamp;SalesValue", "row_id customer_id occurred_at amount"),
    ],
)
def test_columns_are_known_by_their_names_in_several_languages(header: str, expected: str, tmp_path: Path) -> None:
    text = "\n".join((header, *(f"B{n};Kim{n % 2};2024-03-{n:02d};{n},50" for n in range(1, 20))))
    proposal = propose([write(tmp_path, text)], "retail")
    names = header.split(";")
    assert places(proposal) == dict(zip(expected.split(), names, strict=True))
    assert (proposal.sources[0].source.delimiter, proposal.sources[0].source.decimal) == (";", ",")


@pytest.mark.parametrize(
    ("id_name", "place"),
    [
        ("account_holder", "town"),
        ("Account Holder ID", "municipality"),
        ("holder_no", "City"),
        ("client_no", "Gemeinde"),
    ],
)
def test_the_words_of_banks_for_customers_and_places_are_known(id_name: str, place: str, tmp_path: Path) -> None:
    movements = "\n".join(
        (f"{id_name},posting_date,amount", *(f"A{n % 4},2024-03-{n:02d},{n}.5" for n in range(1, 20)))
    )
    people = "\n".join((f"{id_name},{place},opened_on", *(f"A{n},Leeds,2023-01-0{n + 1}" for n in range(4))))
    proposal = propose([write(tmp_path, movements), write(tmp_path, people, "people.csv")], "bank")
    chosen = {source.source.table: source.source.columns for source in proposal.sources}
    assert chosen["transactions"] == {"customer_id": id_name, "occurred_at": "posting_date", "amount": "amount"}
    assert chosen["customers"] == {"customer_id": id_name, "region": place, "acquired_on": "opened_on"}


def test_an_account_is_the_customer_where_its_holder_is_a_name_beside_it(tmp_path: Path) -> None:
    rows = (f"A{n % 4},Kim {n % 4},2024-03-{n:02d},{n}.5" for n in range(1, 20))
    text = "\n".join(("account_no,account_holder,posting_date,amount", *rows))
    assert places(propose([write(tmp_path, text)], "bank"))["customer_id"] == "account_no"


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["2024-03-05", "2024-03-06"], "iso"),
        (["05/03/2024"] * 30 + ["25/03/2024"], "%d/%m/%Y"),
        (["05/03/2024"] * 30 + ["03/25/2024"], "%m/%d/%Y"),
        (["05/03/2024 18:30"] * 3 + ["25/03/2024 8:05"], "%d/%m/%Y %H:%M"),
        (["3/25/2024 1:05 PM", "3/5/2024 11:05 AM"], "%m/%d/%Y %I:%M %p"),
        (["5 Mar 2024", "25 May 2024"], "%d %b %Y"),
        (["20240305", "20240325"], "%Y%m%d"),
        (["25.03.24", "05.03.24", "31.03.24"], "%d.%m.%y"),
    ],
)
def test_how_dates_are_written_is_found_in_the_whole_column(days: list[str], expected: str, tmp_path: Path) -> None:
    assert propose([orders(tmp_path, days)], "retail").sources[0].source.date_format == expected


def test_one_impossible_day_far_down_decides(tmp_path: Path) -> None:
    path = orders(tmp_path, ["05/03/2024"] * 60_000 + ["25/03/2024"])
    assert propose([path], "retail").sources[0].source.date_format == "%d/%m/%Y"


def test_dates_that_can_be_read_two_ways_must_be_declared(tmp_path: Path) -> None:
    path = orders(tmp_path, ["05/03/2024", "06/07/2024"])
    with pytest.raises(AmbiguousData, match=r"'0\d/0\d/2024' can be read as %[dm]/%[dm]/%Y and as"):
        propose([path], "retail")
    assert propose([path], "retail", date_format="%m/%d/%Y").sources[0].source.date_format == "%m/%d/%Y"


def test_a_column_where_each_reading_is_denied_is_ambiguous(tmp_path: Path) -> None:
    path = orders(tmp_path, ["05/03/2024"] * 200 + ["25/03/2024", "03/25/2024"])
    with pytest.raises(AmbiguousData):
        propose([path], "retail")


@pytest.mark.parametrize(
    ("amount", "signs"),
    [
        ("1.234,50", (",", ".")),
        ("12,5", (",", "")),
        ("1,234.50", (".", ",")),
        ("1234.5", (".", "")),
        ("£3.20", (".", "")),
        ("1 234,5", (",", " ")),
    ],
)
def test_the_signs_of_numbers_are_told_by_the_numbers(amount: str, signs: tuple[str, str], tmp_path: Path) -> None:
    source = propose([orders(tmp_path, ["2024-03-05"] * 3, amount=amount, sign=";")], "retail").sources[0].source
    assert (source.decimal, source.thousands) == signs


def test_thousands_that_could_be_decimals_must_be_declared(tmp_path: Path) -> None:
    path = orders(tmp_path, ["2024-03-05"] * 3, amount="1,234", sign=";")
    with pytest.raises(AmbiguousData, match="'1,234'"):
        propose([path], "retail")
    assert propose([path], "retail", decimal=",").sources[0].source.decimal == ","


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found_out(encoding: str, sign: str, tmp_path: Path) -> None:
    text = (
        sign.join(("order_id", "customer_id", "date", "amount"))
        + "\n"
        + sign.join(("O1", "Zoë", "2024-03-05", "5"))
        + "\n"
    )
    source = propose([write(tmp_path, text, encoding=encoding)], "retail").sources[0].source
    assert (source.delimiter, source.encoding == "cp1252") == (sign, encoding == "cp1252")


def test_a_title_above_the_header_is_skipped(tmp_path: Path) -> None:
    text = "Orders of 2024\n\norder_id,customer_id,date,amount\n" + "O1,Anna,2024-03-05,5\n" * 5
    assert propose([write(tmp_path, text)], "retail").sources[0].source.skip_lines == 2


def test_excels_own_separator_line_is_believed(tmp_path: Path) -> None:
    text = "sep=;\norder_id;customer_id;date;amount\n" + "O1;Anna;2024-03-05;5\n" * 5
    source = propose([write(tmp_path, text)], "retail").sources[0].source
    assert (source.delimiter, source.skip_lines) == (";", 1)


def test_files_with_the_same_columns_are_one_source_and_others_find_their_tables(tmp_path: Path) -> None:
    january, february = (
        orders(tmp_path, ["2024-01-05"] * 4, "january.csv"),
        orders(tmp_path, ["2024-02-05"] * 4, "february.csv"),
    )
    people = write(tmp_path, "customer_id,gender,signup_date\nAnna0,f,2023-01-01\nAnna1,f,2023-02-01\n", "people.csv")
    notes = write(tmp_path, "question,answer\n1,yes\n", "notes.csv")
    proposal = propose([people, january, february, notes], "retail")
    assert [(source.source.table, [file.name for file in source.files]) for source in proposal.sources] == [
        ("transactions", ["january.csv", "february.csv"]),
        ("customers", ["people.csv"]),
    ]
    assert [(unused.path.name, "fits no table" in unused.why) for unused in proposal.unused] == [("notes.csv", True)]


def test_a_transaction_id_marks_rows_only_if_it_is_unique_in_the_whole_file(tmp_path: Path) -> None:
    header = "trans_id,account_id,date,amount\n"
    unique = header + "".join(f"{n},A{n % 5},2024-03-05,5\n" for n in range(60_000))
    found = propose([write(tmp_path, unique, "a.csv")], "bank").sources[0]
    assert (found.source.row_id, "order_id" in found.source.columns) == ("trans_id", False)
    repeated = propose([write(tmp_path, unique + "7,A1,2024-03-05,5\n", "b.csv")], "bank").sources[0]
    assert (repeated.source.row_id, repeated.source.columns["order_id"]) == ("", "trans_id")


def test_a_price_is_the_amount_unless_there_is_a_quantity(tmp_path: Path) -> None:
    alone = write(tmp_path, "id,date,price\n" + "1,2024-03-05,5\n" * 3, "alone.csv")
    beside = write(tmp_path, "client,date,price,qty\n" + "1,2024-03-05,5,2\n" * 3, "beside.csv")
    assert places(propose([alone], "retail")) == {"customer_id": "id", "occurred_at": "date", "amount": "price"}
    assert places(propose([beside], "retail"))["unit_price"] == "price"


def test_a_discount_rate_is_not_money(tmp_path: Path) -> None:
    path = write(tmp_path, "customer_id,date,amount,discount_pct\n" + "1,2024-03-05,5,10\n" * 3)
    assert "discount" not in places(propose([path], "retail"))


def test_refunds_are_known_by_a_column_of_kinds(tmp_path: Path) -> None:
    rows = "".join(f"{n},A{n % 3},2024-03-05,5,{'refund' if n == 4 else 'sale'}\n" for n in range(9))
    source = propose([write(tmp_path, "order_id,customer_id,date,amount,type\n" + rows)], "retail").sources[0]
    assert source.source.refund_when is not None
    assert source.source.refund_when.equals == ("refund",)
    assert "rows whose 'type' is refund are refunds: 1 rows" in source.notes


def test_a_state_called_cancelled_is_pointed_out(tmp_path: Path) -> None:
    rows = "".join(f"{n},A{n % 3},2024-03-05,5,{'cancelled' if n == 4 else 'paid'}\n" for n in range(9))
    source = propose([write(tmp_path, "order_id,customer_id,date,amount,status\n" + rows)], "retail").sources[0]
    assert source.source.refund_when is None
    assert any("'status' holds cancelled (1 rows)" in note for note in source.notes)


def test_the_currency_is_the_one_the_file_names(tmp_path: Path) -> None:
    path = write(tmp_path, "customer_id,date,amount,currency\n" + "1,2024-03-05,5,GBP\n" * 3)
    assert propose([path], "retail").currency == "GBP"
    assert any("GBP" in note for note in propose([path], "retail", currency="USD").notes)
    assert propose([orders(tmp_path, ["2024-03-05"], "plain.csv")], "retail").currency == "EUR"


def test_a_workbook_and_json_lines_are_looked_at_too(tmp_path: Path) -> None:
    book = tmp_path / "orders.xlsx"
    book.write_bytes(workbook([["Customer", "Order Date", "Total"], *(["Anna", "date:45000", 5.5] for _ in range(4))]))
    lines = write(
        tmp_path, '{"customer": "Anna", "ordered_at": "2024-03-05T10:00:00Z", "total": 5.5}\n' * 4, "orders.jsonl"
    )
    assert places(propose([book], "retail")) == {
        "customer_id": "Customer",
        "occurred_at": "Order Date",
        "amount": "Total",
    }
    assert places(propose([lines], "retail")) == {
        "customer_id": "customer",
        "occurred_at": "ordered_at",
        "amount": "total",
    }


def test_without_transactions_what_was_found_and_what_is_needed_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, "customer_id,gender\nAnna,f\nBert,m\n")
    with pytest.raises(
        BrokenContract,
        match=r"orders.csv has the columns customer_id, gender \(no column says when or how much\).*Needed",
    ):
        propose([path], "retail")


def test_a_file_without_a_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenContract, match="no header"):
        propose([write(tmp_path, "1,19970101,2,11.77\n2,19970112,1,12.00\n")], "retail")


def test_what_cannot_be_looked_at_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingThere):
        propose([tmp_path / "missing.csv"], "retail")
    with pytest.raises(UsageError, match="No profile"):
        propose([orders(tmp_path, ["2024-03-05"])], "casino")
    with pytest.raises(UnreadableFile, match="empty"):
        propose([write(tmp_path, "", "empty.csv")], "retail")
    with pytest.raises(BrokenContract, match="no rows"):
        propose([write(tmp_path, "customer_id,date,amount\n", "bare.csv")], "retail")


@pytest.mark.parametrize("profile", ["retail", "bank", "subscription"])
def test_the_file_written_can_be_read_and_says_the_same(profile: str, tmp_path: Path) -> None:
    rows = [
        f'{no},A1,{q},09/12/2011 12:50,"1.234,50",17850,France' for no, q in (("1", 3), ("2", 1), ("C3", -3), ("4", 31))
    ]
    rows.append('5,A1,1,25/12/2011 12:50,"2,50",17850,France')
    (tmp_path / "raw").mkdir()
    proposal = propose([write(tmp_path / "raw", "\n".join((SHOP, *rows)))], profile)
    text = settings_text(proposal, tmp_path)
    target = write(tmp_path, text, "patron.toml")
    found = read_settings(target, {})
    assert found.sources["transactions"] == proposal.sources[0].source.model_copy(update={"files": ("raw/orders.csv",)})
    assert (found.profile, found.value.currency) == (profile, "EUR")
    assert (found.value.basis, found.value.margin_rate) == (("margin", 0.01) if profile == "bank" else ("revenue", 1.0))


def test_every_default_can_be_switched_on_as_it_stands(tmp_path: Path) -> None:
    text = settings_text(propose([orders(tmp_path, ["2024-03-05"] * 3)], "retail"), tmp_path)
    active = [
        line[1:] if line.startswith("#") and not line.startswith("# ") and "_when" not in line else line
        for line in text.splitlines()
    ]
    before = read_settings(write(tmp_path, text, "patron.toml"), {})
    assert read_settings(write(tmp_path, "\n".join(active), "all.toml"), {}) == before


def test_odd_column_names_survive_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, 'customer_id,"order ""date""","Total \\ amount é"\n' + "Anna,2024-03-05,5\n" * 3)
    proposal = propose([path], "retail")
    found = read_settings(write(tmp_path, settings_text(proposal, tmp_path), "patron.toml"), {})
    assert found.sources["transactions"].columns == places(proposal)


def test_online_retail_is_understood(shared_data: Path) -> None:
    proposal = propose([shared_data / "online_retail" / "online_retail.parquet"], "retail")
    assert places(proposal)["order_id"] == "invoice_no"
    assert "invoices starting with C are cancellations: 9,288 rows" in proposal.sources[0].notes


def test_berka_is_understood_as_a_bank_with_branches(shared_data: Path) -> None:
    files = [shared_data / "berka" / f"{name}.parquet" for name in ("account", "district", "trans_1993_to_1994q1")]
    proposal = propose(files, "bank")
    assert [source.name for source in proposal.sources] == ["transactions", "customers", "branches"]
    assert places(proposal) == {
        "row_id": "trans_id",
        "customer_id": "account_id",
        "occurred_at": "date",
        "amount": "amount",
    }
    assert places(proposal, 1) == {"customer_id": "account_id", "acquired_on": "date", "branch_id": "district_id"}
    assert proposal.sources[0].source.refund_when is None


def test_cdnow_and_apparel_are_understood(shared_data: Path) -> None:
    cdnow = propose([shared_data / "cdnow" / "master.parquet"], "retail")
    apparel = propose([shared_data / "apparel_clvtools" / "apparel_trans.parquet"], "retail")
    assert places(cdnow) == {"customer_id": "customer_id", "occurred_at": "date", "amount": "amount", "quantity": "cds"}
    assert places(apparel) == {"customer_id": "id", "occurred_at": "date", "amount": "price"}
