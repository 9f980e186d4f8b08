"""The sections of the cabinet and their pages: the navigation, and what a page says as long as it isn't built.

Each role sees the pages that it may open, and the sections that have any.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from flask_login import current_user

from webapp.fragments import page_or_fragment
from webapp.roles import may, needs


@dataclass(frozen=True, slots=True)
class Page:
    """A page; `within` are further addresses of it. `shows` says what it is for, `needs` which permission it takes."""

    address: str
    name: LazyString
    shows: LazyString
    within: tuple[str, ...] = ()
    needs: str | None = None
    icon: str | None = None  # in the menu of the account, where pages stand alone


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its pages; one that has a single page is called by its name."""

    icon: str
    pages: tuple[Page, ...]
    title: LazyString | None = None

    @property
    def name(self) -> LazyString:
        return self.title or self.pages[0].name


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader is."""

    section: Section
    page: Page


SECTIONS = (
    Section(
        icon="home",
        pages=(Page("/", _("Home"), _("The day's turnover, the week's sales and the quarter by outlet at a glance.")),),
    ),
    Section(
        icon="trending-up",
        title=_("Income"),
        pages=(
            Page(
                "/sales",
                _("Sales"),
                _("Each outlet's sales by day, gross and net of refunds and annulments."),
                needs="income",
            ),
            Page(
                "/turnover",
                _("Turnover"),
                _("The turnover of each register at each outlet, over any period."),
                needs="income",
            ),
        ),
    ),
    Section(
        icon="receipt",
        pages=(
            Page(
                "/documents",
                _("Cash documents"),
                _("All documents of all registers, newest first, each to be opened as its fiscal receipt."),
                needs="income",
            ),
        ),
    ),
    Section(
        icon="building-store",
        title=_("Administration"),
        pages=(
            Page(
                "/outlets",
                _("Outlets"),
                _("Your outlets with their addresses, registers and the week's profit."),
                needs="outlets",
            ),
            Page(
                "/skos",
                _("Registers"),
                _("Your registers, their models and places, and what happened to them."),
                ("/bind", "/tokens"),
                needs="outlets",
            ),
            Page(
                "/register-settings/users",
                _("Register settings"),
                _("Cashiers and their rights, texts on the receipt, and options, set for all registers from here."),
                ("/register-settings/receipt", "/register-settings/options", "/register-settings/rollout"),
                needs="settings",
            ),
            Page(
                "/register-settings/smart-x/users",
                _("Smart X register settings"),
                _("Cashiers and their rights, and texts on the receipt, set for Smart X registers from here."),
                ("/register-settings/smart-x/receipt",),
                needs="settings",
            ),
        ),
    ),
    Section(
        icon="bell",
        pages=(
            Page(
                "/notifications",
                _("Notifications"),
                _("Whatever about your registers needs your attention."),
                needs="notifications",
            ),
        ),
    ),
    Section(
        icon="report-analytics",
        pages=(
            Page(
                "/reports",
                _("Reports"),
                _("The state of documents, valid and invalid, and of register events, to be saved as Excel."),
                ("/reports/completeness",),
                needs="reports",
            ),
        ),
    ),
    Section(
        icon="file-certificate",
        title=_("Acts"),
        pages=(
            Page(
                "/acts/registration",
                _("Register registration"),
                _("Acts for the registers that were connected, to be saved or printed."),
                needs="acts",
            ),
            Page(
                "/acts/subscription",
                _("Subscription fee"),
                _("Acts for each month's licence, to be saved or printed."),
                needs="acts",
            ),
        ),
    ),
    Section(
        icon="book",
        pages=(Page("/instructions", _("Instructions"), _("Manuals of the registers and of this cabinet.")),),
    ),
)

# In the menu of the account.
ACCOUNT = Section(
    icon="user-circle",
    title=_("Account"),
    pages=(
        Page(
            "/profile",
            _("Profile"),
            icon="user-circle",
            shows=_("Your password, your authenticator, and the devices that you are logged in on."),
        ),
        Page(
            "/team",
            _("Team"),
            icon="users",
            shows=_("The people who may enter the cabinet of your company, and their roles."),
            needs="people",
        ),
        Page(
            "/exports", _("My exports"), icon="download", shows=_("The files that you have asked for."), needs="exports"
        ),
        Page(
            "/journal",
            _("Journal"),
            icon="history",
            shows=_("Who did what in the cabinet of your company, and when."),
            needs="journal",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Navigation:
    """What one role finds in the menus; `places` by address, those of pages within pages too."""

    sections: tuple[Section, ...]
    account: Section
    places: dict[str, Place]

    def place_of(self, path: str) -> Place | None:
        """The page that an address belongs to: its own, or the nearest one above it."""
        while path not in self.places and path.strip("/"):
            path = path.rpartition("/")[0]
        return self.places.get(path)


@functools.cache
def navigation_of(role: str) -> Navigation:
    sections = tuple(_allowed(SECTIONS, role))
    [account] = _allowed((ACCOUNT,), role)
    places = {
        address: Place(section, page)
        for section in (*sections, account)
        for page in section.pages
        for address in (page.address, *page.within)
    }
    return Navigation(sections, account, places)


def _allowed(sections: tuple[Section, ...], role: str) -> Iterator[Section]:
    for section in sections:
        pages = tuple(page for page in section.pages if page.needs is None or may(role, page.needs))
        if pages:
            yield replace(section, pages=pages)


def init_app(app: Flask) -> None:
    """After all blueprints: an address that none of them serves gets a page that says so."""
    served = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    for address, place in navigation_of("owner").places.items():
        if address not in served:
            app.add_url_rule(address, f"being built: {address}", _being_built(place.page), methods=["GET"])
    app.context_processor(_shown)


def _shown() -> dict[str, object]:
    """Whoever isn't logged in has no menus."""
    navigation = navigation_of(getattr(current_user, "role", ""))
    return {
        "sections": navigation.sections,
        "account": navigation.account,
        "place": navigation.place_of(request.path),
    }


def _being_built(page: Page) -> Callable[[], ResponseReturnValue]:
    def view() -> Response:
        return page_or_fragment("sections/being_built.html", None, page=page)

    return needs(page.needs)(view) if page.needs else view
