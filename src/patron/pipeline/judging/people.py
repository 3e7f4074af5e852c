"""What customers' own files tell of a person beside the columns that Patron maps: e-mail, name and phone, from bronze."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import ibis
import ibis.expr.types as ir

from patron.pipeline.landing.landed import raw_table
from patron.pipeline.step import Run
from patron.quality.odd_customers import PERSON_COLUMNS
from patron.tables import CUSTOMERS

# A column's name, in small letters and digits only, that tells what it holds.
_MAILS: Final = ("email", "emailaddress", "mail", "mailaddress", "customeremail", "contactemail")
_PHONES: Final = ("phone", "phonenumber", "telephone", "tel", "mobile", "mobilephone", "mobilenumber", "cellphone")
_WHOLE_NAMES: Final = ("name", "fullname", "customername", "clientname", "personname", "displayname")
_FIRST_NAMES: Final = ("firstname", "givenname", "forename")
_LAST_NAMES: Final = ("lastname", "surname", "familyname")


def with_person(run: Run, customers: ir.Table) -> ir.Table:
    """The customers with e-mail, name and phone as they came; NULL where their source has none."""
    sources = [name for name, source in run.settings.sources.items() if source.table == CUSTOMERS.name]
    told = [found for name in sources if (found := _person(run, name)) is not None]
    if not told:
        return customers.mutate(**dict.fromkeys(PERSON_COLUMNS, ibis.null("string")))
    place = ["source", "file_id", "line"]
    return customers.left_join(ibis.union(*told), place).select(customers, *PERSON_COLUMNS)


def _person(run: Run, source: str) -> ir.Table | None:
    if not run.warehouse.exists("bronze", raw_table(source)):
        return None
    raw = run.warehouse.table("bronze", raw_table(source))
    columns = {_plain(name): name for name in raw.columns}
    mail, phone, name, first, last = (
        _first_of(raw, columns, words) for words in (_MAILS, _PHONES, _WHOLE_NAMES, _FIRST_NAMES, _LAST_NAMES)
    )
    return raw.select(
        "file_id",
        "line",
        source=ibis.literal(source),
        email=mail,
        person_name=ibis.coalesce(name, first + " " + last),
        phone=phone,
    )


def _first_of(raw: ir.Table, columns: dict[str, str], words: Sequence[str]) -> ir.StringValue:
    for word in words:
        if word in columns:
            return raw[columns[word]]
    return ibis.null("string")


def _plain(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum())
