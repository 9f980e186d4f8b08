"""The app's one engine. Views take a connection from it: `with reading(engine()) as connection`."""

from flask import Flask, current_app

from sql.engine import Engine, connect
from webapp.settings import Settings


def init_app(app: Flask, settings: Settings) -> None:
    app.extensions["kabinet_engine"] = connect(settings.database_url)


def engine() -> Engine:
    """The engine of the current app."""
    found: Engine = current_app.extensions["kabinet_engine"]
    return found
