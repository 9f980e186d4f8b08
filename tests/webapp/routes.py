"""Every route of the web app: who may use it, and examples of what is in its address.

Whoever adds a route adds it here, or the tests fail: by whom it may be used is decided, never left to chance. `ROUTES`
has the method and the rule as Flask knows it. Where a rule has variables, an entry gives addresses:

- `own`: something that each of `who` may see, in the outlet of the manager,
- `hidden`: the same of the other outlet, which everybody may see but the manager,
- `foreign`: the same of another company or person, which none of them may see.

In braces are examples of `tests/webapp/world.py`.
"""

from collections.abc import Iterator
from typing import NamedTuple

PUBLIC: tuple[str, ...] = ()
EVERYONE = ("owner", "accountant", "manager", "support")
OWNER = ("owner",)
EXPORTERS = ("owner", "accountant", "manager")
ACCOUNTANTS = ("owner", "accountant")
SETTERS = ("owner", "manager")


class Route(NamedTuple):
    who: tuple[str, ...]
    own: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


def of_document(ending: str) -> Route:
    return Route(
        EVERYONE,
        (
            f"/documents/{{here}}/1{ending}",
            f"/documents/{{moved_away}}/1{ending}",
            f"/documents/{{moved_here}}/9{ending}",
        ),
        (
            f"/documents/{{there}}/800001{ending}",
            f"/documents/{{moved_away}}/800007{ending}",
            f"/documents/{{moved_here}}/800008{ending}",
        ),
        (f"/documents/{{foreign}}/900001{ending}",),
    )


def of_company(address: str, thing: str) -> Route:
    """Something of a company that is its owners' alone."""
    return Route(OWNER, (address.format(f"{{own_{thing}}}"),), foreign=(address.format(f"{{foreign_{thing}}}"),))


def of_person(address: str, thing: str, who: tuple[str, ...] = EVERYONE) -> Route:
    """Something of a person: a colleague's is as far away as anybody else's."""
    return Route(who, foreign=tuple(address.format(f"{{{whose}_{thing}}}") for whose in ("own", "foreign")))


def of_register(ending: str, page: str = "/skos", who: tuple[str, ...] = EVERYONE) -> Route:
    """Of a register that stands in the outlet of the manager now, wherever it stood before."""
    return Route(
        who,
        (f"{page}/{{here}}{ending}", f"{page}/{{moved_here}}{ending}"),
        (f"{page}/{{there}}{ending}", f"{page}/{{moved_away}}{ending}"),
        (f"{page}/{{foreign}}{ending}",),
    )


def of_notification(ending: str, who: tuple[str, ...]) -> Route:
    return Route(
        who,
        (f"/notifications/{{own_notification}}/{ending}",),
        tuple(f"/notifications/{{{name}}}/{ending}" for name in ("hidden_notification", "hidden_notification_before")),
        (f"/notifications/{{foreign_notification}}/{ending}",),
    )


def of_invalid(ending: str) -> Route:
    """Of an invalid document, at the outlet where it was issued."""
    return Route(
        EVERYONE,
        *((f"/reports/invalid/{{{whose}_invalid}}{ending}",) for whose in ("own", "hidden", "foreign")),
    )


def settings_of(family: str, *panels: str) -> Iterator[str]:
    """The routes of these panels; they take what is chosen and typed in each of their steps."""
    dialogs = ("GET /new", "POST /new", "GET /edit", "POST /edit", "GET /upload", "POST /upload", "GET /template.xlsx")
    changes = ("POST /put", "POST /remove", "POST /discard", "POST /file", "POST /take")
    steps = {"users": (*dialogs, *changes), "receipt": ("GET /sample", "POST /sample"), "options": ()}
    for panel in panels:
        for step in ("GET", "POST", "POST /save", *steps[panel]):
            method, _, ending = step.partition(" ")
            yield f"{method} /register-settings{family}/{panel}{ending}"


SETTINGS = (*settings_of("", "users", "receipt", "options"), *settings_of("/smart-x", "users", "receipt"))

