"""What each role may do. What is not allowed is not shown, and is refused.

A view that only reads is open to every role unless it is marked with `needs`; a view that changes something is open
to owners alone unless it is marked with `needs` or `own`. So a new page can't forget to ask.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask
from flask_babel import lazy_gettext as _
from flask_login import current_user

View = TypeVar("View", bound=Callable[..., Any])

READING = frozenset({"income", "outlets", "reports", "notifications"})
# By role: the names that views ask for. Owners may do everything.
ALLOWED = {
    "owner": READING | {"exports", "acts", "settings", "outlets.edit", "registers.bind", "people", "journal"},
    "accountant": READING | {"exports", "acts"},
    # Of the chosen outlets only: what adds up the whole company (acts) is not theirs.
    "manager": READING | {"exports", "settings"},
    "support": READING,
}
ROLES = tuple(ALLOWED)
NAMES = {
    "owner": _("Owner"),
    "accountant": _("Accountant"),
    "manager": _("Manager"),
    "support": _("Support"),
}
WORDS = {
    "owner": _("Sees and does everything: the people, the settings and the journal too."),
    "accountant": _("Sees all outlets, with reports, acts and exports."),
    "manager": _("Sees only the chosen outlets, with exports, and sets their registers up."),
    "support": _("Only looks, at all outlets, until a day that is set."),
}


def init_app(app: Flask) -> None:
    app.add_template_global(role_name)
    app.add_template_global(role_words)
    app.add_template_global(reader_may, "may")


def reader_may(permission: str) -> bool:
    """Whether whoever reads the page has this permission."""
    return bool(current_user.may(permission))


def role_name(role: str) -> str:
    return str(NAMES[role])


def role_words(role: str) -> str:
    """What the role may do, in a sentence."""
    return str(WORDS[role])


def may(role: str, permission: str) -> bool:
    return permission in ALLOWED.get(role, ())


def needs(permission: str) -> Callable[[View], View]:
    """Mark a view that only roles with this permission may use."""
    assert permission in ALLOWED["owner"], permission

    def mark(view: View) -> View:
        view.needs = permission  # type: ignore[attr-defined]
        return view

    return mark


def own(view: View) -> View:
    """Mark a view that changes nothing but one's own account or session."""
    view.is_own = True  # type: ignore[attr-defined]
    return view


def is_refused(view: Any, role: str, method: str) -> bool:
    """Whether a person in this role may not use the view by this method."""
    permission = getattr(view, "needs", None)
    if permission is not None:
        return not may(role, permission)
    changes = method not in ("GET", "HEAD", "OPTIONS")
    return changes and not getattr(view, "is_own", False) and role != "owner"
