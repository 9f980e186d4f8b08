"""Revocation lists are fetched every hour."""

from webapp.revocation import refresh_crls
from webapp.rounds import Rounds
from webapp.signature_settings import SignatureSettings

EVERY_S = 3600.0
AGAIN_S = 300.0  # after a problem: a list that gets stale shuts everybody out


class Lists(Rounds):
    """Fetch all. Without configured addresses there is nothing to do."""

    away_s = AGAIN_S
    stop_s = 5.0  # a download may take a minute: it is not waited for, and leaves nothing half done

    def __init__(self, settings: SignatureSettings) -> None:
        super().__init__({"revocation lists": self.fetch} if settings.crl_urls else {})
        self._settings = settings

    def fetch(self) -> float:
        """Sooner again if any list is as old as before."""
        return AGAIN_S if any(result.problem for result in refresh_crls(self._settings)) else EVERY_S
