"""Notifications in words: what each rule is called, what it says, and where its figures lead."""

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from sql.instants import DAY_US, now_us
from sql.notifications import Notification
from sql.preferences import KINDS
from sql.tables import NOTIFICATION_RULES, SEVERITIES
from webapp import formats

Sentence = Callable[[Notification, str], str]  # of a notification, in a time zone


class Words(NamedTuple):
    """How a rule is called, and the icon; `kind` is what preferences call it; `leads` is where to look further."""

    name: LazyString
    icon: str
    kind: str
    sentence: Sentence
    leads: str  # register, documents, document, refused, completeness, reports


class Severity(NamedTuple):
    name: LazyString
    tone: str  # as signs have it


SEVERITY_WORDS = {
    "info": Severity(_("For your information"), ""),
    "warning": Severity(_("Needs attention"), "careful"),
    "critical": Severity(_("Urgent"), "bad"),
}
assert tuple(SEVERITY_WORDS) == SEVERITIES


def _since(sentence: LazyString, name: str = "since_us") -> Sentence:
    """A sentence that tells an instant of the detail."""
    return lambda shown, zone: str(sentence) % {"when": formats.moment(shown.detail[name], zone)}


def _number(shown: Notification) -> str:
    number = shown.detail.get("number")
    return "?" if number is None else str(number)


def _counted(sentence: Callable[..., str]) -> Sentence:
    """A sentence that tells how many there are, and the number of one of them."""
    return lambda shown, _zone: str(sentence(shown.times, shown=formats.number(shown.times), number=_number(shown)))


_gap = _counted(
    lambda times, **words: ngettext(
        "%(shown)s number is missing, the first one is № %(number)s.",
        "%(shown)s numbers are missing, the first one is № %(number)s.",
        times,
        **words,
    )
)
_quarantined = _counted(
    lambda times, **words: ngettext(
        "%(shown)s document breaks a rule and is not counted. The latest number is № %(number)s.",
        "%(shown)s documents break a rule and are not counted. The latest number is № %(number)s.",
        times,
        **words,
    )
)
_conflict = _counted(
    lambda times, **words: ngettext(
        "%(shown)s document came under the number of another, which stays as it is. The latest is № %(number)s.",
        "%(shown)s documents came under the numbers of others, which stay as they are. The latest is № %(number)s.",
        times,
        **words,
    )
)
_z_differs = _counted(
    lambda times, **words: ngettext(
        "%(shown)s Z-report says something else than its documents add up to. The latest is № %(number)s.",
        "%(shown)s Z-reports say something else than their documents add up to. The latest is № %(number)s.",
        times,
        **words,
    )
)
_delivery_refused = _counted(
    lambda times, **words: ngettext(
        "The state system has refused %(shown)s document. The latest is № %(number)s.",
        "The state system has refused %(shown)s documents. The latest is № %(number)s.",
        times,
        **words,
    )
)


def _certificate(shown: Notification, zone: str) -> str:
    until_us = shown.detail.get("until_us")
    if until_us is None:
        return str(gettext("The register says that its certificate expires soon."))
    when = formats.moment(until_us, zone)
    if until_us <= now_us():
        return str(
            gettext("The certificate has expired on %(when)s: the register can't work without a new one.", when=when)
        )
    days = (until_us - now_us()) // DAY_US
    return str(
        ngettext(
            "The certificate is valid for %(num)s more day, until %(when)s.",
            "The certificate is valid for %(num)s more days, until %(when)s.",
            days,
            when=when,
        )
    )


def _shift_closed(shown: Notification, _zone: str) -> str:
    return str(
        gettext(
            "Document № %(number)s belongs to shift %(shift)s, which was closed before.",
            number=_number(shown),
            shift=shown.detail.get("shift"),
        )
    )


RULES: dict[str, Words] = {
    "offline": Words(
        _("Connection lost"), "wifi-off", "connection", _since(_("The register reported it on %(when)s.")), "register"
    ),
    "silent": Words(
        _("Unusually silent"),
        "clock",
        "connection",
        _since(_("The last document was issued on %(when)s; usually the next one comes sooner.")),
        "documents",
    ),
    "gap": Words(_("Numbers are missing"), "list-numbers", "documents", _gap, "completeness"),
    "quarantined": Words(_("Documents that are not valid"), "alert-triangle", "documents", _quarantined, "reports"),
    "conflict": Words(_("Conflicting documents"), "arrows-exchange", "documents", _conflict, "reports"),
    "z_differs": Words(_("A Z-report does not add up"), "receipt", "documents", _z_differs, "document"),
    "shift_open": Words(
        _("The shift is open for more than a day"),
        "lock-open",
        "shifts",
        _since(_("It was opened on %(when)s. Close it with a Z-report.")),
        "documents",
    ),
    "shift_closed": Words(_("Documents of a closed shift"), "lock", "shifts", _shift_closed, "document"),
    "certificate": Words(_("The certificate expires"), "file-certificate", "devices", _certificate, "register"),
    "memory_low": Words(
        _("Memory is running low"),
        "device-sd-card",
        "devices",
        lambda *_of: str(gettext("The register has reported it. Ask the operator what to do.")),
        "register",
    ),
    "settings_refused": Words(
        _("Settings refused"),
        "settings-x",
        "devices",
        lambda shown, _zone: str(
            gettext("The register has refused version %(version)s.", version=shown.detail.get("version"))
        ),
        "register",
    ),
    "delivery_refused": Words(
        _("Refused by the state system"), "receipt-off", "delivery", _delivery_refused, "refused"
    ),
}
assert tuple(RULES) == NOTIFICATION_RULES
assert {words.kind for words in RULES.values()} == set(KINDS)


def rules_of(kind: str) -> tuple[str, ...]:
    """The rules that preferences and filters call by this kind."""
    return tuple(rule for rule, words in RULES.items() if words.kind == kind)


def sentence(shown: Notification, zone: str) -> str:
    """What the rule says of it; a number stays with its sign."""
    return RULES[shown.rule].sentence(shown, zone).replace("№ ", f"№{formats.NO_BREAK}")


def address(shown: Notification, sko: str) -> str:
    """Where to look further, as a path; `sko` is the register's number, or empty."""
    leads, number = RULES[shown.rule].leads, shown.detail.get("number")
    if leads == "reports" or not sko:
        return "/reports"
    if leads == "document" and number is not None:
        return f"/documents/{sko}/{number}"
    if leads == "register":
        return f"/skos/{sko}"
    query: dict[str, Any] = {"sko": sko}
    if leads == "completeness":
        return f"/reports/completeness?{urlencode(query)}"
    return f"/documents?{urlencode(query | ({'state': 'refused'} if leads == 'refused' else {}))}"
