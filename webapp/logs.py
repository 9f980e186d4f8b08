"""Logs: one JSON object a line on standard error, each with the id of its request; readable lines in development."""

import re
import sys
import time
import uuid
from types import TracebackType
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request

from webapp.settings import Settings

REQUEST_ID = re.compile(r"[0-9A-Za-z._-]{8,64}")

log = structlog.get_logger()


class LoggedFlask(Flask):
    """Flask, whose unexpected errors are lines in our own log."""

    def log_exception(self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]) -> None:
        log.error("unexpected", method=request.method, path=_path(), exc_info=exc_info)


def init_app(app: Flask, settings: Settings) -> None:
    configure(development=settings.development)
    app.config["BELIEVE_REQUEST_IDS"] = settings.trusted_proxies > 0
    app.before_request(_begin)
    app.after_request(_end)


def configure(*, development: bool) -> None:
    output: list[Any] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if development
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *output,
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = _request_id()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _request_id() -> str:
    """The id that our own proxy gave, so that its log and ours tell one story; else a new one."""
    given = request.headers.get("X-Request-ID", "")
    is_believed = current_app.config["BELIEVE_REQUEST_IDS"] and REQUEST_ID.fullmatch(given)
    return given if is_believed else uuid.uuid4().hex


def _path() -> str:
    """Without the token of a mailed link: whoever reads the log must not be able to follow it."""
    token = (request.view_args or {}).get("token")
    return request.path.replace(token, "…") if token else request.path


def seconds_taken() -> float:
    """How long the current request has taken so far."""
    return time.perf_counter() - float(g.started)


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    user = g.get("_login_user")
    log.info(
        "request",
        method=request.method,
        path=_path(),
        status=response.status_code,
        milliseconds=round(seconds_taken() * 1000, 1),
        account_id=getattr(user, "account_id", None),
    )
    return response
