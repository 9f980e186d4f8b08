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
EVENT_DETAIL_LENGTH_MAX = 500
YEAR_MIN = 2000
YEAR_MAX = 9998  # a moment in the last year that a date can hold may have no local date

Money = Annotated[int, Meta(ge=0, le=MONEY_MAX, description="an amount in minor units, a whole number from 0 to 10^12")]
PositiveMoney = Annotated[
    int, Meta(ge=1, le=MONEY_MAX, description="an amount in minor units, a whole number from 1 to 10^12")
]
SignedMoney = Annotated[
    int,
    Meta(ge=-MONEY_MAX, le=MONEY_MAX, description="an amount in minor units, a whole number from -10^12 to 10^12"),
]
Quantity = Annotated[
    int, Meta(ge=1, le=QUANTITY_MAX, description="a quantity in thousandths, a whole number from 1 to 10^9")
]
Number = Annotated[int, Meta(ge=1, le=NUMBER_MAX, description="a whole number from 1 to 2^53-1")]
Shift = Annotated[int, Meta(ge=1, le=SHIFT_MAX, description="a whole number from 1 to 2^31-1")]
Count = Annotated[int, Meta(ge=0, le=NUMBER_MAX, description="a whole number from 0 to 2^53-1")]
SectionCode = Annotated[int, Meta(ge=0, le=255, description="a whole number from 0 to 255")]

# In Python `$` also matches before a final line feed: that one is refused as the control character that it is.
Uid = Annotated[str, Meta(pattern="^[0-9A-F]{24}$", description="24 upper-case hexadecimal digits")]
SkoNumber = Annotated[str, Meta(pattern="^[0-9A-Z]{1,20}$", description="1 to 20 characters of 0-9 and A-Z")]
Gtin = Annotated[str, Meta(pattern="^[0-9]{8,14}$", description="8 to 14 digits")]
Unp = Annotated[str, Meta(pattern="^[0-9A-Z]{9}$", description="9 characters of 0-9 and A-Z")]
Cashier = Annotated[
    str,
    Meta(min_length=1, max_length=64, description="1 to 64 characters, without control characters and lone surrogates"),
]
Name = Annotated[
    str,
    Meta(
        min_length=1, max_length=256, description="1 to 256 characters, without control characters and lone surrogates"
    ),
]
Label = Annotated[
    str, Meta(max_length=256, description="at most 256 characters, without control characters and lone surrogates")
]
EventDetail = Annotated[
    str,
    Meta(
        max_length=EVENT_DETAIL_LENGTH_MAX,
        description="at most 500 characters, without control characters and lone surrogates",
    ),
]
Moment = Annotated[
    datetime.datetime,
    Meta(
        tz=True,
        description="a date and time of RFC 3339 with an offset, like 2026-03-01T09:30:00+03:00, from 2000-01-01",
    ),
]
Flag = Annotated[bool, Meta(description="true or false")]

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
