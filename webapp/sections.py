"""The sections of the cabinet and their pages: the navigation.

Each role sees the pages that it may open, and the sections that have any.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from flask import Flask, request
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from flask_login import current_user

from webapp.roles import may


@dataclass(frozen=True, slots=True)
class Page:
    """A page; `within` are further addresses of it, `needs` is which permission it takes."""

    address: str
    name: LazyString
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
    Section(icon="home", pages=(Page("/", _("Home")),)),
    Section(
        icon="trending-up",
        title=_("Income"),
        pages=(Page("/sales", _("Sales"), needs="income"), Page("/turnover", _("Turnover"), needs="income")),
    ),
    Section(icon="receipt", pages=(Page("/documents", _("Cash documents"), needs="income"),)),
    Section(
        icon="building-store",
        title=_("Administration"),
        pages=(
            Page("/outlets", _("Outlets"), needs="outlets"),
            Page("/skos", _("Registers"), ("/bind", "/tokens"), needs="outlets"),
            Page(
                "/register-settings/users",
                _("Register settings"),
                ("/register-settings/receipt", "/register-settings/options", "/register-settings/rollout"),
                needs="settings",
            ),
            Page(
                "/register-settings/smart-x/users",
                _("Smart X register settings"),
                ("/register-settings/smart-x/receipt",),
                needs="settings",
            ),
        ),
    ),
    Section(icon="bell", pages=(Page("/notifications", _("Notifications"), needs="notifications"),)),
    Section(
        icon="report-analytics", pages=(Page("/reports", _("Reports"), ("/reports/completeness",), needs="reports"),)
    ),
    Section(
        icon="file-certificate",
        title=_("Acts"),
        pages=(
            Page("/acts/registration", _("Register registration"), needs="acts"),
            Page("/acts/subscription", _("Subscription fee"), needs="acts"),
        ),
    ),
    Section(icon="book", pages=(Page("/instructions", _("Instructions")),)),
)

# In the menu of the account.
ACCOUNT = Section(
    icon="user-circle",
    title=_("Account"),
    pages=(
        Page("/profile", _("Profile"), icon="user-circle"),
        Page("/team", _("Team"), icon="users", needs="people"),
        Page("/exports", _("My exports"), icon="download", needs="exports"),
        Page("/journal", _("Journal"), icon="history", needs="journal"),
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
    app.context_processor(_shown)


def _shown() -> dict[str, object]:
    """Whoever isn't logged in has no menus."""
    navigation = navigation_of(getattr(current_user, "role", ""))
    return {"sections": navigation.sections, "account": navigation.account, "place": navigation.place_of(request.path)}
