"""Work after the answer has gone out: so the time of an answer doesn't tell whether there was any."""

from collections.abc import Callable

import structlog
from flask import Response, after_this_request, copy_current_request_context

log = structlog.get_logger()


def afterwards(work: Callable[[], None]) -> None:
    """Do this once the answer to the present request is sent. If it fails, the log says so, and nobody else."""

    @copy_current_request_context
    def do() -> None:
        try:
            work()
        except Exception:
            log.exception("failed_after_the_answer")

    @after_this_request
    def hand_over(response: Response) -> Response:
        response.call_on_close(do)
        return response
