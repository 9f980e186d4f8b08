"""The stage of the polling registers is what the service would have made, and its thresholds catch what they must."""

from pathlib import Path

import msgspec
import sqlalchemy as sa

from loadtests.applying import Settings, refusal
from loadtests.company import some_unps
from loadtests.polling import CONTENT, _add_registers
from loadtests.thresholds import OF_POLLING, Figures, broken
from sql.engine import reading, writing
from sql.merchants import add_merchant
from sql.outlets import add_outlet
from sql.register_settings import newest_settings, save_settings
from sql.skos import directory, skos_of
from sql.tokens import find_token

NAMES = ("GET settings, the first time", "GET settings, nothing new", "POST document")


def test_polling_registers_are_like_any_others(engine: sa.Engine):
    with writing(engine) as connection:
        merchant_id = add_merchant(connection, unp=some_unps(1)[0], name="ООО «Опрос»")
        add_outlet(connection, merchant_id, name="Магазин", address="Минск")
        registers = _add_registers(connection, merchant_id, ["800000000", "800000001"])
        save_settings(connection, merchant_id, {2: (1, CONTENT)}, None)
    with reading(engine) as connection:
        numbers = [register["sko"] for register in registers]
        assert [sko.number for sko in skos_of(connection, merchant_id)] == numbers
        for place, register in enumerate(registers, start=1):
            token = find_token(connection, register["token"])
            assert token is not None
            assert (token.scope, token.merchant_id, token.sko_id) == ("sko", merchant_id, place)
        entries = directory(connection, numbers)
        assert [(entries[number].sko_id, entries[number].settings_version) for number in numbers] == [(1, 1), (2, 2)]
        assert newest_settings(connection, numbers) == {numbers[0]: (1, CONTENT), numbers[1]: (2, CONTENT)}


def test_their_settings_can_be_applied():
    settings = msgspec.convert({"version": 1} | msgspec.json.decode(CONTENT), Settings)
    assert refusal(settings) is None


def test_each_threshold_of_polling_is_judged():
    good = dict.fromkeys(NAMES, Figures(requests=10_000, failures=0, rate=1_000.0, p95_ms=1.0))
    assert list(broken(good, OF_POLLING)) == []
    assert len(list(broken({}, OF_POLLING))) == len(NAMES)
    scenario = "".join((Path(OF_POLLING).parent / file).read_text() for file in ("polling_users.py", "locustfile.py"))
    assert all(name.partition(" ")[2] in scenario for name in NAMES)
