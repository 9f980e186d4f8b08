"""What stands in each filter of a query string → its value, and a sentence about what is wrong in it.

`typed` is the texts of each name that are not blank; problems are added to the list.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext

from sql.outlets import Outlet
from sql.skos import Sko
from sql.tables import CURRENCIES, DOCUMENT_TYPES, PAYMENTS
from webapp.periods import Problem

Typed = Mapping[str, list[str]]

STATES = ("sent", "pending", "refused")
CASHIER_LENGTH_MAX = 64
NUMBER_MAX = 2**53 - 1
AMOUNT_MAX_MINOR = 10**12
_NUMBER = re.compile("[№#Nn]?([0-9]{1,16})")
_UID = re.compile("[0-9A-Fa-f]{24}")
_AMOUNT = re.compile(r"(?P<sign>[-\N{MINUS SIGN}]?)(?P<whole>[0-9]{1,11})(?:[.,](?P<cents>[0-9]{1,2}))?")
_SPACES = re.compile(r"\s+")


def outlets(typed: Typed, known: Sequence[Outlet], problems: list[Problem]) -> tuple[int, ...]:
    by_text = {str(outlet.outlet_id): outlet.outlet_id for outlet in known}
    try:
        return tuple(sorted({by_text[text.strip()] for text in typed.get("outlet", ())}))
    except KeyError:
        # Somebody else's outlet and one that never was are the same to the reader.
        problems.append(Problem("outlet", gettext("You have no such outlet: choose one from the list.")))
        return ()


def skos(typed: Typed, known: Sequence[Sko], problems: list[Problem]) -> tuple[int, ...]:
    """Registers by their numbers, one or several in a text."""
    by_number = {sko.number: sko.sko_id for sko in known}
    try:
        return tuple(sorted({by_number[number] for number in numbers_in(typed.get("sko", ()))}))
    except KeyError:
        problems.append(Problem("sko", gettext("You have no register with such a number.")))
        return ()


def numbers_in(texts: Iterable[str]) -> set[str]:
    """The numbers of registers in texts that hold one or several each."""
    return {number.upper() for text in texts for number in re.split(r"[\s,;]+", text) if number}


def types(typed: Typed, problems: list[Problem]) -> tuple[str, ...]:
    return _chosen("type", typed, DOCUMENT_TYPES, problems)


def payments(typed: Typed, problems: list[Problem]) -> tuple[str, ...]:
    return _chosen("payment", typed, PAYMENTS, problems)


def currency(typed: Typed, problems: list[Problem]) -> str | None:
    return next(iter(_chosen("currency", typed, CURRENCIES, problems)), None)


def state(typed: Typed, problems: list[Problem]) -> str | None:
    return next(iter(_chosen("state", typed, STATES, problems)), None)


def _chosen(name: str, typed: Typed, options: Sequence[str], problems: list[Problem]) -> tuple[str, ...]:
    wanted = set(typed.get(name, ()))
    if wanted - set(options):
        problems.append(Problem(name, gettext("There is no such choice: take one from the list.")))
        return ()
    return tuple(option for option in options if option in wanted)


def cashier(typed: Typed, problems: list[Problem]) -> str | None:
    text = next(iter(typed.get("cashier", ())), "").strip()
    if len(text) > CASHIER_LENGTH_MAX:
        sentence = gettext("A cashier's name has at most %(count)s characters.", count=CASHIER_LENGTH_MAX)
        problems.append(Problem("cashier", sentence))
    elif not text.isprintable():
        problems.append(Problem("cashier", gettext("A cashier's name has no such characters.")))
    else:
        return text or None
    return None


def number_or_uid(typed: Typed, problems: list[Problem]) -> dict[str, Any]:
    """One box for both: a document's number, or the УИ of a receipt."""
    text = _SPACES.sub("", next(iter(typed.get("q", ())), ""))
    if not text:
        return {}
    if _UID.fullmatch(text):
        return {"uid": text.upper()}
    found = _NUMBER.fullmatch(text)
    if found and 1 <= int(found[1]) <= NUMBER_MAX:
        return {"number": int(found[1])}
    sentence = gettext("Write the number of a document, or the 24 characters (0–9, A–F) of a receipt's УИ.")
    problems.append(Problem("q", sentence))
    return {}


def amounts(typed: Typed, problems: list[Problem]) -> dict[str, Any]:
    """`min` and `max`, amounts like 59.78 or 1 234,50, in minor units."""
    found: dict[str, Any] = {}
    for name in ("min", "max"):
        text = _SPACES.sub("", next(iter(typed.get(name, ())), ""))
        if not text:
            continue
        try:
            found[f"{name}_minor"] = amount(text)
        except ValueError as error:
            problems.append(Problem(name, str(error)))
    if found.get("min_minor", 0) > found.get("max_minor", AMOUNT_MAX_MINOR):
        problems.append(Problem("max", gettext("The largest sum is less than the smallest.")))
    return found


def amount(text: str) -> int:
    """59.78 or 59,78 → 5978. Raises ValueError with a sentence for the reader."""
    written = _AMOUNT.fullmatch(text)
    if written is None:
        raise ValueError(gettext("Write a sum like 59.78."))
    if written["sign"]:
        raise ValueError(gettext("A sum is never negative."))
    minor = int(written["whole"]) * 100 + int((written["cents"] or "").ljust(2, "0"))
    if minor > AMOUNT_MAX_MINOR:
        raise ValueError(gettext("No document is that large."))
    return minor