WAYS_IN = (
    "GET /login",
    "GET /login/application",
    "GET /login/application.pdf",
    "POST /login/application.pdf",
    "GET /login/instruction.pdf",
    "GET /login/password",
    "POST /login/password",
    "GET /login/email",
    "POST /login/email",
    "GET /login/email/authenticator",
    "POST /login/email/authenticator",
    "GET /login/email/code",
    "POST /login/email/code",
    "POST /login/email/resend",
    "POST /login/email/send",
    "GET /login/enrol",
    "POST /login/enrol",
    "GET /login/recovery-codes",
    "POST /login/recovery-codes",
    "POST /recovery-codes.txt",
    "GET /login/passkey",
    "POST /login/passkey",
    "POST /login/passkey/options",
    "GET /login/passkey/factor",
    "POST /login/passkey/factor",
    "POST /login/passkey/factor/options",
    "GET /login/reset",
    "POST /login/reset",
    "GET /login/reset/factor",
    "POST /login/reset/factor",
    "POST /login/reset/sms",
    "GET /login/reset/password",
    "POST /login/reset/password",
    "GET /login/signature",
    "POST /login/signature",
    "POST /login/signature/certificate",
    "POST /login/signature/file",
)

ROUTES = {
    # Pages of figures and documents.
    "GET /": Route(EVERYONE),
    "GET /home/changes": Route(EVERYONE),
    "GET /home/<any(day, receipts, last, week, sales, quarter):name>": Route(
        EVERYONE, tuple(f"/home/{name}" for name in ("day", "receipts", "last", "week", "sales", "quarter"))
    ),
    "GET /sales": Route(EVERYONE),
    "GET /sales/<day>/<int(max=999999999):outlet_id>": Route(
        EVERYONE, ("/sales/{day}/1",), ("/sales/{day}/2",), ("/sales/{day}/3",)
    ),
    "GET /turnover": Route(EVERYONE),
    "GET /turnover/<int(max=2147483647):outlet_id>/<number>": Route(
        EVERYONE,
        ("/turnover/1/{here}", "/turnover/1/{moved_away}", "/turnover/1/{moved_here}"),
        ("/turnover/2/{there}", "/turnover/2/{moved_away}", "/turnover/1/{there}"),
        ("/turnover/3/{foreign}", "/turnover/1/{foreign}"),
    ),
    "GET /documents": Route(EVERYONE),
    "GET /documents/older": Route(EVERYONE),
    "GET /documents/summary": Route(EVERYONE),
    "GET /documents/<sko>/<int(max=9007199254740991):number>": of_document(""),
    "GET /documents/<sko>/<int:number>.pdf": of_document(".pdf"),
    # Outlets and registers.
    "GET /outlets": Route(EVERYONE),
    "GET /outlets/<int(max=2147483647):outlet_id>": Route(EVERYONE, ("/outlets/1",), ("/outlets/2",), ("/outlets/3",)),
    "GET /outlets/<int(max=2147483647):outlet_id>/edit": Route(OWNER, ("/outlets/1/edit",), (), ("/outlets/3/edit",)),
    "POST /outlets/<int(max=2147483647):outlet_id>/edit": Route(OWNER, ("/outlets/1/edit",), (), ("/outlets/3/edit",)),
    "GET /skos": Route(EVERYONE),
    "GET /skos/<number>": of_register(""),
    "GET /skos/<number>/events": of_register("/events"),
    "GET /skos/<number>/move": Route(OWNER, ("/skos/{here}/move",), (), ("/skos/{foreign}/move",)),
    "POST /skos/<number>/move": Route(OWNER, ("/skos/{here}/move",), (), ("/skos/{foreign}/move",)),
    # New registers, and what they prove themselves by. A code leads nowhere until it is typed.
    "GET /bind": Route(OWNER),
    "POST /bind": Route(OWNER),
    "GET /bind/<user_code>": Route(OWNER, ("/bind/{user_code}",)),
    "POST /bind/<user_code>": Route(OWNER, ("/bind/{user_code}",)),
    "POST /bind/<user_code>/deny": Route(OWNER, ("/bind/{user_code}/deny",)),
    "GET /tokens": Route(OWNER),
    "GET /tokens/waiting": Route(OWNER),
    "GET /tokens/<int(max=9007199254740991):token_id>": of_company("/tokens/{}", "token"),
    "POST /tokens/<int(max=9007199254740991):token_id>": of_company("/tokens/{}", "token"),
    "POST /tokens/<int(max=9007199254740991):token_id>/revoke": of_company("/tokens/{}/revoke", "token"),
    # Settings of registers: which ones, says the query string or the form.
    **{key: Route(SETTERS) for key in SETTINGS},
    "GET /register-settings/rollout": Route(SETTERS),
    "GET /register-settings/rollout/now": Route(SETTERS),
    "GET /register-settings/rollout/<number>": of_register("", "/register-settings/rollout", SETTERS),
    "POST /register-settings/rollout/<number>/return": of_register("/return", "/register-settings/rollout", SETTERS),
    # Notifications.
    "GET /notifications": Route(EVERYONE),
    "GET /notifications/older": Route(EVERYONE),
    "GET /notifications/unread": Route(EVERYONE),
    "POST /notifications/read": Route(EVERYONE),
    "POST /notifications/<notification_id>/read": of_notification("read", EVERYONE),
    "GET /notifications/<notification_id>/mute": of_notification("mute", SETTERS),
    "POST /notifications/<notification_id>/mute": of_notification("mute", SETTERS),
    "GET /notifications/mutes": Route(EVERYONE),
    "POST /notifications/mutes/<rule>/<int(max=2147483647):sko_id>/end": Route(
        SETTERS,
        ("/notifications/mutes/gap/1/end",),
        ("/notifications/mutes/gap/2/end", "/notifications/mutes/gap/0/end"),
        ("/notifications/mutes/conflict/1/end",),
    ),
    "GET /notifications/webhook": Route(OWNER),
    "GET /notifications/webhook/address": Route(OWNER),
    "POST /notifications/webhook/address": Route(OWNER),
    "POST /notifications/webhook/remove": Route(OWNER),
    "POST /notifications/webhook/test": Route(OWNER),
    "POST /notifications/webhook/deliveries/<delivery_id>/again": of_company(
        "/notifications/webhook/deliveries/{}/again", "delivery"
    ),
    # Reports.
    "GET /reports": Route(EVERYONE),
    "GET /reports/invalid": Route(EVERYONE),
    "GET /reports/invalid/older": Route(EVERYONE),
    "GET /reports/invalid/<content_hash>/<code>": of_invalid(""),
    "GET /reports/invalid/<content_hash>/<code>.json": of_invalid(".json"),
    "GET /reports/events": Route(EVERYONE),
    "GET /reports/events/older": Route(EVERYONE),
    "GET /reports/completeness": Route(EVERYONE),
    "GET /reports/completeness/<number>": Route(
        EVERYONE,
        tuple(f"/reports/completeness/{{{number}}}" for number in ("here", "moved_away", "moved_here")),
        ("/reports/completeness/{there}",),
        ("/reports/completeness/{foreign}",),
    ),
    "GET /reports/completeness/<number>/shifts/<int(max=2147483647):shift>": Route(
        EVERYONE,
        ("/reports/completeness/{here}/shifts/1",),
        ("/reports/completeness/{there}/shifts/1",),
        ("/reports/completeness/{foreign}/shifts/1",),
    ),
    # Files.
    "GET /exports": Route(EXPORTERS),
    "POST /exports": Route(EXPORTERS),
    "GET /exports/<export_id>": of_person("/exports/{}", "export", EXPORTERS),
    "GET /exports/<export_id>/progress": of_person("/exports/{}/progress", "export", EXPORTERS),
    "GET /exports/<export_id>/file": of_person("/exports/{}/file", "export", EXPORTERS),
    "POST /exports/<export_id>/again": of_person("/exports/{}/again", "export", EXPORTERS),
    "POST /exports/<export_id>/delete": of_person("/exports/{}/delete", "export", EXPORTERS),
    # Acts, manuals and the guide.
    "GET /acts/registration": Route(ACCOUNTANTS),
    "GET /acts/subscription": Route(ACCOUNTANTS),
    "GET /acts/<int(max=999999999):number>.pdf": Route(
        ACCOUNTANTS, ("/acts/{own_act}.pdf",), foreign=("/acts/{foreign_act}.pdf",)
    ),
    "GET /acts/<any(registration, subscription):kind>/papers.zip": Route(
        ACCOUNTANTS, ("/acts/subscription/papers.zip",)
    ),
    "GET /instructions": Route(EVERYONE),
    "GET /instructions/<int(max=2147483647):manual_id>.pdf": Route(EVERYONE, ("/instructions/{manual}.pdf",)),
    "GET /instructions/<any('kabinet-guide', 'register-api'):name>.pdf": Route(
        EVERYONE, ("/instructions/kabinet-guide.pdf", "/instructions/register-api.pdf")
    ),
    # People, and what they did.
    "GET /team": Route(OWNER),
    "GET /team/invite": Route(OWNER),
    "POST /team/invite": Route(OWNER),
    "POST /team/invitations/<invitation_id>/resend": of_company("/team/invitations/{}/resend", "invitation"),
    "POST /team/invitations/<invitation_id>/withdraw": of_company("/team/invitations/{}/withdraw", "invitation"),
    "GET /team/<int(max=9007199254740991):account_id>": of_company("/team/{}", "person"),
    "POST /team/<int(max=9007199254740991):account_id>": of_company("/team/{}", "person"),
    "GET /team/<int(max=9007199254740991):account_id>/remove": of_company("/team/{}/remove", "person"),
    "POST /team/<int(max=9007199254740991):account_id>/remove": of_company("/team/{}/remove", "person"),
    "GET /journal": Route(OWNER),
    "GET /journal/older": Route(OWNER),
    "GET /invitations/<token>/accept": Route(EVERYONE, ("/invitations/{invitation_token}/accept",)),
    "POST /invitations/<token>/accept": Route(EVERYONE, ("/invitations/{invitation_token}/accept",)),
    # One's own account.
    "POST /logout": Route(EVERYONE),
    "GET /confirm": Route(EVERYONE),
    "POST /confirm": Route(EVERYONE),
    "POST /confirm/passkey": Route(EVERYONE),
    "POST /confirm/passkey/options": Route(EVERYONE),
    "GET /profile": Route(EVERYONE),
    "POST /profile/notifications": Route(EVERYONE),
    "POST /profile/sessions/<session_id>/end": of_person("/profile/sessions/{}/end", "session"),
    "POST /profile/sessions/end-others": Route(EVERYONE),
    "GET /profile/password": Route(EVERYONE),
    "POST /profile/password": Route(EVERYONE),
    "GET /profile/authenticator": Route(EVERYONE),
    "POST /profile/authenticator": Route(EVERYONE),
    "GET /profile/recovery-codes": Route(EVERYONE),
    "POST /profile/recovery-codes": Route(EVERYONE),
    "GET /profile/passkeys": Route(EVERYONE),
    "GET /profile/passkeys/add": Route(EVERYONE),
    "POST /profile/passkeys/add": Route(EVERYONE),
    "POST /profile/passkeys/add/options": Route(EVERYONE),
    "GET /profile/passkeys/<key>": of_person("/profile/passkeys/{}", "passkey"),
    "POST /profile/passkeys/<key>": of_person("/profile/passkeys/{}", "passkey"),
    "POST /profile/passkeys/<key>/remove": of_person("/profile/passkeys/{}/remove", "passkey"),
    "GET /profile/certificates": Route(EVERYONE),
    "GET /profile/certificates/add": Route(EVERYONE),
    "POST /profile/certificates/add": Route(EVERYONE),
    "POST /profile/certificates/file": Route(EVERYONE),
    "GET /profile/certificates/<fingerprint>": of_person("/profile/certificates/{}", "certificate"),
    "POST /profile/certificates/<fingerprint>/remove": of_person("/profile/certificates/{}/remove", "certificate"),
    "GET /profile/phone": Route(EVERYONE),
    "POST /profile/phone": Route(EVERYONE),
    "GET /profile/phone/code": Route(EVERYONE),
    "POST /profile/phone/code": Route(EVERYONE),
    "POST /profile/phone/resend": Route(EVERYONE),
    # Open to all the world: the ways in, the receipts of buyers, the health of the process.
    **{key: Route(PUBLIC) for key in WAYS_IN},
    "GET /invitations/<token>": Route(PUBLIC, ("/invitations/{invitation_token}",)),
    "POST /invitations/<token>": Route(PUBLIC, ("/invitations/{invitation_token}",)),
    "GET /companies": Route(PUBLIC),
    "POST /companies": Route(PUBLIC),
    "POST /language": Route(PUBLIC),
    "POST /theme": Route(PUBLIC),
    "GET /r/": Route(PUBLIC),
    "GET /r/<uid>": Route(PUBLIC, ("/r/{uid}",)),
    "GET /r/<uid>.json": Route(PUBLIC, ("/r/{uid}.json",)),
    "GET /r/<uid>.pdf": Route(PUBLIC, ("/r/{uid}.pdf",)),
    "GET /help": Route(PUBLIC),
    "GET /help/<name>": Route(PUBLIC, ("/help/start", "/help/acts")),
    "GET /healthz": Route(PUBLIC),
    "GET /readyz": Route(PUBLIC),
    "GET /metrics": Route(PUBLIC),
}
