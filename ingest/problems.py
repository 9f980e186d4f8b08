"""Why a document is not accepted as it stands."""

from typing import Literal, NamedTuple

Code = Literal[
    "different_content",
    "invalid_field",
    "unknown_type",
    "item_sum_mismatch",
    "total_mismatch",
    "payments_mismatch",
    "change_exceeds_cash",
    "rollback_mismatch",
    "already_annulled",
    "issued_in_future",
    "unknown_sko",
    "sko_out_of_scope",
]

DETAIL_LENGTH_MAX = 300


class Problem(NamedTuple):
    """What is wrong with a document or an event.

    `pointer` is a JSON pointer (RFC 6901) within it: "" is all of it, "/items/0/sum" the sum of its first item.
    `detail` is one sentence for whoever integrates registers; it repeats nothing of what was sent but numbers.
    """

    code: Code
    pointer: str
    detail: str
