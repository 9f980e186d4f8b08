"""A sample receipt as the printer would make it: where each of the texts goes, line by line."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flask_babel import gettext
from flask_login import current_user

from webapp.register_settings_changes import RECEIPT
from webapp.register_settings_content import COLUMNS, TEXT_LENGTHS
from webapp.register_settings_text import lines_of

HEADER = ("outlet_name", "address", "phone")
RULE = "-" * COLUMNS


class SampleLine(NamedTuple):
    """`part` is the setting that it shows, None for what the register prints by itself; `is_empty`: nothing is set."""

    text: str
    part: str | None = None
    is_empty: bool = False


def sample_lines(values: Mapping[str, Any]) -> list[SampleLine]:
    """A whole receipt of two products; `values` as they are typed, or saved."""
    return [
        *(line for part in HEADER for line in _text(part, values)),
        *_head(),
        *_goods(values),
        *_foot(),
        *_text("advert", values),
    ]


def _text(part: str, values: Mapping[str, Any]) -> Iterator[SampleLine]:
    text = str(values.get(part) or "")[: TEXT_LENGTHS[part]]
    for line in lines_of(text):
        yield SampleLine(line, part)
    if not text:
        yield SampleLine(f"[{RECEIPT[part]}]"[:COLUMNS], part, is_empty=True)


def _head() -> Iterator[SampleLine]:
    yield SampleLine(current_user.merchant_name[:COLUMNS].center(COLUMNS))
    yield SampleLine(f"{gettext('UNP')} {current_user.merchant_unp}".center(COLUMNS))
    yield SampleLine(str(gettext("Receipt of sale"))[:COLUMNS].center(COLUMNS))
    yield SampleLine(_row(gettext("Cashier"), str(gettext("Cashier 1"))))
    yield SampleLine(RULE)


def _goods(values: Mapping[str, Any]) -> Iterator[SampleLine]:
    products = (
        (gettext("Rye bread with caraway seeds, sliced, in a package of 450 g"), "2 x 1.89", "3.78"),
        (gettext("Drinking water, still, 0.5 l"), "1 x 1.20", "1.20"),
    )
    for place, (name, count, total) in enumerate(products, start=1):
        number = f"{place}. " if values.get("number_goods") else ""
        lines = lines_of(f"{number}{name}")
        for line in lines[: values.get("name_lines") or len(lines)]:
            yield SampleLine(line, "name_lines" if "name_lines" in values else None)
        yield SampleLine(_row(count, total))
    yield SampleLine(RULE)


def _foot() -> Iterator[SampleLine]:
    yield SampleLine(_row(gettext("Total"), "4.98 BYN"))
    yield SampleLine(_row(gettext("Cash"), "4.98"))
    yield SampleLine(RULE)


def _row(left: str, right: str) -> str:
    return f"{left} {right.rjust(COLUMNS - len(left) - 1)}"
