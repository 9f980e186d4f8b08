"""The job that runs the rules of notifications over all registers, once a minute, and tells people what is new.

It goes through the companies in spans. Each span is looked at in transactions that only read, and its outcome written
in one: whenever the process is killed, what is written is whole, and the next round finds the rest.
"""

import datetime
import threading
import time

import structlog

from sql import document_gaps, register_habits, z_checks
from sql.dialect import storage_errors
from sql.engine import Engine, reading, writing
from sql.errors import StorageUnavailable
from sql.instants import now_us
from sql.notification_people import recipients_daily
from sql.notifications import settle, sweep_notifications
from sql.register_habits import Pause
from sql.registers_watched import Span, registers, spans
from webapp.export_jobs import translator
from webapp.notification_events import tell_webhooks
from webapp.notification_mail import Post, digest_due_us
from webapp.notification_rules import judge
from webapp.usual_pauses import usual_pause

EVERY_S = 60.0
STOP_S = 20.0
SWEEP_S = 3600.0  # it looks through all notifications

log = structlog.get_logger()


class Notifications:
    """`start` and `stop` a thread, or `drain`: one round. Safe to run in several processes at a time."""

    def __init__(self, engine: Engine, origin: str | None) -> None:
        self._engine = engine
        self._post = Post(translator(), origin)
        self._stop = threading.Event()
        self._swept_s = float("-inf")
        self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def drain(self) -> None:
        self.round()

    def _run(self) -> None:
        rest_s = 0.0
        while not self._stop.wait(rest_s):
            begun_s = time.monotonic()
            self.round()
            rest_s = max(1.0, begun_s + EVERY_S - time.monotonic())

    def round(self) -> None:
        """Everything once. A database that doesn't answer is asked again a minute later."""
        try:
            with storage_errors():
                with reading(self._engine) as connection:
                    all_spans = spans(connection)
                for span in all_spans:
                    if self._stop.is_set():
                        return
                    self._look_at(span)
                self._tell_daily()
                self._sweep()
        except StorageUnavailable as error:
            log.warning("storage_unavailable", error=str(error))
        except Exception:
            log.exception("notifications_failed")

    def _look_at(self, span: Span) -> None:
        now = now_us()
        follow_documents(self._engine, span, now)
        learn_pauses(self._engine, span, datetime.datetime.now(datetime.UTC).date())
        with reading(self._engine) as connection:
            found = list(judge(registers(connection, span, now), now))
        with writing(self._engine) as connection:
            news = settle(connection, span, found, now)
            self._post.tell_at_once(connection, news)
            tell_webhooks(connection, news, now)
        if news:
            log.info("notifications_settled", first=span.first, last=span.last, news=len(news))

    def _tell_daily(self) -> None:
        due_us = digest_due_us(now_us())
        with reading(self._engine) as connection:
            people = recipients_daily(connection, due_us)
        for person in people:
            if self._stop.is_set():
                return
            with writing(self._engine) as connection:
                self._post.tell_daily(connection, person, due_us)

    def _sweep(self) -> None:
        if time.monotonic() < self._swept_s + SWEEP_S:
            return
        with writing(self._engine) as connection:
            sweep_notifications(connection, now_us())
        self._swept_s = time.monotonic()


def follow_documents(engine: Engine, span: Span, now: int) -> None:
    """Find out what is missing among the documents that have come, and which Z-reports do not add up."""
    with reading(engine) as connection:
        has_new = document_gaps.has_unwatched(connection, span)
        is_behind = has_new or document_gaps.behind(connection, span, 1)
    if is_behind:
        with writing(engine) as connection:
            if has_new:
                document_gaps.watch_new(connection, span)
            document_gaps.advance(connection, span)
    with reading(engine) as connection:
        progress = document_gaps.look(connection, span)
        checked = z_checks.check(connection, span, now)
    if any(progress) or checked:
        with writing(engine) as connection:
            z_checks.note_checked(connection, checked)
            # The last word: what came late has Z-reports checked that had been before.
            document_gaps.note_progress(connection, progress)


def learn_pauses(engine: Engine, span: Span, today: datetime.date) -> None:
    """Once a day, how long each register may be silent."""
    with reading(engine) as connection:
        found = register_habits.habits(connection, span, today)
    if found:
        pauses = [Pause(habit.merchant_id, habit.sko_id, usual_pause(habit)) for habit in found]
        with writing(engine) as connection:
            register_habits.note_pauses(connection, pauses, today)
