"""The login throttle: it makes guessing hopeless, and yet nobody can lock a company out of its own cabinet.

Attempts are counted in the database, so the counts hold across processes and restarts. An attempt is counted *before*
its password is looked at and taken back when it was right: a hundred parallel guesses can't all slip in before the
first is counted. Whoever is over a limit is refused unheard until the pause is over; each further failure doubles the
pause, up to a cap. A quarter of an hour without failures forgets everything.

Whoever logs in is named by a УНП or by an e-mail address; "a company" below is either. Three things are counted, in
this order (one order for all, so that two logins can't deadlock):

- a company *from one network*: five failures, then pauses of 1, 2, 4, 8 and at most 15 minutes. This is what a person
  who forgot the password meets, and what a single guesser meets. Elsewhere the company logs in undisturbed, so knowing
  a competitor's УНП is not enough to lock it out.
- one network, whatever company it tries: twenty failures, then the same pauses. An office behind one address has many
  people, hence the wider limit. A correct login takes back only its own attempt, so a guesser who owns one company
  can't wash the counter clean with it.
- a company from anywhere: fifty failures, then pauses of one minute, which never grow. This slows a guesser with many
  addresses. It is the only counter through which strangers could hinder the company, so it does not apply to networks
  from which the company has logged in within the last thirty days.

An unknown УНП or address is counted just like a known one: an answer must not tell which companies there are.

Whoever knows the password meets two more limits, on the account itself, wherever the attempts come from: ten wrong
codes, and five SMS, then the same pauses. Else each new login would give five more guesses at the second factor.

And a company sends thirty invitations, then the same pauses: nobody's mailbox is to be filled in its name. The people
of a company type ten codes that no new register shows, then the same pauses. A right one takes back only itself, since
everybody can have a code of their own to wash the counter with (RFC 8628, 5.1).
"""

import hashlib
import ipaddress
from dataclasses import dataclass

import sqlalchemy as sa

from sql.dialect import insert
from sql.instants import DAY_US, SECOND_US, now_us
from sql.tables import login_throttle as counter

MINUTE_US = 60 * SECOND_US
WINDOW_US = 15 * MINUTE_US
# Until a counter is swept: as long as the longest window that is counted beside these (`sql/rates.py`).
KEPT_US = 60 * MINUTE_US
KNOWN_FOR_US = 30 * DAY_US
# One subscriber owns at least a /64, and could try from every address in it.
IPV6_PREFIX = 64


class TooManyAttempts(Exception):
    """Not to be heard before `retry_us`, an instant."""

    def __init__(self, retry_us: int) -> None:
        super().__init__(f"Too many attempts; not before {retry_us}")
        self.retry_us = retry_us

    @property
    def retry_s(self) -> int:
        """In how many seconds, at least one: what `Retry-After` says."""
        return max(1, -((now_us() - self.retry_us) // SECOND_US))


@dataclass(frozen=True, slots=True)
class Limit:
    """The failure that reaches `failures_max`, and each one after it, costs a pause, which doubles up to its cap."""

    key: str
    failures_max: int
    pause_max_us: int

    def pause_us(self, failures: int) -> int:
        over = failures - self.failures_max
        return 0 if over < 0 else min(MINUTE_US << min(over, 8), self.pause_max_us)


def network_of(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 around an IPv6 one; anything else as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:45]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed.packed, IPV6_PREFIX), strict=False))


def _who(unp: str | None, email: str | None) -> str:
    """How counters name somebody: an address as a hash, which has always the same length."""
    if unp is not None:
        return f"unp:{unp}"
    assert email is not None
    return f"email:{hashlib.sha256(email.lower().encode()).hexdigest()[:32]}"


def _here(who: str, network: str) -> Limit:
    return Limit(f"{who} address:{network}", failures_max=5, pause_max_us=WINDOW_US)


def _network(network: str) -> Limit:
    return Limit(f"address:{network}", failures_max=20, pause_max_us=WINDOW_US)


def _anywhere(who: str) -> Limit:
    return Limit(who, failures_max=50, pause_max_us=MINUTE_US)


def _factor(account_id: int) -> Limit:
    return Limit(f"factor:{account_id}", failures_max=10, pause_max_us=WINDOW_US)


def _sms(account_id: int) -> Limit:
    return Limit(f"sms:{account_id}", failures_max=5, pause_max_us=WINDOW_US)


def _invitations(merchant_id: int) -> Limit:
    return Limit(f"invitations:{merchant_id}", failures_max=30, pause_max_us=WINDOW_US)


def _codes(merchant_id: int) -> Limit:
    return Limit(f"codes:{merchant_id}", failures_max=10, pause_max_us=WINDOW_US)


def _known_key(who: str, network: str) -> str:
    return f"known:{who} address:{network}"


def admit(connection: sa.Connection, *, address: str, unp: str | None = None, email: str | None = None) -> None:
    """Count an attempt to log in, before it is looked at. TooManyAttempts, and nothing counted, if it must wait.

    It names a `unp` or an `email`.

    Commit before checking the password, so that others see the count meanwhile; the exception must roll back.
    """
    now = now_us()
    network = network_of(address)
    who = _who(unp, email)
    limits = [_here(who, network), _network(network)]
    if not _is_known(connection, _known_key(who, network), now):
        limits.append(_anywhere(who))
    _admit(connection, limits, now)


