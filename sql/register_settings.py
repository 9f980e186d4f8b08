"""What merchants want set on their registers, in versions: the newest counts, and the register says what became of it.

Saving is optimistic: whoever saves says which version they saw, and is told if it is not the newest any more.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sql import dialect
from sql.errors import NotFound
from sql.events import NewEvent
from sql.instants import now_us
from sql.merchants import lock_merchant
from sql.tables import event, settings_version, sko_directory

VERSIONS_SHOWN_MAX = 100

# The kinds of events that say what became of a version, and what they make of it.
OUTCOMES = {"settings_applied": "applied", "settings_rejected": "rejected"}
# `detail` of such an event: the version, and after it the reason, like "7: no room for so many users".
_DETAIL = re.compile(r"\s*([0-9]{1,9})(?![0-9])[\s:;,.-]*(.*)", re.DOTALL)

_version = settings_version.c
_IS_NEWEST = (
    sko_directory.c.merchant_id == _version.merchant_id,
    sko_directory.c.sko_id == _version.sko_id,
    sko_directory.c.settings_version == _version.version,
)


@dataclass(frozen=True, slots=True)
class SettingsVersion:
    """One version for one register. `content` is the JSON that the register gets, without its `version`.

    `state` is waiting, applied or rejected; `outcome_us` and `reason` are what the register says, None while it waits.
    """

    sko_id: int
    version: int
    content: bytes
    based_on: int | None
    saved_us: int
    saved_by: int | None  # the account; None: the operator
    state: str
    outcome_us: int | None
    reason: str | None


class Conflict(Exception):
    """Somebody else has saved settings of these registers meanwhile; nothing is saved."""

    def __init__(self, sko_ids: Collection[int]) -> None:
        super().__init__(f"Settings of {len(sko_ids)} registers were saved by somebody else meanwhile")
        self.sko_ids = tuple(sorted(sko_ids))


def _select(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(*(_version[name] for name in SettingsVersion.__slots__)).where(*conditions)


def current_settings(
    connection: sa.Connection, merchant_id: int, sko_ids: Collection[int] | None = None
) -> dict[int, SettingsVersion]:
    """By `sko_id`: the newest version of each of these registers (None: all) that has settings."""
    query = _select(_version.merchant_id == merchant_id, *_IS_NEWEST)
    if sko_ids is not None:
        query = query.where(_version.sko_id.in_(sorted(sko_ids)))
    return {row.sko_id: SettingsVersion(*row) for row in connection.execute(query.order_by(_version.sko_id))}


def applied_versions(
    connection: sa.Connection, merchant_id: int, sko_ids: Collection[int] | None = None
) -> dict[int, tuple[int, int]]:
    """By `sko_id`: the version that each of these registers (None: all) applied last, and when (`outcome_us`)."""
    latest_first = (_version.outcome_us.desc(), _version.version.desc())
    place = sa.func.row_number().over(partition_by=_version.sko_id, order_by=latest_first)
    query = sa.select(_version.sko_id, _version.version, _version.outcome_us, place.label("place")).where(
        _version.merchant_id == merchant_id, _version.state == "applied"
    )
    if sko_ids is not None:
        query = query.where(_version.sko_id.in_(sorted(sko_ids)))
    ranked = query.subquery().c
    rows = connection.execute(sa.select(ranked.sko_id, ranked.version, ranked.outcome_us).where(ranked.place == 1))
    return {sko_id: (version, outcome_us) for sko_id, version, outcome_us in rows}


def versions_of(
    connection: sa.Connection, merchant_id: int, sko_id: int, *, limit: int = VERSIONS_SHOWN_MAX
) -> list[SettingsVersion]:
    """The versions of one register, the newest first."""
    query = _select(_version.merchant_id == merchant_id, _version.sko_id == sko_id)
    rows = connection.execute(query.order_by(_version.version.desc()).limit(limit))
    return [SettingsVersion(*row) for row in rows]


def find_version(connection: sa.Connection, merchant_id: int, sko_id: int, version: int) -> SettingsVersion | None:
    """This version of this register, if there is one."""
    key = (_version.merchant_id == merchant_id, _version.sko_id == sko_id, _version.version == version)
    row = connection.execute(_select(*key)).first()
    return SettingsVersion(*row) if row else None


def newest_settings(connection: sa.Connection, numbers: Collection[str]) -> dict[str, tuple[int, bytes]]:
    """What registers, whosever they are, are to have: by number, the version and its content."""
    query = sa.select(sko_directory.c.number, _version.version, _version.content).where(
        sko_directory.c.number.in_(list(numbers)), *_IS_NEWEST
    )
    return {number: (version, content) for number, version, content in connection.execute(query)}


def save_settings(
    connection: sa.Connection,
    merchant_id: int,
    changes: Mapping[int, tuple[int | None, bytes]],
    account_id: int | None,
) -> None:
    """A new version for each register: by `sko_id`, the version that its author saw (None: none), and the content.

    All or nothing: Conflict names the registers that have a newer version by now, NotFound is for one that the merchant
    does not have. The content must be a JSON object.
    """
    lock_merchant(connection, merchant_id)  # whoever saves at the same time waits here, and then sees a newer version
    these = (sko_directory.c.merchant_id == merchant_id, sko_directory.c.sko_id.in_(sorted(changes)))
    rows = connection.execute(sa.select(sko_directory.c.sko_id, sko_directory.c.settings_version).where(*these))
    newest = {row.sko_id: row.settings_version for row in rows}
    if unknown := changes.keys() - newest.keys():
        raise NotFound(f"The merchant has no register {min(unknown)}")
    if outdated := [sko_id for sko_id, (seen, _) in changes.items() if (seen or 0) != newest[sko_id]]:
        raise Conflict(outdated)
    now = now_us()
    saved = [
        {"sko_id": sko_id, "version": (seen or 0) + 1, "based_on": seen, "content": content}
        for sko_id, (seen, content) in sorted(changes.items())
    ]
    if saved:
        same = {"merchant_id": merchant_id, "saved_us": now, "saved_by": account_id, "state": "waiting"}
        connection.execute(sa.insert(settings_version), [{**same, **row} for row in saved])
        next_version = {"settings_version": sko_directory.c.settings_version + 1, "changed_us": now}
        connection.execute(sa.update(sko_directory).where(*these).values(next_version))


def settle(connection: sa.Connection, events: Sequence[NewEvent]) -> None:
    """Note what registers say became of their versions; to be called after these events were stored.

    What is stored counts, so a duplicate settles nothing. The order of arrival doesn't matter: of several events about
    one version the latest holds, at the same instant the refusal. A version that doesn't exist is ignored.
    """
    keys = sorted({row[:4] for row in events if row.kind in OUTCOMES})
    if not keys:
        return
    key = list(event.primary_key.columns)
    stored = dialect.select_keys(connection, [*key, event.c.detail], key, keys)
    said = [outcome for row in stored if (outcome := _outcome(*row))]
    if said:
        is_news = sa.or_(
            _version.outcome_us.is_(None),
            _version.outcome_us < sa.bindparam("at"),
            sa.and_(_version.outcome_us == sa.bindparam("at"), _version.state < sa.bindparam("becomes")),
        )
        statement = (
            sa.update(settings_version)
            .where(
                _version.merchant_id == sa.bindparam("merchant"),
                _version.sko_id == sa.bindparam("register"),
                _version.version == sa.bindparam("said"),
                is_news,
            )
            .values(state=sa.bindparam("becomes"), outcome_us=sa.bindparam("at"), reason=sa.bindparam("why"))
        )
        # One order for all, so that two processes can't deadlock.
        connection.execute(statement, sorted(said, key=lambda outcome: tuple(outcome.values())[:4]))


def _outcome(
    merchant_id: int, sko_id: int, occurred_us: int, kind: str, detail: str | None
) -> dict[str, object] | None:
    found = _DETAIL.fullmatch(detail or "")
    if found is None:
        return None
    state = OUTCOMES[kind]
    reason = found[2].strip() or None if state == "rejected" else None
    whose = {"merchant": merchant_id, "register": sko_id, "said": int(found[1])}
    return {**whose, "at": occurred_us, "becomes": state, "why": reason}
