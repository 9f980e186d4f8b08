"""Requests that fail as a whole: RFC 9457 problem documents."""

from http import HTTPStatus

from ingest.answers import ProblemDetails, encode


class Failure(Exception):
    """A request that gets no answer but a status, a code and a sentence; nothing of it is stored."""

    def __init__(self, status: int, code: str, detail: str, *, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers

    def body(self, request_id: str) -> bytes:
        title = HTTPStatus(self.status).phrase
        return encode(ProblemDetails("about:blank", title, self.status, self.detail, self.code, request_id))


def too_large(detail: str) -> Failure:
    return Failure(413, "too_large", detail)


def unauthorized() -> Failure:
    detail = "Send `Authorization: Bearer <token>` with a token that is valid."
    return Failure(401, "unauthorized", detail, headers=((b"www-authenticate", b'Bearer realm="kabinet"'),))


def retry_later(status: int, code: str, detail: str, seconds: int = 1) -> Failure:
    """A 429 or 503 that says when to come again."""
    return Failure(status, code, detail, headers=((b"retry-after", b"%d" % seconds),))
