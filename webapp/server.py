"""Settings of gunicorn for the web app (see the Procfile)."""

import gc
import os

from gunicorn.workers.base import Worker

bind = os.environ.get("WEB_BIND") or "127.0.0.1:8000"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS") or 2)
threads = int(os.environ.get("WEB_THREADS") or 8)
timeout = 60
graceful_timeout = 20
keepalive = 15
max_requests = 50_000  # whatever a worker may have leaked is gone after this many
max_requests_jitter = 5_000
control_socket_disable = True  # it would lie in the home folder, shared with every other gunicorn there


def post_worker_init(_worker: Worker) -> None:
    """What the app consists of stays for good. Looking through it for garbage held up one page in thirty by 0.1 s."""
    gc.collect()
    gc.freeze()
