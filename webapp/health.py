"""What machines ask: does the process live, can it work, what has it done."""

import ipaddress
import os
import secrets
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily
from werkzeug.exceptions import NotFound

from sql.dialect import storage_errors
from sql.engine import reading
from sql.errors import StorageUnavailable
from sql.heartbeats import last_beats
from sql.instants import SECOND_US
from sql.merchants import has_merchants
from webapp import logs
from webapp.database import engine
from webapp.guard import public
from webapp.settings import Settings

REQUESTS = Counter("kabinet_web_requests_total", "Requests answered", ["endpoint", "method", "status"])
SECONDS = Histogram(
    "kabinet_web_request_seconds",
    "Time to answer",
    ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")  # anybody may invent others
FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")

blueprint = Blueprint("health", __name__)


def init_app(app: Flask, settings: Settings) -> None:
    app.config["METRICS_TOKEN"] = settings.metrics_token
    app.register_blueprint(blueprint)
    app.after_request(_count)


@blueprint.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    return {"status": "ok"}


@blueprint.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    try:
        with storage_errors(), reading(engine()) as connection:
            has_merchants(connection)
    except StorageUnavailable:
        return {"status": "storage_unavailable"}, 503, {"Retry-After": "5"}
    return {"status": "ok"}


@blueprint.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """For Prometheus alone: with the token, or from this machine itself. To others there is no such page."""
    if not (_has_token() or _is_local()):
        raise NotFound
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry) + generate_latest(Beats()), content_type=CONTENT_TYPE_LATEST)


class Beats:
    """When each kind of process last gave a sign of life: those that are dead can't say so themselves."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            with storage_errors(), reading(engine()) as connection:
                beats = last_beats(connection)
        except StorageUnavailable:
            return
        family = GaugeMetricFamily(
            "kabinet_heartbeat_seconds", "Unix time of the last sign of life", labels=["process"]
        )
        for process, beat_us in beats.items():
            family.add_metric([process], beat_us / SECOND_US)
        yield family


def _has_token() -> bool:
    token = current_app.config["METRICS_TOKEN"]
    given = request.headers.get("Authorization", "")
    return token is not None and secrets.compare_digest(given.encode(), f"Bearer {token}".encode())


def _is_local() -> bool:
    """A request that a proxy on this machine passes on comes from here as well, and says so in a header."""
    if current_app.config["METRICS_TOKEN"] is not None or any(name in request.headers for name in FORWARDED):
        return False
    return ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback  # noqa: S104  (an address to compare)


def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(endpoint, method, str(response.status_code)).inc()
    SECONDS.labels(endpoint).observe(logs.seconds_taken())
    return response
