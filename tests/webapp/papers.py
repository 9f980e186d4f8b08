"""PDFs as their readers see them."""

import io

import pypdf


def pages_of(pdf: bytes) -> list[pypdf.PageObject]:
    return list(pypdf.PdfReader(io.BytesIO(pdf)).pages)


def text_of(pdf: bytes) -> str:
    """What stands on all pages, with plain spaces."""
    return " ".join(" ".join(page.extract_text().split()) for page in pages_of(pdf))


def is_within_its_pages(pdf: bytes) -> bool:
    """Whether every text ends on its page, counting each letter as half its height: too little, if anything."""
    return all(max(_rights_of(page)) < float(page.mediabox.right) for page in pages_of(pdf))


def _rights_of(page: pypdf.PageObject) -> list[float]:
    rights: list[float] = []

    def note(text: str, _page: object, matrix: list[float], _font: object, size: float) -> None:
        rights.append(matrix[4] + max((len(line) for line in text.splitlines()), default=0) * size * 0.5)

    page.extract_text(visitor_text=note)
    return rights
