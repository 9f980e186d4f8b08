"""What the demo has set on its registers."""

import sqlalchemy as sa

from loadtests import company, demo_settings
from sql.engine import reading
from sql.register_settings import SettingsVersion, current_settings
from sql.skos import skos_of
from tests.accounts import make_merchant
from webapp.register_options import RIGHTS
from webapp.register_settings_content import TEXT_LENGTHS, settings_in


def newest(engine: sa.Engine, merchant_id: int) -> dict[int, SettingsVersion]:
    with reading(engine) as connection:
        return current_settings(connection, merchant_id)


def test_the_demo_sets_every_register_up_once(engine: sa.Engine) -> None:
    merchant = make_merchant(engine)
    places = company.places_of_stores({store_id: [f"1{store_id:08d}"] for store_id in range(1, 9)})
    company.ensure_places(engine, merchant.merchant_id, places)
    demo_settings.set_up(engine, merchant.merchant_id)
    versions = newest(engine, merchant.merchant_id)
    with reading(engine) as connection:
        models = {sko.sko_id: sko.model for sko in skos_of(connection, merchant.merchant_id)}
    assert versions.keys() == models.keys()
    assert {version.state for version in versions.values()} == {"waiting", "applied", "rejected"}
    for sko_id, version in versions.items():
        settings = settings_in(version)
        assert (version.version, version.saved_by) == (2, merchant.account_id)
        assert all(set(user.rights) <= set(RIGHTS) for user in settings.users)
        lines = {"name_lines", "number_goods"} if models[sko_id] == "smart_x" else set()
        assert settings.receipt.keys() == TEXT_LENGTHS.keys() | lines
        assert all(len(settings.receipt[name]) <= most for name, most in TEXT_LENGTHS.items())
    demo_settings.set_up(engine, merchant.merchant_id)
    assert newest(engine, merchant.merchant_id) == versions
