"""What pages are compared with: the least that answers such a page, on the same server, driver and table."""

import os

import sqlalchemy as sa
from flask import Flask, request
from jinja2 import Template

from loadtests.register import MINSK
from sql.engine import connect, reading
from sql.instants import from_us
from sql.tables import document

ROWS = 50
COLUMNS = [
    document.c[name]
    for name in ("sko_id", "number", "type", "uid", "issued_us", "outlet_id", "currency", "cashier", "total_minor")
]
# What a reader needs of a document, and nothing around it.
ROW = """
<tr>
  <td><a href="/{{ row.sko_id }}/{{ row.number }}">№ {{ row.number }}</a></td>
  <td>{{ row.type }}</td>
  <td class="number">{{ row.total_minor | money }} {{ row.currency }}</td>
  <td>{{ row.outlet_id }}</td>
  <td>{{ row.sko_id }}</td>
  <td>{{ row.cashier }}</td>
  <td>{{ row.uid }}</td>
  <td>{{ row.issued_us | moment }}</td>
</tr>"""
TABLE = f"""<!doctype html><html lang="en"><title>Documents</title>
<table>{{% for row in rows %}}{ROW}{{% endfor %}}</table></html>"""


def money(minor: int) -> str:
    return f"{minor / 100:,.2f}"


def moment(instant: int) -> str:
    return from_us(instant).astimezone(MINSK).strftime("%d.%m.%Y %H:%M:%S")


def create_app() -> Flask:
    """`/` is fifty rows of one keyset query; `/row` is one row."""
    app = Flask(__name__)
    app.jinja_env.filters.update(money=money, moment=moment)
    engine = connect(os.environ["DATABASE_URL"])
    is_older = document.c.issued_us < sa.bindparam("before_us", type_=sa.BigInteger)
    query = sa.select(*COLUMNS).where(document.c.merchant_id == sa.bindparam("merchant_id"), is_older)
    query = query.order_by(document.c.issued_us.desc())

    def answer(template: Template, rows: int) -> str:
        values = {"merchant_id": 1, "before_us": int(request.args["before"])}
        with reading(engine) as connection:
            found = connection.execute(query.limit(rows), values).all()
        return template.render(rows=found, row=found[0])

    table, row = app.jinja_env.from_string(TABLE), app.jinja_env.from_string(ROW)
    app.add_url_rule("/", "table", lambda: answer(table, ROWS))
    app.add_url_rule("/row", "row", lambda: answer(row, 1))
    return app
