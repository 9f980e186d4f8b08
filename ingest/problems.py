"""Why a document is not accepted as it stands."""

from typing import NamedTuple

DETAIL_LENGTH_MAX = 300


class Problem(NamedTuple):
    """A code of the contract, a JSON pointer within the document ("" is all of it), and a sentence."""

    code: str
    pointer: str
    detail: str
