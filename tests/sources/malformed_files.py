"""Files as they should not be: what people, tills, mail servers and spreadsheets make of an export.

``malformed_files()`` gives each by name with how it must end: refused with a clear message, or read with every
row accounted for and the bad ones set aside for the reasons named.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

HEADER = "order_id,customer_id,date,amount"
COLUMNS = {"order_id": "order_id", "customer_id": "customer_id", "occurred_at": "date", "amount": "amount"}
GOOD_ROWS = tuple(f"O{n},Anna{n % 3},2024-01-{n:02d},{n}.50" for n in range(1, 11))


@dataclass(frozen=True)
class Malformed:
    """A file, the settings it is read with, and how reading it must end.

    ``refused``: with a PatronError. Otherwise ``rows_in`` rows are found in it, of which the ones set aside have
    exactly these ``reasons`` (each reason once per row).
    """

    file_name: str
    content: bytes
    refused: bool = False
    rows_in: int = 0
    reasons: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, object]:
        """What patron.toml would say about it; ``files`` is left to the caller."""
        return {"table": "transactions", "columns": COLUMNS, **self.options}


def malformed_files() -> dict[str, Malformed]:
    """Every malformed file, by name."""
    return {
        **_ragged(),
        **_quoted(),
        **_encoded(),
        **_damaged(),
        **_headers(),
        **_numbers(),
        **_dates(),
        **_rows_and_lines(),
        **_other_kinds(),
    }


def text(*lines: str, header: str = HEADER, end: str = "\n") -> bytes:
    """Lines under the header as UTF-8."""
    return (end.join((header, *lines)) + end).encode()


def _with(line: str, reason: str, **options: object) -> Malformed:
    """Ten good rows and one that must be set aside."""
    return Malformed("orders.csv", text(*GOOD_ROWS[:5], line, *GOOD_ROWS[5:]), False, 11, (reason,), options)


def _fine(content: bytes, rows: int, name: str = "orders.csv", **options: object) -> Malformed:
    """Odd, but all there: nothing is set aside."""
    return Malformed(name, content, False, rows, (), options)


def _refused(content: bytes, name: str = "orders.csv", **options: object) -> Malformed:
    return Malformed(name, content, True, options=options)


def _ragged() -> dict[str, Malformed]:
    return {
        "a row with a value too few": _with("O99,Anna,2024-01-05", "ragged"),
        "a row with a value too many": _with("O99,Anna,2024-01-05,5.00,more", "ragged"),
        "a row cut off in the middle": _with("O9", "ragged"),
        "a last row without its end": Malformed(
            "orders.csv", text(*GOOD_ROWS) + b"O99,Anna,2024-", False, 11, ("ragged",)
        ),
        "every row too long": Malformed(
            "orders.csv", text(*(f"{row},x" for row in GOOD_ROWS)), False, 10, ("ragged",) * 10
        ),
        "a decimal comma under commas": _with("O99,Anna,2024-01-05,12,50", "ragged"),
        "a total line at the end": Malformed(
            "orders.csv", text(*GOOD_ROWS, "Total: 10 orders"), False, 11, ("ragged",)
        ),
        "a row of separators only": _with(",,,", "missing_occurred_at"),
    }


def _quoted() -> dict[str, Malformed]:
    swallowing = text(*GOOD_ROWS[:5], 'O99,"Anna,2024-01-05,5.00', *(f"O{n},Bert,2024-02-01,1.00" for n in range(100)))
    return {
        "a quote that is never closed": _refused(swallowing),
        "a quote left open on the last line": _refused(text(*GOOD_ROWS, '"O99,Anna,2024-01-05,5.00')),
        "a quote that swallows a line and closes inside a value": Malformed(
            "orders.csv",
            text(*GOOD_ROWS[:5], 'O98,"Anna,2024-01-05,5.00', 'O99,"Anna",2024-01-05,5.00', *GOOD_ROWS[5:]),
            False,
            12,
            ("unclosed_quote", "unclosed_quote"),
        ),
        "text behind a closing quote": _with('O99,"Anna"x,2024-01-05,5.00', "stray_quote"),
        "unescaped quotes in a quoted value": _with('O99,"Anna "the" second",2024-01-05,5.00', "stray_quote"),
        "a quote in the middle of a value": _fine(text(*GOOD_ROWS, 'O99,5" pipe,2024-01-05,5.00'), 11),
        "a quoted line end": _fine(
            text(*GOOD_ROWS, 'O99,"An\nna",2024-01-05,5.00').replace(b'"An\nna"', b'"Anna"'), 11
        ),
        "a line end in a quoted id": _with('O99,"An\nna",2024-01-05,5.00', "control_character"),
        "doubled quotes": _fine(text(*GOOD_ROWS, 'O99,"An""na",2024-01-05,5.00'), 11),
        "everything quoted, once twice": _fine(
            text('"O1","Anna","2024-01-01","5.00"', '"O2","","2024-01-01","5.00"'), 2
        ),
        "a quote over a thousand lines": _refused(text('O1,"' + "\n" * 1500 + '",2024-01-01,5.00')),
    }


def _encoded() -> dict[str, Malformed]:
    accents = ["O99,Zoë,2024-01-05,5.00"]
    return {
        "Latin 1 read as UTF-8": Malformed(
            "orders.csv", text(*GOOD_ROWS) + "O99,Zoë,2024-01-05,5.00\n".encode("latin-1"), False, 11, ("bad_encoding",)
        ),
        "half a UTF-8 sign at the end": Malformed(
            "orders.csv", text(*GOOD_ROWS) + b"O99,Zo\xc3", False, 11, ("bad_encoding",)
        ),
        "a surrogate in UTF-8": Malformed(
            "orders.csv", text(*GOOD_ROWS) + b"O99,\xed\xa0\x80,2024-01-05,5.00\n", False, 11, ("bad_encoding",)
        ),
        "a UTF-8 mark": _fine(b"\xef\xbb\xbf" + text(*GOOD_ROWS, *accents), 11),
        "a UTF-16 mark, little end first": _fine(text(*GOOD_ROWS, *accents).decode().encode("utf-16"), 11),
        "a UTF-16 mark, big end first": _fine(b"\xfe\xff" + text(*GOOD_ROWS).decode().encode("utf-16-be"), 10),
        "UTF-16 without a mark": _refused(text(*GOOD_ROWS).decode().encode("utf-16-le")),
        "UTF-16 cut in the middle of a sign": Malformed(
            "orders.csv", text(*GOOD_ROWS).decode().encode("utf-16") + b"x", False, 11, ("bad_encoding",)
        ),
        "a byte that cp1252 does not have": Malformed(
            "orders.csv",
            text(*GOOD_ROWS) + b"O99,\x81,2024-01-05,5.00\n",
            False,
            11,
            ("bad_encoding",),
            {"encoding": "cp1252"},
        ),
        "beyond ASCII, declared ASCII": Malformed(
            "orders.csv", text(*GOOD_ROWS, *accents), False, 11, ("bad_encoding",), {"encoding": "ascii"}
        ),
        "an encoding that does not exist": _refused(text(*GOOD_ROWS), encoding="utf-9"),
        "an encoding that is none of text": _refused(text(*GOOD_ROWS), encoding="base64"),
        "a header in another encoding": _refused(
            "größe,order_id,customer_id,date,amount\n1,O1,A,2024-01-01,5\n".encode("latin-1")
        ),
        "a NUL in a value": _with("O99,An\0na,2024-01-05,5.00", "nul_byte"),
        "a NUL in the header": _refused(text(*GOOD_ROWS, header="order_id\0,customer_id,date,amount")),
        "a block of NULs at the end": Malformed("orders.csv", text(*GOOD_ROWS) + b"\0" * 20, False, 11, ("nul_byte",)),
        "a control character in an id": _with("O99,An\x1bna,2024-01-05,5.00", "control_character"),
        "a mark in the middle": _fine(text(*GOOD_ROWS) + b"\xef\xbb\xbfO99,Anna,2024-01-05,5.00\n", 11),
    }


def _damaged() -> dict[str, Malformed]:
    packed, parquet, book = (
        gzip.compress(text(*GOOD_ROWS) * 50, mtime=0),
        _parquet(),
        workbook([HEADER.split(","), *_cells()]),
    )
    zst = pa.compress(text(*GOOD_ROWS) * 50, codec="zstd", asbytes=True)
    return {
        "gzip cut off": _refused(packed[: len(packed) // 2], "orders.csv.gz"),
        "gzip without its last bytes": _refused(packed[:-4], "orders.csv.gz"),
        "gzip with a flipped byte": _refused(_flipped(packed, 60), "orders.csv.gz"),
        "text named gzip": _refused(text(*GOOD_ROWS), "orders.csv.gz"),
        "gzip named csv": _refused(packed),
        "gzip of nothing": _refused(gzip.compress(b"", mtime=0), "orders.csv.gz"),
        "an empty file named gzip": _refused(b"", "orders.csv.gz"),
        "one line of a hundred megabytes in gzip": _refused(
            gzip.compress(b"a" * 100_000_000, 6, mtime=0), "orders.csv.gz"
        ),
        "zstd cut off": _refused(zst[: len(zst) // 2], "orders.csv.zst"),
        "text named zstd": _refused(text(*GOOD_ROWS), "orders.csv.zst"),
        "Parquet cut off": _refused(parquet[: len(parquet) // 2], "orders.parquet"),
        "Parquet without its head": _refused(parquet[100:], "orders.parquet"),
        "text named Parquet": _refused(text(*GOOD_ROWS), "orders.parquet"),
        "Parquet named csv": _refused(parquet),
        "an empty file named Parquet": _refused(b"", "orders.parquet"),
        "a workbook cut off": _refused(book[: len(book) // 2], "orders.xlsx"),
        "text named workbook": _refused(text(*GOOD_ROWS), "orders.xlsx"),
        "a workbook named csv": _refused(book),
        "a zip that is no workbook": _refused(_zip({"readme.txt": b"hello"}), "orders.xlsx"),
        "an empty file": _refused(b""),
        "blank lines only": _refused(b"\n\n\n"),
        "a mark and nothing else": _refused(b"\xef\xbb\xbf"),
        "a photograph": _refused(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
    }


def _headers() -> dict[str, Malformed]:
    return {
        "a header only": _fine(text(), 0),
        "the header again in the middle": _with(HEADER, "unparseable_date"),
        "a column named twice": _refused(
            text("O1,A,B,2024-01-01,5", header="order_id,customer_id,customer_id,date,amount")
        ),
        "two columns that differ by case": _refused(
            text("O1,A,B,2024-01-01,5", header="order_id,customer_id,Customer_ID,date,amount")
        ),
        "a column missing": _refused(text("O1,2024-01-01,5", header="order_id,date,amount")),
        "no header": _refused(("\n".join(GOOD_ROWS) + "\n").encode()),
        "semicolons declared as commas": _refused(text(*GOOD_ROWS).replace(b",", b";")),
        "tabs declared as commas": _refused(text(*GOOD_ROWS).replace(b",", b"\t"), "orders.tsv"),
        "commas declared as bars": _refused(text(*GOOD_ROWS), delimiter="|"),
        "a delimiter beyond ASCII": _refused(text(*GOOD_ROWS), delimiter="§"),
        "spaces in the header": _fine(text(*GOOD_ROWS, header=" order_id , customer_id , date , amount "), 10),
        "unnamed columns": _fine(text(*(f"{row},," for row in GOOD_ROWS), header=HEADER + ",,"), 10),
        "a title above the header": _refused(b"Orders of 2024\n" + text(*GOOD_ROWS)),
        "a title above the header, declared": _fine(b"Orders of 2024\n\n" + text(*GOOD_ROWS), 10, skip_lines=1),
        "more lines to skip than there are": _refused(text(*GOOD_ROWS), skip_lines=500),
    }


def _numbers() -> dict[str, Malformed]:
    def amount(value: str, reason: str) -> Malformed:
        return _with(f'O99,Anna,2024-01-05,"{value}"', reason)

    def fine(value: str, **options: object) -> Malformed:
        return _fine(text('O99,Anna,2024-01-05,"' + value + '"'), 1, **options)

    return {
        "a word for an amount": amount("abc", "unparseable_number"),
        "no amount": amount("", "missing_amount"),
        "NaN": amount("NaN", "non_finite"),
        "infinity": amount("-inf", "non_finite"),
        "1e309": amount("1e309", "non_finite"),
        "an amount beyond all money": amount("123456789012345678", "amount_out_of_range"),
        "1e15": amount("1e15", "amount_out_of_range"),
        "a decimal comma undeclared": amount("12,50", "unparseable_number"),
        "thousands undeclared": amount("1,234.50", "unparseable_number"),
        "two decimal points": amount("1.2.3", "unparseable_number"),
        "an underscore in a number": amount("1_000", "unparseable_number"),
        "two numbers in one": amount("12 50", "unparseable_number"),
        "hexadecimal": amount("0x1F", "unparseable_number"),
        "a spreadsheet's error": amount("#DIV/0!", "unparseable_number"),
        "a formula": amount("=SUM(D2:D9)", "unparseable_number"),
        "a word for nothing": amount("NULL", "missing_amount"),
        "an amount in words and signs": amount("EUR 12 and a bit", "unparseable_number"),
        "accounting brackets": fine("(12.00)"),
        "a pound sign": fine("£1250.00"),
        "a minus behind": fine("12.00-"),
        "a decimal comma declared": fine("1.234,50", decimal=",", thousands="."),
        "a decimal point where a comma is declared": Malformed(
            "orders.csv", text("O99,Anna,2024-01-05,12.50"), False, 1, ("unparseable_number",), {"decimal": ","}
        ),
        "Eastern digits": amount("١٢", "unparseable_number"),
    }


def _dates() -> dict[str, Malformed]:
    def day(value: str, reason: str = "unparseable_date", **options: object) -> Malformed:
        rows = [row.replace("2024-01-", "") for row in GOOD_ROWS] if options else list(GOOD_ROWS)
        if options:
            rows = [f"O{n},Anna,{n:02d}/01/2024,5.00" for n in range(1, 11)]
        return Malformed("orders.csv", text(*rows, f'O99,Anna,"{value}",5.00'), False, 11, (reason,), options)

    return {
        "the 30th of February": day("2024-02-30"),
        "the 13th month": day("2024-13-01"),
        "no date": day("", "missing_occurred_at"),
        "the year nought": day("0000-01-01"),
        "zeros for a date": day("0000-00-00"),
        "a spreadsheet's serial date": day("45292"),
        "seconds since 1970": day("1704067200"),
        "a day where ISO is declared": day("31/12/2024"),
        "yesterday": day("yesterday"),
        "infinity for a date": day("infinity"),
        "hour 25": day("2024-01-01 25:00"),
        "a five-digit year": day("12024-01-01"),
        "month and day swapped": day("12/31/2024", date_format="%d/%m/%Y"),
        "a year of two digits where four are declared": day("31/12/24", date_format="%d/%m/%Y"),
        "text behind a date": day("31/12/2024 or so", date_format="%d/%m/%Y"),
        "a date format that does not exist": _refused(text(*GOOD_ROWS), date_format="%Q"),
        "a time zone that does not exist": _refused(text(*GOOD_ROWS), timezone="Europe/Atlantis"),
    }


def _rows_and_lines() -> dict[str, Malformed]:
    mixed = b"\n".join(
        (HEADER.encode(), GOOD_ROWS[0].encode() + b"\r", GOOD_ROWS[1].encode() + b"\r" + GOOD_ROWS[2].encode(), b"")
    )
    return {
        "lone carriage returns": _fine(text(*GOOD_ROWS, end="\r"), 10),
        "carriage return and line feed": _fine(text(*GOOD_ROWS, end="\r\n"), 10),
        "mixed line ends": _fine(mixed, 3),
        "blank lines between rows": _fine(text(*(row + "\n" for row in GOOD_ROWS)), 10),
        "lines of spaces between rows": _fine(text(*(row + "\n   " for row in GOOD_ROWS)), 10),
        "no line end at the end": _fine(text(*GOOD_ROWS).rstrip(b"\n"), 10),
        "a line of two megabytes": _refused(text(*GOOD_ROWS, "O99," + "x" * 2_000_000 + ",2024-01-05,5.00")),
        "a file of one endless line": _refused(b"x" * 3_000_000),
        "spaces around every value": _fine(text("  O1 ,  Anna , 2024-01-01 ,  5.00 "), 1),
        "half a megabyte in one value": _fine(text("O99," + "x" * 500_000 + ",2024-01-05,5.00"), 1),
        "an end-of-file sign": Malformed("orders.csv", text(*GOOD_ROWS) + b"\x1a", False, 11, ("ragged",)),
    }


def _other_kinds() -> dict[str, Malformed]:
    good = [
        {"order_id": f"O{n}", "customer_id": "Anna", "date": f"2024-01-{n:02d}", "amount": n + 0.5} for n in range(1, 6)
    ]
    lines = [json.dumps(row) for row in good]

    def jsonl(line: str, reason: str) -> Malformed:
        return Malformed("orders.jsonl", "\n".join([*lines, line, ""]).encode(), False, 6, (reason,))

    def whole(value: object) -> bytes:
        return json.dumps(value, indent=1).encode()

    odd_cell = workbook([HEADER.split(","), *_cells(), ["O99", "Anna", "someday", 5]])
    return {
        "junk among JSON lines": jsonl("}{ not json", "not_json"),
        "half a JSON object": jsonl('{"order_id": "O9", "customer_id": "An', "not_json"),
        "a list among JSON lines": jsonl("[1, 2, 3]", "not_json"),
        "a key named twice": jsonl(
            '{"order_id":"O9","customer_id":"A","customer_id":"B","date":"2024-01-01","amount":1}', "not_json"
        ),
        "NaN in JSON": jsonl('{"order_id":"O9","customer_id":"A","date":"2024-01-01","amount":NaN}', "non_finite"),
        "an amount that is a list": jsonl(
            '{"order_id":"O9","customer_id":"A","date":"2024-01-01","amount":[1,2]}', "unparseable_number"
        ),
        "JSON without the date": jsonl('{"order_id":"O9","customer_id":"A","amount":1}', "missing_occurred_at"),
        "JSON nested without end": jsonl('{"a":' + "[" * 100_000, "not_json"),
        "half a surrogate in JSON": jsonl(
            r'{"order_id":"O9","customer_id":"\ud800","date":"2024-01-01","amount":1}', "bad_encoding"
        ),
        "a NUL in JSON": jsonl(r'{"order_id":"O9","customer_id":"A\u0000","date":"2024-01-01","amount":1}', "nul_byte"),
        "one JSON array": _refused(whole(good), "orders.jsonl"),
        "one JSON object over several lines": _refused(whole(good[0]), "orders.jsonl"),
        "an empty file of JSON lines": _refused(b"", "orders.jsonl"),
        "JSON lines without a mapped key": _refused(
            b'{"order_id":"O9","date":"2024-01-01","amount":1}\n', "orders.jsonl"
        ),
        "CSV named JSON lines": _refused(text(*GOOD_ROWS), "orders.jsonl"),
        "a list in a mapped Parquet column": _refused(_parquet(customer_id=[["Anna"]] * 3), "orders.parquet"),
        "NaN in Parquet": Malformed(
            "orders.parquet", _parquet(amount=[1.0, float("nan"), 2.5]), False, 3, ("non_finite",)
        ),
        "bytes in Parquet that are not text": Malformed(
            "orders.parquet", _parquet(customer_id=[b"Anna", b"\xff\xfe", b"Cleo"]), False, 3, ("bad_encoding",)
        ),
        "an empty Parquet table": _fine(_parquet(rows=0), 0, "orders.parquet"),
        "a Parquet file without a mapped column": _refused(_parquet(leave_out="amount"), "orders.parquet"),
        "a value of two megabytes in Parquet": _refused(
            _parquet(customer_id=["Anna", "x" * 2_000_000, "Cleo"]), "orders.parquet"
        ),
        "a word for a date in a workbook": Malformed("orders.xlsx", odd_cell, False, 4, ("unparseable_date",)),
        "a stray cell at the far end of a sheet": _refused(_far_cell(), "orders.xlsx"),
        "an empty sheet": _refused(workbook([]), "orders.xlsx"),
        "a sheet that does not exist": _refused(
            workbook([HEADER.split(","), *_cells()]), "orders.xlsx", sheet="Orders"
        ),
        "an ending that tells nothing": _refused(text(*GOOD_ROWS), "orders.data"),
    }


def _far_cell() -> bytes:
    whole = workbook([HEADER.split(","), *_cells()])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    stray = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    sheet = "xl/worksheets/sheet1.xml"
    return _zip({**members, sheet: members[sheet].replace(b"</sheetData>", stray)})


def _cells() -> list[list[str | float]]:
    return [["O1", "Anna", "2024-01-01", 5], ["O2", "Bert", "2024-01-02", 2.5], ["O3", "Cleo", "2024-01-03", 7]]


def _parquet(rows: int = 3, leave_out: str = "", **columns: Sequence[object]) -> bytes:
    values: dict[str, object] = {
        "order_id": ["O1", "O2", "O3"],
        "customer_id": ["Anna", "Bert", "Cleo"],
        "date": ["2024-01-01", "2024-01-02", "2024-01-03"],
        "amount": [1.0, 2.0, 2.5],
    } | columns
    table = pa.table({name: value for name, value in values.items() if name != leave_out}).slice(0, rows)
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def _flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def _zip(members: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return sink.getvalue()


def workbook(rows: Sequence[Sequence[str | float | None]], *, sheet: str = "Sheet1") -> bytes:
    """The smallest workbook with these cells; a cell written as 'date:45292' is that serial day, shown as a date."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    body = "".join(
        f'<row r="{i}">' + "".join(_cell(f"{chr(65 + j)}{i}", value) for j, value in enumerate(row)) + "</row>"
        for i, row in enumerate(rows, start=1)
    )
    return _zip(
        {
            "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
            "_rels/.rels": f'<Relationships {relations}><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
            "xl/workbook.xml": f'<workbook {space} xmlns:r="{office}"><sheets><sheet name="{sheet}" sheetId="1" r:id="r1"/></sheets></workbook>'.encode(),
            "xl/_rels/workbook.xml.rels": f'<Relationships {relations}><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{office}/styles" Target="styles.xml"/></Relationships>'.encode(),
            "xl/styles.xml": f'<styleSheet {space}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'.encode(),
            "xl/worksheets/sheet1.xml": f"<worksheet {space}><sheetData>{body}</sheetData></worksheet>".encode(),
        }
    )


def _cell(place: str, value: str | float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith("date:"):
        return f'<c r="{place}" s="1"><v>{value.removeprefix("date:")}</v></c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'
