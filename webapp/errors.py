"""What went wrong, in the reader's words: as a page, or to htmx as a message that leaves the page as it is."""

from typing import NamedTuple

from flask import Flask, Response, g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from sql.dialect import storage_errors
from sql.errors import StorageUnavailable
from webapp.fragments import VARY, wants_fragment

RETRY_AFTER_S = 5


class Words(NamedTuple):
    title: LazyString
    sentence: LazyString


WORDS = {
    400: Words(
        _("The request is not understood"), _("Something in the address or in the form is not as it should be.")
    ),
    403: Words(
        _("You may not do that"), _("Your role in the company does not allow it, or another site asked for it.")
    ),
    404: Words(_("There is no such page"), _("The address may have a slip in it, or the page has moved.")),
    405: Words(_("That can't be done here"), _("The page is there, but it does not take this kind of request.")),
    413: Words(_("That is too large"), _("Send a smaller file, or fewer rows at a time.")),
    429: Words(_("Too many requests"), _("Wait a moment, and try again.")),
    500: Words(
        _("Something broke on our side"), _("It is written down and will be looked into. Try again in a while.")
    ),
    503: Words(_("The service is busy"), _("The data can't be reached at the moment. Try again in a few seconds.")),
}
STALE_FORM = Words(
    _("The form is out of date"), _("It was open for too long. Go back, reload the page, and send it anew.")
)


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(InternalServerError, unexpected)
    app.register_error_handler(StorageUnavailable, lambda _error: storage_unavailable())


def answer(error: HTTPException) -> ResponseReturnValue:
    """Any answer of 4xx or 5xx, with the headers that belong to it (`Allow`, `Retry-After`)."""
    if error.response is not None:
        return error.get_response()
    code = error.code or 500
    words = WORDS.get(code) or WORDS[400 if code < 500 else 500]
    response = _response(code, STALE_FORM if isinstance(error, CSRFError) else words)
    response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    return response


def unexpected(error: InternalServerError) -> ResponseReturnValue:
    """What nobody foresaw; a database that doesn't answer is told apart, since it gets well by itself."""
    _forget_who_it_is()
    if _is_storage_unavailable(error.original_exception):
        return storage_unavailable()
    return _response(500, WORDS[500])


def storage_unavailable() -> ResponseReturnValue:
    _forget_who_it_is()
    return answer(ServiceUnavailable(retry_after=RETRY_AFTER_S))


def _forget_who_it_is() -> None:
    """Finding out asks the database, which may be what is broken."""
    g.setdefault("_login_user", AnonymousUserMixin())


def _is_storage_unavailable(error: BaseException | None) -> bool:
    try:
        with storage_errors():
            if error:
                raise error
    except StorageUnavailable:
        return True
    except Exception:  # noqa: BLE001  (it is the one that we are looking at)
        return False
    return False


def _response(code: int, words: Words) -> Response:
    template = "errors/_message.html" if wants_fragment() else "errors/page.html"
    response = Response(render_template(template, code=code, words=words, request_id=g.request_id), code)
    response.vary.update(VARY)
    if wants_fragment():
        response.headers["HX-Retarget"] = "#toasts"
        response.headers["HX-Reswap"] = "beforeend"
        response.headers["HX-Push-Url"] = "false"
        response.headers["HX-Replace-Url"] = "false"
    return response
