"""The webhook of a company: where its own system is told of notifications, and the log of what was sent."""

import json
from typing import ClassVar

from flask import Blueprint, Response, current_app, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_babel import lazy_gettext as _
from flask_login import current_user
from werkzeug.exceptions import NotFound
from wtforms import StringField, ValidationError
from wtforms.validators import InputRequired, Length

from sql.engine import reading, writing
from sql.instants import from_us, now_us
from sql.webhooks import (
    URL_MAX,
    Outgoing,
    deliveries_of,
    queue_deliveries,
    remove_webhook,
    send_again,
    set_webhook,
    webhook_of,
)
from webapp.confirming import confirmed
from webapp.database import engine
from webapp.forms import Form
from webapp.fragments import page_or_fragment
from webapp.guard import go_to
from webapp.journal import note
from webapp.roles import needs
from webapp.scope import own_reach
from webapp.webhook_sender import NotDelivered, checked_url

LOG_LINES = 50

blueprint = Blueprint("webhook_page", __name__)


class WebhookForm(Form):
    url = StringField(
        lazy_gettext("Address"),
        [
            InputRequired(lazy_gettext("Write the address of your server.")),
            Length(max=URL_MAX, message=lazy_gettext("Write at most %(max)d characters.")),
        ],
        filters=[lambda text: text.strip() if text else text],
    )

    def validate_url(self, field: StringField) -> None:
        try:
            checked_url(field.data, is_open=current_app.config["DEVELOPMENT"])
        except NotDelivered:
            sentence = gettext(
                "Write an address that begins with https:// and has no password in it; its port is 443 or above 1023."
            )
            raise ValidationError(sentence) from None


class DeliveryWords:
    """What the states and events of deliveries are called."""

    states: ClassVar = {"waiting": _("Waits"), "sent": _("Delivered"), "failed": _("Given up")}
    tones: ClassVar = {"waiting": "", "sent": "good", "failed": "bad"}
    events: ClassVar = {
        "opened": _("It has opened"),
        "changed": _("It has changed"),
        "closed": _("It was settled"),
        "test": _("Test"),
    }


@blueprint.get("/notifications/webhook")
@needs("people")
def page() -> ResponseReturnValue:
    return _page()


@blueprint.get("/notifications/webhook/address")
@needs("people")
@confirmed
def address() -> ResponseReturnValue:
    with reading(engine()) as connection:
        webhook = webhook_of(connection, current_user.merchant_id)
    return _form_page(WebhookForm(data={"url": webhook.url if webhook else ""}))


@blueprint.post("/notifications/webhook/address")
@needs("people")
@confirmed
def save() -> ResponseReturnValue:
    """Set the address, with a new secret, which the answer alone shows, and only once."""
    form = WebhookForm()
    if not form.validate():
        return _form_page(form), 422
    merchant_id = current_user.merchant_id
    with writing(engine()) as connection:
        written = {"url": form.url.data, "created_by": current_user.account_id, "now_us": now_us()}
        secret = set_webhook(connection, merchant_id, **written)
        note(connection, "webhook_set", form.url.data)
    return _page(secret)


@blueprint.post("/notifications/webhook/remove")
@needs("people")
@confirmed
def remove() -> ResponseReturnValue:
    with writing(engine()) as connection:
        webhook = webhook_of(connection, current_user.merchant_id)
        if webhook is None or not remove_webhook(connection, current_user.merchant_id):
            raise NotFound
        note(connection, "webhook_removed", webhook.url)
    flash(gettext("Nothing is sent there any more."))
    return go_to(url_for(".page"))


@blueprint.post("/notifications/webhook/test")
@needs("people")
def test() -> ResponseReturnValue:
    body = json.dumps({"event": "test", "sent_at": from_us(now_us()).isoformat().replace("+00:00", "Z")})
    with writing(engine()) as connection:
        if webhook_of(connection, current_user.merchant_id) is None:
            raise NotFound
        queue_deliveries(connection, [Outgoing(current_user.merchant_id, "test", body)], now_us())
    flash(gettext("The test is under way: the log shows in a moment what came of it."))
    return go_to(url_for(".page"))


@blueprint.post("/notifications/webhook/deliveries/<delivery_id>/again")
@needs("people")
def again(delivery_id: str) -> ResponseReturnValue:
    with writing(engine()) as connection:
        if not send_again(connection, current_user.merchant_id, delivery_id, now_us()):
            raise NotFound
    flash(gettext("It is sent once more."))
    return go_to(url_for(".page"))


def _form_page(form: WebhookForm) -> Response:
    return page_or_fragment("notifications/webhook_address.html", None, form=form)


def _page(secret: str | None = None) -> Response:
    merchant_id = current_user.merchant_id
    with reading(engine()) as connection:
        webhook = webhook_of(connection, merchant_id)
        log = deliveries_of(connection, merchant_id, LOG_LINES)
        zone = own_reach().zone(connection)
    return page_or_fragment(
        "notifications/webhook.html",
        None,
        webhook=webhook,
        secret=secret,
        log=log,
        zone=zone,
        words=DeliveryWords,
    )
