"""Tokens: by what registers and gateways of the company prove who they are. Named, looked up and revoked here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.exceptions import BadRequest, NotFound

from sql.accounts import emails_of
from sql.device_grants import ApprovedGrant, approved_grants
from sql.engine import Connection, reading, writing
from sql.tokens import IssuedToken, rename_token, revoke_token, tokens_of
from webapp.binding_forms import token_name_field
from webapp.confirming import confirmed
from webapp.database import engine
from webapp.forms import Form
from webapp.fragments import page_or_fragment, wants_fragment
from webapp.guard import go_to, unattended
from webapp.journal import note
from webapp.outlet_search import search_problem
from webapp.roles import needs
from webapp.scope import own_reach

blueprint = Blueprint("tokens", __name__)

ROWS_MAX = 100  # more show on demand


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenList:
    """All that the templates know. `text` is what to search for; `problem` says what is wrong with it.

    `numbers` are those of the registers by `sko_id`, `makers` e-mail addresses by `account_id`. `waiting` are registers
    that were bound and have not fetched their tokens yet.
    """

    text: str
    problem: str | None
    shows_all: bool
    known: Sequence[IssuedToken]
    waiting: Sequence[ApprovedGrant]
    numbers: Mapping[int, str]
    makers: Mapping[int, str]
    zone: str

    @property
    def found(self) -> list[IssuedToken]:
        wanted = self.text.casefold()
        return [] if self.problem else [token for token in self.known if self._is_like(token, wanted)]

    def _is_like(self, token: IssuedToken, wanted: str) -> bool:
        return wanted in token.name.casefold() or wanted in self.number_of(token).casefold()

    def number_of(self, token: IssuedToken) -> str:
        """Of the register whose token it is; empty for one of the whole company."""
        return self.numbers[token.sko_id] if token.sko_id else ""

    @property
    def rows(self) -> list[IssuedToken]:
        return self.found if self.shows_all else self.found[:ROWS_MAX]


class NameForm(Form):
    name = token_name_field()


@blueprint.get("/tokens")
@needs("registers.bind")
def page() -> ResponseReturnValue:
    text, shows = request.args.get("q", "").strip(), request.args.get("show")
    if shows not in (None, "all"):
        raise BadRequest
    with reading(engine()) as connection:
        shown = _list(connection, text, shows_all=bool(shows))
    response = page_or_fragment("tokens/page.html", "answer", tokens=shown, is_fragment=wants_fragment())
    if wants_fragment():
        # As somebody types, no letter of it is a place of its own in the browser's history.
        response.headers["HX-Replace-Url"] = url_for(".page", q=text or None)
    return response, 400 if shown.problem else 200


@blueprint.get("/tokens/waiting")
@needs("registers.bind")
@unattended
def waiting() -> ResponseReturnValue:
    """Who still waits; once it is fewer, htmx is sent to the whole list, and so is anybody else."""
    with reading(engine()) as connection:
        shown = _list(connection)
    if not wants_fragment() or len(shown.waiting) < request.args.get("count", 0, int):
        return go_to(url_for(".page"))
    return page_or_fragment("tokens/page.html", "waiting", tokens=shown)


@blueprint.get("/tokens/<int(max=9007199254740991):token_id>")
@needs("registers.bind")
@confirmed
def token(token_id: int) -> ResponseReturnValue:
    return _token_page(token_id)


@blueprint.post("/tokens/<int(max=9007199254740991):token_id>")
@needs("registers.bind")
@confirmed
def rename(token_id: int) -> ResponseReturnValue:
    form = NameForm()
    if not form.validate():
        return _token_page(token_id, form), 422
    name = form.name.data
    with writing(engine()) as connection:
        shown, found = _own(connection, token_id)
        if found.name != name:
            rename_token(connection, current_user.merchant_id, token_id, name)
            before = {"before": found.name} if found.name else {}
            note(connection, "token_renamed", shown.number_of(found), token=token_id, name=name, **before)
    flash(gettext("Saved."))
    return go_to(url_for(".page"))


@blueprint.post("/tokens/<int(max=9007199254740991):token_id>/revoke")
@needs("registers.bind")
@confirmed
def revoke(token_id: int) -> ResponseReturnValue:
    with writing(engine()) as connection:
        shown, found = _own(connection, token_id)
        if found.revoked_us is None:
            revoke_token(connection, token_id, merchant_id=current_user.merchant_id)
            name = {"name": found.name} if found.name else {}
            note(connection, "token_revoked", shown.number_of(found), token=token_id, **name)
    flash(gettext("Revoked: within 5 seconds nobody is let in with this token any more."))
    return go_to(url_for(".page"))


def _list(connection: Connection, text: str = "", *, shows_all: bool = False) -> TokenList:
    reach = own_reach()
    known = tokens_of(connection, reach.merchant_id)
    return TokenList(
        text=text,
        problem=search_problem(text),
        shows_all=shows_all,
        known=known,
        waiting=approved_grants(connection, reach.merchant_id),
        numbers={sko.sko_id: sko.number for sko in reach.skos(connection)},
        makers=emails_of(connection, {token.created_by for token in known if token.created_by}),
        zone=reach.zone(connection),
    )


def _own(connection: Connection, token_id: int) -> tuple[TokenList, IssuedToken]:
    """A token of the company, with what is known of all of them; of others there is no page."""
    shown = _list(connection)
    found = next((token for token in shown.known if token.token_id == token_id), None)
    if found is None:
        raise NotFound
    return shown, found


def _token_page(token_id: int, form: NameForm | None = None) -> Response:
    with reading(engine()) as connection:
        shown, found = _own(connection, token_id)
    form = form or NameForm(name=found.name)
    return page_or_fragment("tokens/token.html", None, tokens=shown, token=found, form=form)
