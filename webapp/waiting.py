"""What those are told who have tried too often."""

import math

from flask_babel import ngettext

from sql.throttle import TooManyAttempts


def waiting_sentence(refused: TooManyAttempts) -> str:
    minutes = math.ceil(refused.retry_s / 60)
    return str(
        ngettext(
            "Too many attempts. Try again in %(num)d minute.",
            "Too many attempts. Try again in %(num)d minutes.",
            minutes,
        )
    )


def retry_headers(refused: TooManyAttempts) -> dict[str, str]:
    return {"Retry-After": str(refused.retry_s)}
