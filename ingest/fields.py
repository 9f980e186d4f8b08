"""The fields of the wire format: their types, their limits, and each rule in words.

A description completes the sentence "`field` must be …": it stands in the answer to a document that breaks the rule,
and in the served contract. The limits are checked in C while a document is decoded.
"""

import datetime
from typing import Annotated, Literal

from msgspec import Meta

MONEY_MAX = 10**12
NUMBER_MAX = 2**53 - 1  # what a double holds exactly: registers and gateways may be written in JavaScript
SHIFT_MAX = 2**31 - 1
QUANTITY_MAX = 10**9
ITEMS_MAX = 500
PAYMENTS_MAX = 8
MODIFIERS_MAX = 100
MARKS_MAX = 100
CURRENCIES_MAX = 4
YEAR_MIN = 2000
YEAR_MAX = 9998  # a moment in the last year that a date can hold may have no local date


def _whole(least: int, most: int, limits: str, what: str = "a whole number") -> Meta:
    return Meta(ge=least, le=most, description=f"{what} from {limits}")


def _text(least: int, most: int) -> Meta:
    length = f"{least} to {most}" if least else f"at most {most}"
    return Meta(
        min_length=least,
        max_length=most,
        description=f"{length} characters, without control characters and lone surrogates",
        # For the served contract alone: `text.py` looks only at texts that may have something to hide.
        extra_json_schema={"pattern": r"^[^\u0000-\u001F\u007F]*$"},
    )


_MINOR = "an amount in minor units, a whole number"

Money = Annotated[int, _whole(0, MONEY_MAX, "0 to 10^12", _MINOR)]
PositiveMoney = Annotated[int, _whole(1, MONEY_MAX, "1 to 10^12", _MINOR)]
SignedMoney = Annotated[int, _whole(-MONEY_MAX, MONEY_MAX, "-10^12 to 10^12", _MINOR)]
Quantity = Annotated[int, _whole(1, QUANTITY_MAX, "1 to 10^9", "a quantity in thousandths, a whole number")]
Number = Annotated[int, _whole(1, NUMBER_MAX, "1 to 2^53-1")]
Shift = Annotated[int, _whole(1, SHIFT_MAX, "1 to 2^31-1")]
Count = Annotated[int, _whole(0, NUMBER_MAX, "0 to 2^53-1")]
SectionCode = Annotated[int, _whole(0, 255, "0 to 255")]
Flag = Annotated[bool, Meta(description="true or false")]

# In Python `$` also matches before a final line feed: that one is refused as the control character that it is.
Uid = Annotated[str, Meta(pattern="^[0-9A-F]{24}$", description="24 upper-case hexadecimal digits")]
SkoNumber = Annotated[str, Meta(pattern="^[0-9A-Z]{1,20}$", description="1 to 20 characters of 0-9 and A-Z")]
Gtin = Annotated[str, Meta(pattern="^[0-9]{8,14}$", description="8 to 14 digits")]
Unp = Annotated[str, Meta(pattern="^[0-9A-Z]{9}$", description="9 characters of 0-9 and A-Z")]

Cashier = Annotated[str, _text(1, 64)]
Name = Annotated[str, _text(1, 256)]
Label = Annotated[str, _text(0, 256)]
EventDetail = Annotated[str, _text(0, 500)]
Moment = Annotated[
    datetime.datetime,
    Meta(
        tz=True,
        description="a date and time of RFC 3339 with an offset, like 2026-03-01T09:30:00+03:00, from 2000-01-01",
    ),
]

Currency = Annotated[Literal["BYN", "USD", "EUR", "RUB"], Meta(description="one of BYN, USD, EUR, RUB")]
PaymentType = Annotated[Literal["cash", "cashless", "other"], Meta(description="one of cash, cashless, other")]
ItemKind = Annotated[Literal["goods", "service", "prepayment"], Meta(description="one of goods, service, prepayment")]
Tax = Annotated[
    Literal[0, 10, 20, 25], Meta(description="a VAT rate in per cent, 0, 10, 20 or 25; left out without VAT")
]
EventKind = Annotated[
    Literal[
        "online",
        "offline",
        "error",
        "certificate_expiring",
        "memory_low",
        "paper_out",
        "firmware_updated",
        "settings_applied",
        "settings_rejected",
        "blocked",
        "unblocked",
    ],
    Meta(
        description="one of online, offline, error, certificate_expiring, memory_low, paper_out, firmware_updated,"
        " settings_applied, settings_rejected, blocked, unblocked"
    ),
]
