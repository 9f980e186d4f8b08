"""The app on both databases, and browsers without a screen in front of it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache

from tests.accounts import TestMerchant, make_merchant, sign_in
from tests.people import add_person
from tests.webapp.reading import browser_in_english
from tests.webapp.signing import Authority
from webapp import create_app
from webapp.settings import Settings


class CountQueries(Protocol):
    def __call__(self) -> AbstractContextManager[list[str]]: ...


@pytest.fixture(scope="session")
def assets_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by all tests: compressing the files takes a second or two."""
    return tmp_path_factory.mktemp("assets")


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Of the certificates of electronic signatures."""
    return Authority(tmp_path_factory.mktemp("authorities") / "root", "Root")


@pytest.fixture(scope="session")
def authority(root: Authority) -> Authority:
    """The one below the root, which issues people's certificates."""
    return Authority(root.folder.parent / "authority", "Authority", root)


@pytest.fixture
def settings(database_url: str, assets_folder: Path) -> Settings:
    return Settings(
        secret_key="s" * 32,
        database_url=database_url,
        development=True,
        secure_cookies=False,
        assets_folder=str(assets_folder),
    )


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Shared by all tests: a page and what it includes take about 0.1 s to compile."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(settings: Settings, compiled_templates: FileSystemBytecodeCache) -> Iterator[Flask]:
    app = create_app(settings)
    app.jinja_env.bytecode_cache = compiled_templates
    app.testing = True
    yield app
    app.extensions["kabinet_engine"].dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser of somebody who isn't logged in."""
    return app.test_client()


@pytest.fixture
def owner(app: Flask, engine: sa.Engine, merchant: TestMerchant) -> FlaskClient:
    """The browser of the owner of the company that a file of tests is about, in English."""
    return browser_in_english(app, engine, merchant)


@pytest.fixture
def manager(app: Flask, engine: sa.Engine, merchant: TestMerchant) -> FlaskClient:
    """The browser of a manager of its second outlet, in English."""
    account_id = add_person(engine, merchant.merchant_id, "m@romashka.by", "manager", outlet_ids=[2])
    return browser_in_english(app, engine, merchant, account_id)


@pytest.fixture
def logged_in_client(app: Flask, engine: sa.Engine) -> FlaskClient:
    """A browser of the owner of ООО Ромашка, who has logged in."""
    client = app.test_client()
    sign_in(client, make_merchant(engine))
    return client


@pytest.fixture
def count_queries(app: Flask) -> CountQueries:
    """Collects the app's SQL: `with count_queries() as queries: …; assert len(queries) == 3`."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        queries: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA")):
                queries.append(statement)

        engine = app.extensions["kabinet_engine"]
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield queries
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)

    return counting
