"""The job that runs the rules of notifications over all registers, once a minute, and tells people what is new.

It goes through the companies in spans. Each span is looked at in transactions that only read, and its outcome written
in one: whenever the process is killed, what is written is whole, and the next round finds the rest.
"""

import datetime
import time

import structlog

from sql import document_gaps, register_habits, z_checks
from sql.engine import Engine, reading, writing
from sql.instants import now_us
from sql.notification_people import recipients_daily
from sql.notifications import settle, sweep_notifications
from sql.register_habits import Pause
from sql.registers_watched import Span, registers, spans
from webapp.export_jobs import translator
from webapp.notification_events import tell_webhooks
from webapp.notification_mail import Post, digest_due_us
from webapp.notification_rules import judge
from webapp.rounds import Rounds
from webapp.usual_pauses import usual_pause

EVERY_S = 60.0
SWEEP_S = 3600.0  # it looks through all notifications

log = structlog.get_logger()


class Notifications(Rounds):
    """Run the rules over all registers, and tell people what is new."""

    away_s = EVERY_S

    def __init__(self, engine: Engine, origin: str | None) -> None:
        super().__init__({"notifications": self._look, "notifications sweep": self._sweep})
        self._engine = engine
        self._post = Post(translator(), origin)

    def _look(self) -> float:
        begun_s = time.monotonic()
        with reading(self._engine) as connection:
            all_spans = spans(connection)
        for span in all_spans:
            if self.stopping.is_set():
                return 0
            self._look_at(span)
        self._tell_daily()
        return max(1.0, begun_s + EVERY_S - time.monotonic())

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
            if self.stopping.is_set():
                return
            with writing(self._engine) as connection:
                self._post.tell_daily(connection, person, due_us)

    def _sweep(self) -> float:
        with writing(self._engine) as connection:
            sweep_notifications(connection, now_us())
        return SWEEP_S


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
        pauses = [Pause(habit.merchant_id, habit.sko_id, usual_pause(habit, today)) for habit in found]
        with writing(engine) as connection:
            register_habits.note_pauses(connection, pauses, today)
