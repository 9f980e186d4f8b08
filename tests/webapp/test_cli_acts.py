"""`kabinet tariff`, `kabinet act` and `kabinet manual`."""

import datetime
import io
from pathlib import Path

import pypdf
import pytest
import sqlalchemy as sa

from sql.act_making import ZONE
from sql.engine import writing
from sql.tables import sko
from tests.webapp.test_cli import MERCHANT, OUTLET, SKO, Kabinet

TARIFF = ["tariff", "add", "--kind", "subscription", "--price", "45,00", "--from", "2025-01", "--vat", "20"]
CORRECTION = ["act", "correct", "--unp", "191832203", "--number", "1", "--reason", "Касса снята"]


@pytest.fixture
def kabinet(engine: sa.Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Kabinet:
    monkeypatch.setenv("KABINET_ENV", "development")
    monkeypatch.setenv("OPERATOR_NAME", "ООО «Оператор»")
    kabinet = Kabinet(database_url)
    for command in (MERCHANT, OUTLET, SKO):
        kabinet.json(*command)
    with writing(engine) as connection:
        connection.execute(sa.update(sko).values(created_us=0))
    return kabinet


@pytest.fixture
def pdf(tmp_path: Path) -> str:
    writer = pypdf.PdfWriter()
    for _ in range(3):
        writer.add_blank_page(200, 200)
    writer.write(tmp_path / "manual.pdf")
    return str(tmp_path / "manual.pdf")


def test_acts_follow_from_tariffs_and_are_corrected(kabinet: Kabinet):
    assert kabinet.json(*TARIFF) == {"tariff_id": 1}
    assert kabinet.json("act", "make", "--month", "2026-09") == {"acts": 1}
    assert kabinet.json("act", "make", "--month", "2026-09") == {"acts": 0}
    corrected = kabinet.json(*CORRECTION, "--quantity", "2", "--price", "40")
    assert corrected == {"number": 2, "name": "СС-191832203-2"}
    [new, old] = kabinet.json("act", "list", "--unp", "191832203")["acts"]
    assert (old["issued"], old["total_minor"], old["corrected_by"]) == ("2026-09-30", 4500, 2)
    assert (new["issued"], new["total_minor"], new["corrects"]) == (
        datetime.datetime.now(ZONE).date().isoformat(),
        8000,
        1,
    )


def test_tariffs_are_listed_and_ended(kabinet: Kabinet):
    kabinet.json(*TARIFF)
    assert "ends with 2026-12" in kabinet("tariff", "end", "1", "--month", "2026-12").output
    [tariff] = kabinet.json("tariff", "list")["tariffs"]
    assert (tariff["first_day"], tariff["last_day"]) == ("2025-01-01", "2026-12-31")
    assert (tariff["price_minor"], tariff["vat_percent"]) == (4500, 20)
    assert "2026-12-31" in kabinet("tariff", "list").output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["act", "make", "--month", "2999-01"], "2999-01 has not ended yet"),
        (["act", "make", "--month", "2026-13"], "is no month: write it like 2026-10"),
        ([*TARIFF[:4], "--price", "free", "--from", "2025-01"], "is no price"),
        ([*TARIFF, "--until", "2024-12"], "The tariff ends before it begins"),
        ([*CORRECTION, "--quantity", "1"], "The merchant has no act 1"),
        (["tariff", "end", "7", "--month", "2026-12"], "There is no tariff 7"),
        (["manual", "remove", "7"], "There is no manual 7"),
        (["manual", "add", __file__, "--title", "Касса", "--version", "3"], "The file is no PDF"),
    ],
)
def test_mistakes_are_sentences(kabinet: Kabinet, arguments: list[str], sentence: str):
    result = kabinet(*arguments)
    assert result.exit_code != 0
    assert sentence in result.output


def test_without_a_name_the_operator_makes_no_acts(kabinet: Kabinet, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPERATOR_NAME")
    assert "Set OPERATOR_NAME" in kabinet("act", "make").output


def test_manuals_are_added_listed_and_removed(kabinet: Kabinet, pdf: str):
    added = ["manual", "add", pdf, "--title", "Руководство пользователя ПК", "--version", "v.03"]
    assert kabinet.json(*added) == {"manual_id": 1, "pages": 3}
    assert "already" in kabinet(*added).output
    [manual] = kabinet.json("manual", "list")["manuals"]
    assert (manual["language"], manual["bytes"]) == ("ru", Path(pdf).stat().st_size)
    assert kabinet("manual", "remove", "1").exit_code == 0
    assert kabinet.json("manual", "list") == {"manuals": []}


def test_a_pdf_that_is_cut_off_is_refused(kabinet: Kabinet, tmp_path: Path):
    (tmp_path / "cut.pdf").write_bytes(io.BytesIO(b"%PDF-1.7\n1 0 obj <<").getvalue())
    result = kabinet("manual", "add", str(tmp_path / "cut.pdf"), "--title", "Касса", "--version", "3")
    assert "The file is no PDF" in result.output
