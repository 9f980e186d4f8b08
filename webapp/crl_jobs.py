"""Revocation lists are fetched every hour, beside the rounds of `kabinet jobs`."""

import threading

import structlog

from webapp.revocation import refresh_crls
from webapp.signature_settings import SignatureSettings

EVERY_S = 3600.0
AGAIN_S = 300.0  # after a problem: a list that gets stale shuts everybody out
STOP_S = 5.0

log = structlog.get_logger()


class Lists:
    """`start` and `stop` a thread, or `drain`: fetch all now. Without configured addresses there is nothing to do."""

    def __init__(self, settings: SignatureSettings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        # A download may take a minute: it is not waited for, and leaves nothing half done.
        self._thread = threading.Thread(target=self._run, name="revocation lists", daemon=True)

    def start(self) -> None:
        if self._settings.crl_urls:
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def drain(self) -> None:
        """Returns when each address has been asked."""
        self._fetch()

    def _run(self) -> None:
        rest_s = 0.0
        while not self._stop.wait(rest_s):
            rest_s = EVERY_S if self._fetch() else AGAIN_S

    def _fetch(self) -> bool:
        """False if any list is as old as before."""
        try:
            return not any(result.problem for result in refresh_crls(self._settings))
        except Exception:  # a thread never dies of it
            log.exception("crls_failed")
            return False
