"""An act as PDF. It is a Russian paper, whatever language its reader has chosen for the cabinet."""

from decimal import Decimal

from flask import render_template
from flask_babel import force_locale
from num2words import num2words

from sql.acts import Act
from webapp.pdf import draw, styles

CSS = styles("acts/paper.css")


def render(act: Act) -> bytes:
    """The PDF of an act. Busy if too many are at it."""
    with force_locale("ru"):
        html = render_template("acts/paper.html", act=act, in_words=in_words)
    return draw(html, css=CSS, title=f"Акт № {act.name}", author=act.provider.name)


def in_words(minor: int) -> str:
    """A sum in Russian: 4501 → «Сорок пять белорусских рублей 01 копейка»."""
    words = num2words(Decimal(minor) / 100, lang="ru", to="currency", currency="BYN", separator="", cents=False)
    return str(words[0].upper() + words[1:])