def admit_address(connection: sa.Connection, *, address: str) -> None:
    """As `admit`, for an attempt that doesn't say who it is: only its network is counted."""
    _admit(connection, [_network(network_of(address))], now_us())


def admit_factor(connection: sa.Connection, account_id: int) -> None:
    """Count a guess at the second factor of an account, before it is looked at. TooManyAttempts as for `admit`."""
    _admit(connection, [_factor(account_id)], now_us())


def check_factor(connection: sa.Connection, account_id: int) -> None:
    """TooManyAttempts while the account has to wait for its next guess; nothing is counted."""
    now = now_us()
    until = connection.execute(
        sa.select(counter.c.blocked_until_us).where(counter.c.key == _factor(account_id).key)
    ).scalar()
    if until is not None and until > now:
        raise TooManyAttempts(until)


def admit_sms(connection: sa.Connection, account_id: int) -> None:
    """Count an SMS that an account asks for. TooManyAttempts as for `admit`."""
    _admit(connection, [_sms(account_id)], now_us())


def admit_invitation(connection: sa.Connection, merchant_id: int) -> None:
    """Count an invitation that a company sends. TooManyAttempts as for `admit`."""
    _admit(connection, [_invitations(merchant_id)], now_us())


def admit_code(connection: sa.Connection, merchant_id: int) -> None:
    """Count a code of a new register that a company types, before it is looked up. TooManyAttempts as for `admit`."""
    _admit(connection, [_codes(merchant_id)], now_us())


def _admit(connection: sa.Connection, limits: list[Limit], now: int) -> None:
    for limit in limits:
        if not _count(connection, limit, now):
            raise TooManyAttempts(_blocked_until(connection, limits))


def _is_known(connection: sa.Connection, key: str, now: int) -> bool:
    since = connection.execute(sa.select(counter.c.since_us).where(counter.c.key == key)).scalar()
    return since is not None and since > now - KNOWN_FOR_US


def _count(connection: sa.Connection, limit: Limit, now: int) -> bool:
    """Add a failure, unless the limit's pause is not over yet: one atomic statement tells."""
    quiet_since = now - WINDOW_US
    is_forgotten = sa.and_(counter.c.since_us <= quiet_since, counter.c.blocked_until_us <= quiet_since)
    statement = insert(connection, counter).values(key=limit.key, failures=1, since_us=now, blocked_until_us=0)
    failures = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[counter.c.key],
            set_={
                "failures": sa.case((is_forgotten, 1), else_=counter.c.failures + 1),
                "since_us": sa.case((is_forgotten, now), else_=counter.c.since_us),
            },
            where=counter.c.blocked_until_us <= now,
        ).returning(counter.c.failures)
    ).scalar_one_or_none()
    if failures is None:
        return False
    pause_us = limit.pause_us(failures)
    if pause_us:
        # The row is ours until the transaction ends, so this second statement races with nobody.
        paused = sa.update(counter).where(counter.c.key == limit.key).values(blocked_until_us=now + pause_us)
        connection.execute(paused)
    return True


def _blocked_until(connection: sa.Connection, limits: list[Limit]) -> int:
    keys = [limit.key for limit in limits]
    until = sa.select(sa.func.max(counter.c.blocked_until_us)).where(counter.c.key.in_(keys))
    return int(connection.execute(until).scalar_one())


def welcome(connection: sa.Connection, *, address: str, unp: str | None = None, email: str | None = None) -> None:
    """The admitted attempt was right: the company starts afresh, its network gets this attempt back and is known."""
    network = network_of(address)
    who = _who(unp, email)
    connection.execute(sa.delete(counter).where(counter.c.key == _here(who, network).key))
    welcome_address(connection, address=address)
    connection.execute(sa.delete(counter).where(counter.c.key == _anywhere(who).key))
    now = now_us()
    known = insert(connection, counter).values(
        key=_known_key(who, network), failures=0, since_us=now, blocked_until_us=0
    )
    connection.execute(known.on_conflict_do_update(index_elements=[counter.c.key], set_={"since_us": now}))


def welcome_address(connection: sa.Connection, *, address: str) -> None:
    """The admitted attempt was right: its network gets it back, and no more."""
    _take_back(connection, _network(network_of(address)))


def welcome_code(connection: sa.Connection, merchant_id: int) -> None:
    """The admitted code was right: the company gets this attempt back, and no more."""
    _take_back(connection, _codes(merchant_id))


def _take_back(connection: sa.Connection, limit: Limit) -> None:
    connection.execute(
        sa.update(counter)
        .where(counter.c.key == limit.key, counter.c.failures > 0)
        .values(failures=counter.c.failures - 1, blocked_until_us=0)
    )


def welcome_factor(connection: sa.Connection, account_id: int) -> None:
    """The admitted factor was right: the account starts afresh, with its SMS too."""
    for limit in (_factor(account_id), _sms(account_id)):
        connection.execute(sa.delete(counter).where(counter.c.key == limit.key))


def sweep_throttle(connection: sa.Connection) -> int:
    """Delete counters that nobody needs any more; returns how many."""
    now = now_us()
    kept_us = sa.case((counter.c.key.startswith("known:"), KNOWN_FOR_US), else_=KEPT_US)
    is_over = sa.and_(counter.c.since_us <= now - kept_us, counter.c.blocked_until_us <= now - kept_us)
    return connection.execute(sa.delete(counter).where(is_over)).rowcount
