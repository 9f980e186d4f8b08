"""What /metrics shows. With several processes, set PROMETHEUS_MULTIPROC_DIR and they are added up."""

import os
from collections.abc import Sequence

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

from ingest.answers import ProblemEntry

REQUESTS = Counter("kabinet_ingest_requests_total", "Requests answered", ["route", "status"])
DOCUMENTS = Counter("kabinet_ingest_documents_total", "Documents and events, by what became of them", ["outcome"])
COMMIT_SECONDS = Histogram("kabinet_ingest_commit_seconds", "Time of one transaction")
GROUP_REQUESTS = Histogram(
    "kabinet_ingest_group_requests", "Requests in one transaction", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
)
QUEUE_BYTES = Gauge("kabinet_ingest_queue_bytes", "Bytes waiting to be written", multiprocess_mode="livesum")

# Looked up once: a label costs as much as the counting itself.
_REQUEST_CHILDREN: dict[tuple[str, int], Counter] = {}
ACCEPTED = DOCUMENTS.labels("accepted")
DUPLICATES = DOCUMENTS.labels("duplicate")
BY_STATUS = {status: DOCUMENTS.labels(status) for status in ("conflict", "quarantined", "rejected")}


def count(accepted: int, duplicates: int, problems: Sequence[ProblemEntry]) -> None:
    """Count what became of the documents or events of one request."""
    if accepted:
        ACCEPTED.inc(accepted)
    if duplicates:
        DUPLICATES.inc(duplicates)
    for problem in problems:
        BY_STATUS[problem.status].inc()


def count_request(route: str, status: int) -> None:
    key = (route, status)
    child = _REQUEST_CHILDREN.get(key)
    if child is None:
        child = _REQUEST_CHILDREN[key] = REQUESTS.labels(route, str(status))
    child.inc()


def exposition() -> tuple[str, bytes]:
    """The content type and the text of all metrics."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return CONTENT_TYPE_LATEST, generate_latest(registry)
