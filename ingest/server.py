"""Settings of gunicorn for the ingest service (see the Procfile)."""

import os

bind = os.environ.get("INGEST_BIND") or "127.0.0.1:8001"
worker_class = "ingest.worker.Worker"
asgi_loop = "uvloop"
asgi_lifespan = "on"  # a service that can't start must not accept connections
workers = int(os.environ.get("INGEST_WORKERS") or 1)
timeout = 40  # more than any of our own time limits
graceful_timeout = 30  # the queue is drained in less (INGEST_DRAIN_TIMEOUT_S)
keepalive = 75  # registers post again within a minute
worker_connections = 10_000
control_socket_disable = True  # it would lie in the home folder, shared with every other gunicorn there
