"""What is worth a notification: a small pure function a rule, from a register as of now to a finding or None."""

from collections.abc import Callable, Iterable, Iterator

from sql.instants import DAY_US
from sql.notifications import Finding
from sql.registers_watched import Fault, Register
from sql.tables import NOTIFICATION_RULES
from webapp.open_time import next_opening, open_between

Rule = Callable[[Register, int], Finding | None]

SHIFT_US = DAY_US  # a shift has to be closed within a day
LONG_OFFLINE_US = DAY_US
MEMORY_US = 3 * DAY_US  # a register that keeps silent about its memory for so long has room again
CERTIFICATE_US = 30 * DAY_US
# From how many days before its end on a certificate is how bad.
CERTIFICATE_STEPS = ((1, "critical"), (7, "warning"), (30, "info"))


def is_offline(register: Register) -> bool:
    """A register that issues documents after it went offline, and delivers them, is online again."""
    return (register.offline_us or 0) > max(register.online_us or 0, register.issued_us or 0)


def is_blocked(register: Register) -> bool:
    return (register.blocked_us or 0) > (register.unblocked_us or 0)


def offline(register: Register, now_us: int) -> Finding | None:
    """It has reported that its connection is lost."""
    if not register.offline_us or not is_offline(register):
        return None
    is_long = now_us - register.offline_us > LONG_OFFLINE_US
    return _found(register, "offline", "critical" if is_long else "warning", since_us=register.offline_us)


def silent(register: Register, now_us: int) -> Finding | None:
    """It has issued nothing for longer than it ever rests while its outlet is open."""
    if register.pause_us is None or register.issued_us is None or is_offline(register) or is_blocked(register):
        return None
    if now_us - register.issued_us <= register.pause_us:
        return None
    since_us = register.issued_us
    if register.z_number == register.number:  # who has closed the shift has gone home
        since_us = next_opening(register.hours, register.zone, since_us)
    if open_between(register.hours, register.zone, since_us, now_us) <= register.pause_us:
        return None
    return _found(register, "silent", "warning", since_us=register.issued_us)


def gap(register: Register, _now_us: int) -> Finding | None:
    """Numbers are missing between documents that are there, for more than a quarter of an hour."""
    return _faulty(register, "gap", "warning", register.gap)


def quarantined(register: Register, _now_us: int) -> Finding | None:
    """Documents broke a rule, and no better ones have come under their numbers."""
    return _faulty(register, "quarantined", "critical", register.quarantined)


def conflict(register: Register, _now_us: int) -> Finding | None:
    """Another document came under the number of one that is stored."""
    return _faulty(register, "conflict", "warning", register.conflict)


def z_differs(register: Register, _now_us: int) -> Finding | None:
    """A Z-report says something else than its documents add up to."""
    return _faulty(register, "z_differs", "warning", register.z_differs)


def shift_open(register: Register, now_us: int) -> Finding | None:
    """The shift has been open for more than a day."""
    if register.opened_us is None or register.z_number is not None or now_us - register.opened_us <= SHIFT_US:
        return None
    return _found(register, "shift_open", "warning", since_us=register.opened_us, shift=register.shift)


def shift_closed(register: Register, _now_us: int) -> Finding | None:
    """Its newest document belongs to a shift that was closed before."""
    if register.z_number is None or register.number is None or register.number <= register.z_number:
        return None
    return _found(register, "shift_closed", "warning", number=register.number, shift=register.shift)


def certificate(register: Register, now_us: int) -> Finding | None:
    """Its certificate ends within 30, 7 or 1 days, or has ended; or it says so itself, where nobody has noted when."""
    until_us = register.certificate_until_us
    if until_us is None:
        said_us = register.certificate_expiring_us
        is_recent = said_us is not None and now_us - said_us <= CERTIFICATE_US
        return _found(register, "certificate", "warning", said_us=said_us) if is_recent else None
    for days, severity in CERTIFICATE_STEPS:
        if until_us - now_us <= days * DAY_US:
            return _found(register, "certificate", severity, until_us=until_us)
    return None


def memory_low(register: Register, now_us: int) -> Finding | None:
    """It has reported that its memory is running low, and a few days are not over."""
    said_us = register.memory_low_us
    return _found(register, "memory_low", "warning") if said_us and now_us - said_us <= MEMORY_US else None


def settings_refused(register: Register, _now_us: int) -> Finding | None:
    """It has refused the newest settings."""
    if register.settings_state != "rejected":
        return None
    return _found(register, "settings_refused", "warning", version=register.settings_version)


def delivery_refused(register: Register, _now_us: int) -> Finding | None:
    """The state system has refused documents."""
    return _faulty(register, "delivery_refused", "critical", register.delivery_refused)


def _found(register: Register, rule: str, severity: str, **detail: int | None) -> Finding:
    return Finding(*register[:1], rule, register.outlet_id, register.sko_id, severity, None, detail)


def _faulty(register: Register, rule: str, severity: str, fault: Fault | None) -> Finding | None:
    if not fault or not fault.times:
        return None
    return _found(register, rule, severity, number=fault.number)._replace(times=fault.times)


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        offline,
        silent,
        gap,
        quarantined,
        conflict,
        z_differs,
        shift_open,
        shift_closed,
        certificate,
        memory_low,
        settings_refused,
        delivery_refused,
    )
}
assert tuple(RULES) == NOTIFICATION_RULES


def judge(registers: Iterable[Register], now_us: int) -> Iterator[Finding]:
    """All that the rules find about these registers."""
    for register in registers:
        for rule in RULES.values():
            if finding := rule(register, now_us):
                yield finding
