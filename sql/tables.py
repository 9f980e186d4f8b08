"""Every table and constraint of the product: the data dictionary.

Conventions:
- A tenant's table has `merchant_id` first in its primary key and in every foreign key. That is tenant isolation,
  and it lets the same schema be distributed by merchant (Citus). Tables without it are small and shared.
- `_us` is an instant: microseconds since 1970-01-01T00:00:00Z (see `instants.py`).
- `_minor` is money in minor units (kopecks, cents), always beside a `currency`.
- `day` is a business day: the local date in the outlet's time zone.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# SQLite numbers a row by itself only in a column that is exactly INTEGER.
Identity = BigInteger().with_variant(Integer, "sqlite")

DOCUMENT_TYPES = ("sale", "refund", "rollback", "deposit", "withdrawal", "payout", "shift_open", "z_report")
CURRENCIES = ("BYN", "USD", "EUR", "RUB")  # in the order in which pages show them
PAYMENTS = ("cash", "cashless", "other")
REVENUE_KINDS = ("sales", "refunds", "rollbacks")
DRAWER_KINDS = ("deposits", "withdrawals", "payouts")
SKO_MODELS = ("smart", "fm", "smart_scard", "smart_x")
TOKEN_SCOPES = ("sko", "merchant", "operator")
SETTINGS_STATES = ("waiting", "applied", "rejected")
ACT_KINDS = ("registration", "subscription")
NOTIFICATION_RULES = (
    "offline",
    "silent",
    "gap",
    "quarantined",
    "conflict",
    "z_differs",
    "shift_open",
    "shift_closed",
    "certificate",
    "memory_low",
    "settings_refused",
    "delivery_refused",
)
SEVERITIES = ("info", "warning", "critical")  # from the least on
EVENT_KINDS = (
    "online",
    "offline",
    "error",
    "certificate_expiring",
    "memory_low",
    "paper_out",
    "firmware_updated",
    "settings_applied",
    "settings_rejected",
    "blocked",
    "unblocked",
)


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


# --- companies, people and their ways in -----------------------------------------------------------------------------

merchant = Table(
    "merchant",
    metadata,
    Column("merchant_id", Identity, primary_key=True),
    Column("unp", String(9), nullable=False, unique=True, comment="payer's number, checked by `unp.py`"),
    Column("name", String(256), nullable=False),
    Column("created_us", BigInteger, nullable=False),
)

# An empty `password_hash` or `totp_secret`: there is none (yet), and nothing matches it.
account = Table(
    "account",
    metadata,
    Column("account_id", Identity, primary_key=True),
    Column("email", String(254), nullable=False, unique=True, comment="lower case"),
    Column("phone", String(16), nullable=False, comment="E.164"),
    Column("name", String(128), nullable=False, server_default="", comment="of the person; empty: not told"),
    Column("password_hash", String(256), nullable=False, comment="Argon2id, PHC form"),
    Column("totp_secret", String(64), nullable=False, comment="base32, RFC 6238"),
    Column("totp_last_step", BigInteger, nullable=False, comment="the last 30-second step used: codes are single use"),
    Column("language", String(2), nullable=True, comment="null: as the browser asks"),
    Column("theme", String(5), nullable=True, comment="null: as the device is set"),
    Column("created_us", BigInteger, nullable=False),
    Column("disabled_us", BigInteger, nullable=True),
)

membership = Table(
    "membership",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("role", String(10), nullable=False),
    Column("expires_us", BigInteger, nullable=True, comment="support: ends then by itself"),
    PrimaryKeyConstraint("merchant_id", "account_id"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    ForeignKeyConstraint(["account_id"], ["account.account_id"]),
    one_of("role", ("owner", "accountant", "manager", "support")),
    Index(None, "account_id"),
)

# The outlets that a manager may see; other roles see all.
membership_outlet = Table(
    "membership_outlet",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("outlet_id", Integer, nullable=False),
    PrimaryKeyConstraint("merchant_id", "account_id", "outlet_id"),
    ForeignKeyConstraint(["merchant_id", "account_id"], ["membership.merchant_id", "membership.account_id"]),
    ForeignKeyConstraint(["merchant_id", "outlet_id"], ["outlet.merchant_id", "outlet.outlet_id"]),
)

invitation = Table(
    "invitation",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("token_hash", LargeBinary(32), nullable=False, comment="SHA-256 of the token in the mailed link"),
    Column("email", String(254), nullable=False, comment="lower case"),
    Column("role", String(10), nullable=False),
    Column("outlet_ids", String(4000), nullable=False, comment="a manager's outlets, with commas; else empty"),
    Column("member_until_us", BigInteger, nullable=True, comment="support: when the membership ends"),
    Column("invited_by", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("accepted_us", BigInteger, nullable=True),
    PrimaryKeyConstraint("merchant_id", "token_hash"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    ForeignKeyConstraint(["invited_by"], ["account.account_id"]),
    one_of("role", ("owner", "accountant", "manager", "support")),
    Index("ix_invitation_token", "token_hash", unique=True),
)

# Single-use links by mail, for a password that is forgotten.
password_reset = Table(
    "password_reset",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True, comment="SHA-256 of the token in the mailed link"),
    Column("account_id", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    ForeignKeyConstraint(["account_id"], ["account.account_id"]),
    Index(None, "account_id"),
)

# Second factors beside the authenticator app.
recovery_code = Table(
    "recovery_code",
    metadata,
    Column("account_id", BigInteger, nullable=False),
    Column("code_hash", LargeBinary(32), nullable=False, comment="SHA-256: the codes are random, so that is enough"),
    Column("used_us", BigInteger, nullable=True),
    PrimaryKeyConstraint("account_id", "code_hash"),
    ForeignKeyConstraint(["account_id"], ["account.account_id"]),
)

passkey = Table(
    "passkey",
    metadata,
    Column("credential_id", LargeBinary(1023), primary_key=True),
    Column("account_id", BigInteger, nullable=False),
    Column("public_key", LargeBinary(1024), nullable=False, comment="COSE"),
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String(64), nullable=False),
    Column("transports", String(128), nullable=False, comment="with commas"),
    Column("created_us", BigInteger, nullable=False),
    Column("used_us", BigInteger, nullable=True),
    ForeignKeyConstraint(["account_id"], ["account.account_id"]),
    Index(None, "account_id"),
)

# Certificates of electronic signatures that open an account.
signing_certificate = Table(
    "signing_certificate",
    metadata,
    Column("fingerprint", LargeBinary(32), primary_key=True, comment="SHA-256 of the certificate"),
    Column("account_id", BigInteger, nullable=False),
    Column("subject", String(512), nullable=False),
    Column("valid_until_us", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    ForeignKeyConstraint(["account_id"], ["account.account_id"]),
    Index(None, "account_id"),
)

# A login that is half done: between its steps, nothing is trusted but this row, named by a random cookie.
login_attempt = Table(
    "login_attempt",
    metadata,
    Column("attempt_hash", LargeBinary(32), primary_key=True, comment="SHA-256 of the token in the browser's cookie"),
    Column("way", String(16), nullable=False),
    Column("step", String(16), nullable=False, comment="what is awaited"),
    Column("account_id", BigInteger, nullable=True, comment="null: nobody; such an attempt goes on like any other"),
    Column("merchant_id", BigInteger, nullable=True, comment="the company that was named"),
    Column("challenge", LargeBinary(4096), nullable=True, comment="to be signed, once"),
    Column("code_hash", LargeBinary(32), nullable=True, comment="of the code in an SMS"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("sends", Integer, nullable=False, server_default="0"),
    Column("sent_us", BigInteger, nullable=True),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    ForeignKeyConstraint(["account_id"], ["account.account_id"]),
    Index(None, "expires_us"),
)

# Who did what, when and from where: rows are only ever added.
journal = Table(
    "journal",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("entry_id", String(16), nullable=False, comment="random: two things can happen at once"),
    Column("account_id", BigInteger, nullable=True, comment="null: the operator, or nobody who is known"),
    Column("actor", String(254), nullable=False, comment="as the person was called then"),
    Column("action", String(32), nullable=False),
    Column("subject", String(256), nullable=False, comment="what it was done to; empty: nothing in particular"),
    Column("detail", String(2000), nullable=False, comment="JSON"),
    Column("address", String(45), nullable=False, comment="of the browser; empty: the command line"),
    PrimaryKeyConstraint("merchant_id", "at_us", "entry_id"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    Index(None, "merchant_id", "account_id", "at_us", "entry_id"),
    Index(None, "merchant_id", "action", "at_us", "entry_id"),
)

# Which notifications of a company somebody wants sent, beside their page. No row: none of that kind.
notification_preference = Table(
    "notification_preference",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("kind", String(24), nullable=False, comment="one of KINDS in `preferences.py`"),
    Column("mail", String(7), nullable=False, comment="at_once, or daily in one mail"),
    Column("by_sms", Boolean, nullable=False),
    PrimaryKeyConstraint("merchant_id", "account_id", "kind"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    ForeignKeyConstraint(["account_id"], ["account.account_id"]),
    one_of("mail", ("never", "at_once", "daily")),
)

web_session = Table(
    "web_session",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True, comment="SHA-256 of the token in the cookie"),
    Column("account_id", BigInteger, nullable=False),
    Column("merchant_id", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
    Column("address", String(45), nullable=False),
    Column("user_agent", String(256), nullable=False),
    Column("way", String(16), nullable=False, server_default="password", comment="how the person logged in"),
    Column(
        "confirmed_us", BigInteger, nullable=False, server_default="0", comment="a second factor was last shown then"
    ),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    ForeignKeyConstraint(["account_id"], ["account.account_id"]),
    Index(None, "account_id"),
    Index(None, "seen_us"),
)

login_throttle = Table(
    "login_throttle",
    metadata,
    Column("key", String(100), primary_key=True, comment="what is counted: `unp:…`, `address:…`"),
    Column("failures", Integer, nullable=False),
    Column("since_us", BigInteger, nullable=False, comment="start of the window that `failures` counts"),
    Column("blocked_until_us", BigInteger, nullable=False),
)

# --- outlets and registers -------------------------------------------------------------------------------------------

outlet = Table(
    "outlet",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("outlet_id", Integer, nullable=False, comment="1, 2, 3 … within the merchant"),
    Column("name", String(256), nullable=False),
    Column("address", String(512), nullable=False),
    Column("time_zone", String(64), nullable=False, comment="IANA name; decides the business day"),
    Column(
        "former_time_zones",
        String(1000),
        nullable=False,
        server_default="",
        comment="of documents before the last change, with commas",
    ),
    Column("created_us", BigInteger, nullable=False),
    Column(
        "opening_hours",
        String(600),
        nullable=False,
        server_default="",
        comment='JSON: {"mon": ["09:00", "21:00"], …}, a day off is missing; empty: not told',
    ),
    Column("contact_name", String(128), nullable=False, server_default="", comment="empty: not told"),
    Column("contact_phone", String(32), nullable=False, server_default="", comment="E.164; empty: not told"),
    PrimaryKeyConstraint("merchant_id", "outlet_id"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
)

sko = Table(
    "sko",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False, comment="1, 2, 3 … within the merchant"),
    Column("number", String(20), nullable=False, comment="the number that the register sends"),
    Column("outlet_id", Integer, nullable=False, comment="where it stands now"),
    Column("model", String(16), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("serial_number", String(32), nullable=False, server_default="", comment="of the device; empty: not told"),
    Column("registered_us", BigInteger, nullable=True, comment="in the state system; null: not told"),
    Column("certificate_until_us", BigInteger, nullable=True, comment="when its certificate ends; null: not told"),
    Column("firmware", String(32), nullable=False, server_default="", comment="its version; empty: not told"),
    PrimaryKeyConstraint("merchant_id", "sko_id"),
    ForeignKeyConstraint(["merchant_id", "outlet_id"], ["outlet.merchant_id", "outlet.outlet_id"]),
    UniqueConstraint("merchant_id", "number"),
    one_of("model", SKO_MODELS),
)

# Shared: an operator's token names a register by its number alone, so numbers are unique across merchants.
sko_directory = Table(
    "sko_directory",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("changed_us", BigInteger, nullable=False, comment="when anything that ingest caches of it last changed"),
    Column("settings_version", Integer, nullable=False, server_default="0", comment="the newest one; 0: none"),
    UniqueConstraint("merchant_id", "sko_id"),
    Index(None, "changed_us"),
)

# Where a register stood and since when: a document belongs to the outlet of its own time, however late it arrives.
placement = Table(
    "placement",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("since_us", BigInteger, nullable=False, comment="the first placement counts for all time before it too"),
    Column("outlet_id", Integer, nullable=False),
    PrimaryKeyConstraint("merchant_id", "sko_id", "since_us"),
    ForeignKeyConstraint(["merchant_id", "sko_id"], ["sko.merchant_id", "sko.sko_id"]),
    ForeignKeyConstraint(["merchant_id", "outlet_id"], ["outlet.merchant_id", "outlet.outlet_id"]),
)

api_token = Table(
    "api_token",
    metadata,
    Column("token_id", Identity, primary_key=True),
    Column("token_hash", LargeBinary(32), nullable=False, unique=True, comment="SHA-256"),
    Column("scope", String(8), nullable=False),
    Column("merchant_id", BigInteger, nullable=True, comment="null only for the scope `operator`"),
    Column("sko_id", Integer, nullable=True, comment="only for the scope `sko`"),
    Column("created_us", BigInteger, nullable=False),
    Column("revoked_us", BigInteger, nullable=True),
    Column("name", String(64), nullable=False, server_default="", comment="as its people call it; empty: nobody has"),
    Column("created_by", BigInteger, nullable=True, comment="the account; null: the operator"),
    Column("used_us", BigInteger, nullable=True, comment="when it was last used, or up to an hour before; null: never"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    one_of("scope", TOKEN_SCOPES),
    CheckConstraint(
        "(scope = 'operator' AND merchant_id IS NULL AND sko_id IS NULL)"
        " OR (scope = 'merchant' AND merchant_id IS NOT NULL AND sko_id IS NULL)"
        " OR (scope = 'sko' AND merchant_id IS NOT NULL AND sko_id IS NOT NULL)",
        name="owner",
    ),
    Index(None, "revoked_us"),
    Index(None, "merchant_id"),
)

# A new register that asks for a token (RFC 8628): it shows the user code, somebody types that into the cabinet and says
# which СКО it is, and the register fetches its token. The row goes when the token is fetched, or a day after its end.
device_grant = Table(
    "device_grant",
    metadata,
    Column("device_code_hash", LargeBinary(32), primary_key=True, comment="SHA-256 of what the register keeps"),
    Column("user_code", String(9), nullable=False, unique=True, comment="XXXX-XXXX"),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("polled_us", BigInteger, nullable=True, comment="when the register last asked for the token"),
    Column("merchant_id", BigInteger, nullable=True, comment="null: nobody has approved it (yet)"),
    Column("sko_id", Integer, nullable=True),
    Column("approved_us", BigInteger, nullable=True),
    Column("approved_by", BigInteger, nullable=True),
    Column("denied_us", BigInteger, nullable=True),
    Column("token_name", String(64), nullable=False, server_default="", comment="for the token to come"),
    Column("address", String(45), nullable=False, comment="of the register"),
    ForeignKeyConstraint(["merchant_id", "sko_id"], ["sko.merchant_id", "sko.sko_id"]),
    ForeignKeyConstraint(["approved_by"], ["account.account_id"]),
    Index(None, "expires_us"),
)

# What the merchant wants set on a register: the newest version counts, the older ones are its history. A register
# reports of each version that it gets whether it was applied.
settings_version = Table(
    "settings_version",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("version", Integer, nullable=False, comment="1, 2, 3 …: two people who save at once want the same one"),
    Column("content", LargeBinary, nullable=False, comment="the JSON object that the register gets, without `version`"),
    Column("based_on", Integer, nullable=True, comment="the version that its author saw; null: the first"),
    Column("saved_us", BigInteger, nullable=False),
    Column("saved_by", BigInteger, nullable=True, comment="the account; null: the operator"),
    Column("state", String(8), nullable=False),
    Column("outcome_us", BigInteger, nullable=True, comment="when the register applied or refused it, as it says"),
    Column("reason", String(500), nullable=True, comment="why it refused, in its own words"),
    PrimaryKeyConstraint("merchant_id", "sko_id", "version"),
    ForeignKeyConstraint(["merchant_id", "sko_id"], ["sko.merchant_id", "sko.sko_id"]),
    ForeignKeyConstraint(["saved_by"], ["account.account_id"]),
    one_of("state", SETTINGS_STATES),
)

# --- what registers send ---------------------------------------------------------------------------------------------

# No foreign keys here: a key is resolved from the directory before it is written, nothing that it names is ever
# deleted, and checking each row would cost a fifth of the ingest speed.
document = Table(
    "document",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("number", BigInteger, nullable=False, comment="the register's own counter, across all types"),
    Column("type", String(10), nullable=False),
    Column("uid", String(24), nullable=False, comment="УИ, as printed on the receipt"),
    Column("shift", Integer, nullable=False),
    Column("issued_us", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("outlet_id", Integer, nullable=False, comment="where the register stood at `issued_us`"),
    Column("currency", String(3), nullable=False),
    Column("cashier", String(64), nullable=False),
    Column("offline", Boolean, nullable=False, server_default=false()),
    Column("total_minor", BigInteger, nullable=False, comment="0 for shift_open and z_report"),
    Column("cash_minor", BigInteger, nullable=False, comment="cash paid less change; sale, refund, rollback only"),
    Column("cashless_minor", BigInteger, nullable=False),
    Column("other_minor", BigInteger, nullable=False),
    Column("discount_minor", BigInteger, nullable=False, comment="all discounts of items and receipt, ≥ 0"),
    Column("target_number", BigInteger, nullable=True, comment="rollback: the number of the annulled sale"),
    Column("base_sko", String(20), nullable=True, comment="refund: the number of the sale's register, as sent"),
    Column("base_number", BigInteger, nullable=True, comment="refund: the number of the sale"),
    Column("received_us", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="byte for byte what the register sent"),
    PrimaryKeyConstraint("merchant_id", "sko_id", "number"),
    one_of("type", DOCUMENT_TYPES),
    # The list of documents, newest first: of all, of a register, of a cashier, and of the types that are rare.
    Index("ix_document_newest", "merchant_id", "issued_us"),
    Index("ix_document_register", "merchant_id", "sko_id", "issued_us"),
    Index("ix_document_cashier", "merchant_id", "cashier", "issued_us"),
    Index(
        "ix_document_rare",
        "merchant_id",
        "type",
        "issued_us",
        postgresql_where=text("type <> 'sale'"),
        sqlite_where=text("type <> 'sale'"),
    ),
    Index("ix_document_uid", "uid", postgresql_using="hash"),
    Index(
        "uq_document_target",
        "merchant_id",
        "sko_id",
        "target_number",
        unique=True,
        postgresql_where=text("target_number IS NOT NULL"),
        sqlite_where=text("target_number IS NOT NULL"),
    ),
    Index(
        "ix_document_base",
        "merchant_id",
        "base_sko",
        "base_number",
        postgresql_where=text("base_number IS NOT NULL"),
        sqlite_where=text("base_number IS NOT NULL"),
    ),
)

# Documents that the state system has not confirmed yet: ranges of numbers, each with every document that one commit
# stored of a register, so that a batch of hundreds is one row. What is in neither of these two tables has been sent.
pending_delivery = Table(
    "pending_delivery",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("first_number", BigInteger, nullable=False),
    Column("last_number", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0", comment="how often it could not be sent"),
    Column("due_us", BigInteger, nullable=False, comment="not to be tried before"),
    PrimaryKeyConstraint("merchant_id", "sko_id", "first_number"),
    Index(None, "due_us"),
)

# Documents that the state system has refused, with its reason.
refused_delivery = Table(
    "refused_delivery",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("reason", String(512), nullable=False),
    Column("refused_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("merchant_id", "sko_id", "number"),
)

# Which numbers of a register are stored, as ranges: what is between them is missing. They are added when the delivery
# of documents is settled, so that storing costs nothing more: what is stored is in these ranges or `pending_delivery`.
# Ranges may touch and overlap. In those that are `late` documents came when higher numbers were there already.
number_run = Table(
    "number_run",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("first_number", BigInteger, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("last_number", BigInteger, nullable=False),
    PrimaryKeyConstraint("merchant_id", "sko_id", "first_number", "late"),
)


def _counters() -> list[Column[int]]:
    """The counters of `turnover`: a count and a sum for each kind, and for each payment type within revenue kinds."""
    names = []
    for kind in REVENUE_KINDS:
        names += [f"{kind}_count", f"{kind}_minor"]
        names += [f"{kind}_{payment}_{unit}" for payment in PAYMENTS for unit in ("count", "minor")]
    names.append("sales_discount_minor")
    for kind in DRAWER_KINDS:
        names += [f"{kind}_count", f"{kind}_minor"]
    return [
        Column(name, Integer if name.endswith("_count") else BigInteger, nullable=False, server_default="0")
        for name in names
    ]


# Room on each page for the next version of a row: counting up then rewrites no index.
ROOM_TO_COUNT = {"fillfactor": "60"}

turnover = Table(
    "turnover",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("outlet_id", Integer, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    *_counters(),
    PrimaryKeyConstraint("merchant_id", "day", "outlet_id", "sko_id", "currency"),
    # A year of one outlet or register is a few hundred rows side by side.
    Index(None, "merchant_id", "outlet_id", "day"),
    Index(None, "merchant_id", "sko_id", "day"),
    postgresql_with=ROOM_TO_COUNT,
)

TURNOVER_KEY = ("merchant_id", "day", "outlet_id", "sko_id", "currency")
TURNOVER_COUNTERS = tuple(column.name for column in turnover.columns if column.name not in TURNOVER_KEY)

# The same counters added up further, in the same transaction: a year of five hundred registers is 180,000 rows of
# `turnover`, but 365 of these …
turnover_day = Table(
    "turnover_day",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("currency", String(3), nullable=False),
    *_counters(),
    PrimaryKeyConstraint("merchant_id", "day", "currency"),
    postgresql_with=ROOM_TO_COUNT,
)

# … and 6,000 of these.
turnover_month = Table(
    "turnover_month",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("month", Date, nullable=False, comment="its first day"),
    Column("outlet_id", Integer, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    *_counters(),
    PrimaryKeyConstraint("merchant_id", "month", "outlet_id", "sko_id", "currency"),
    postgresql_with=ROOM_TO_COUNT,
)

# `opened_us` is what the shift_open says, `z_opened_us` what the Z-report says: neither depends on which came first.
shift = Table(
    "shift",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("shift", Integer, nullable=False),
    Column("open_number", BigInteger, nullable=True, comment="the shift_open document"),
    Column("opened_us", BigInteger, nullable=True),
    Column("z_number", BigInteger, nullable=True, comment="the z_report document"),
    Column("z_opened_us", BigInteger, nullable=True),
    Column("closed_us", BigInteger, nullable=True),
    Column("first_number", BigInteger, nullable=True),
    Column("last_number", BigInteger, nullable=True),
    PrimaryKeyConstraint("merchant_id", "sko_id", "shift"),
    Index("ix_shift_z", "merchant_id", "sko_id", "z_number"),
)

# What a Z-report says of its shift, a row a currency. What we say is recomputed from `document` when it is asked for:
# a shift is one range of numbers, so that is one short scan of the primary key.
z_counter = Table(
    "z_counter",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("number", BigInteger, nullable=False, comment="the z_report document"),
    Column("currency", String(3), nullable=False),
    Column("sales_count", BigInteger, nullable=False),
    Column("sales_cash_minor", BigInteger, nullable=False),
    Column("sales_cashless_minor", BigInteger, nullable=False),
    Column("sales_other_minor", BigInteger, nullable=False),
    Column("sales_minor", BigInteger, nullable=False),
    *(
        Column(f"{kind}_{unit}", BigInteger, nullable=False)
        for kind in REVENUE_KINDS[1:] + DRAWER_KINDS
        for unit in ("count", "minor")
    ),
    PrimaryKeyConstraint("merchant_id", "sko_id", "number", "currency"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("content_hash", LargeBinary(32), nullable=False, comment="SHA-256 of the canonical JSON: kept once"),
    Column("code", String(32), nullable=False),
    Column("sko_id", Integer, nullable=True, comment="null where it could not be read"),
    Column("number", BigInteger, nullable=True, comment="null where it could not be read"),
    Column("pointer", String(512), nullable=False, comment="JSON pointer into the document; empty: all of it"),
    Column("detail", String(512), nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="byte for byte what the register sent"),
    Column("outlet_id", Integer, nullable=True, comment="where the register stood then; null: no register is known"),
    PrimaryKeyConstraint("merchant_id", "content_hash", "code"),
    Index(None, "merchant_id", "sko_id", "number"),
    Index(None, "merchant_id", "received_us"),
)

event = Table(
    "event",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("occurred_us", BigInteger, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("detail", String(500), nullable=True),
    Column("received_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("merchant_id", "sko_id", "occurred_us", "kind"),
    one_of("kind", EVENT_KINDS),
    # The last one of a kind, which tells how a register is doing, among however many others.
    Index("ix_event_kind", "merchant_id", "sko_id", "kind", "occurred_us"),
    Index("ix_event_newest", "merchant_id", "occurred_us"),
)

# --- what the operator charges, and its manuals ----------------------------------------------------------------------

# Shared. A tariff begins on the first day of a month and ends on the last one of another, so a month has one price.
tariff = Table(
    "tariff",
    metadata,
    Column("tariff_id", Identity, primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=True, comment="null: until further notice"),
    Column("service", String(512), nullable=False, comment="as acts call it"),
    Column("price_minor", BigInteger, nullable=False, comment="of one register, in BYN, with VAT if there is any"),
    Column("vat_percent", Integer, nullable=True, comment="null: without VAT"),
    one_of("kind", ACT_KINDS),
    Index(None, "kind", "first_day", unique=True),
)

# Acts of services rendered: one a month and kind, each with all that it says, so that it reads the same for ever. A
# correction stands in the place of the act that it names.
act = Table(
    "act",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("number", Integer, nullable=False, comment="1, 2, 3 … within the merchant"),
    Column("kind", String(12), nullable=False),
    Column("month", Date, nullable=False, comment="its first day"),
    Column("issued", Date, nullable=False, comment="the date of the act"),
    Column("service", String(512), nullable=False),
    Column("quantity", Integer, nullable=False, comment="of registers"),
    Column("price_minor", BigInteger, nullable=False, comment="of one register, in BYN, with VAT if there is any"),
    Column("vat_percent", Integer, nullable=True, comment="null: without VAT"),
    Column("customer", String(256), nullable=False, comment="the merchant, as it was called then"),
    Column("provider", String(2000), nullable=False, comment="JSON: the operator, as it was then"),
    Column("corrects", Integer, nullable=True, comment="the act in whose place this one stands"),
    Column("reason", String(512), nullable=False, server_default="", comment="of a correction"),
    Column("made_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("merchant_id", "number"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    ForeignKeyConstraint(["merchant_id", "corrects"], ["act.merchant_id", "act.number"]),
    one_of("kind", ACT_KINDS),
    UniqueConstraint("merchant_id", "corrects"),
    # However often and by however many processes acts are made.
    Index(
        "uq_act_month",
        "merchant_id",
        "kind",
        "month",
        unique=True,
        postgresql_where=text("corrects IS NULL"),
        sqlite_where=text("corrects IS NULL"),
    ),
    Index(None, "month"),
)

# Shared: what the operator gives its merchants to read, as PDF.
manual = Table(
    "manual",
    metadata,
    Column("manual_id", Identity, primary_key=True),
    Column("title", String(256), nullable=False),
    Column("version", String(16), nullable=False),
    Column("language", String(2), nullable=False),
    Column("pages", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("added_us", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False, comment="the file"),
    UniqueConstraint("title", "version", "language"),
)

# --- what needs attention --------------------------------------------------------------------------------------------

# How far the rules have looked into the documents of a register.
register_watch = Table(
    "register_watch",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("scanned_number", BigInteger, nullable=False, comment="up to it, what is missing is in document_gap"),
    Column("checked_z", BigInteger, nullable=False, comment="Z-reports up to this number have been recomputed"),
    Column("pause_us", BigInteger, nullable=True, comment="a longer one is unusual; null: not known"),
    Column("pause_day", Date, nullable=True, comment="when that was found out"),
    PrimaryKeyConstraint("merchant_id", "sko_id"),
)

# Numbers that are missing between documents that are there.
document_gap = Table(
    "document_gap",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("first_number", BigInteger, nullable=False),
    Column("last_number", BigInteger, nullable=False),
    Column("since_us", BigInteger, nullable=False, comment="when the document behind it was received"),
    PrimaryKeyConstraint("merchant_id", "sko_id", "first_number"),
)

# Z-reports that say something else than their documents do.
z_difference = Table(
    "z_difference",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("sko_id", Integer, nullable=False),
    Column("number", BigInteger, nullable=False, comment="the z_report document"),
    PrimaryKeyConstraint("merchant_id", "sko_id", "number"),
)

# One a cause: open while it lasts, however often it shows.
notification = Table(
    "notification",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("notification_id", String(16), nullable=False, comment="random"),
    Column("rule", String(16), nullable=False),
    Column("outlet_id", Integer, nullable=False, comment="where the register stood; 0: no register is known"),
    Column("sko_id", Integer, nullable=False, comment="0: no register is known"),
    Column("severity", String(8), nullable=False),
    Column("times", BigInteger, nullable=False, comment="how many documents, or how often it began"),
    Column("detail", String(1000), nullable=False, comment="JSON: what its words tell"),
    Column("opened_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False, comment="when it last began, grew or got worse"),
    Column("closed_us", BigInteger, nullable=True),
    PrimaryKeyConstraint("merchant_id", "notification_id"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    one_of("rule", NOTIFICATION_RULES),
    one_of("severity", SEVERITIES),
    Index(None, "merchant_id", "last_us", "notification_id"),
    Index(None, "merchant_id", "closed_us"),
    Index(
        "uq_notification_open",
        "merchant_id",
        "rule",
        "sko_id",
        "outlet_id",
        unique=True,
        postgresql_where=text("closed_us IS NULL"),
        sqlite_where=text("closed_us IS NULL"),
    ),
)

notification_read = Table(
    "notification_read",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("notification_id", String(16), nullable=False),
    Column("read_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("merchant_id", "account_id", "notification_id"),
    ForeignKeyConstraint(
        ["merchant_id", "notification_id"],
        ["notification.merchant_id", "notification.notification_id"],
        ondelete="CASCADE",
    ),
    ForeignKeyConstraint(["account_id"], ["account.account_id"]),
    Index(None, "merchant_id", "notification_id"),
)

# A rule that nobody wants to hear about for a register, for a reason.
notification_mute = Table(
    "notification_mute",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("rule", String(16), nullable=False),
    Column("sko_id", Integer, nullable=False, comment="0: documents of no known register"),
    Column("reason", String(300), nullable=False),
    Column("muted_by", BigInteger, nullable=False),
    Column("muted_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("merchant_id", "rule", "sko_id"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    ForeignKeyConstraint(["muted_by"], ["account.account_id"]),
    one_of("rule", NOTIFICATION_RULES),
)

# Up to when somebody has been told in the mail of the day.
notification_digest = Table(
    "notification_digest",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("told_us", BigInteger, nullable=False),
    PrimaryKeyConstraint("merchant_id", "account_id"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    ForeignKeyConstraint(["account_id"], ["account.account_id"]),
)

# Where a company's own system is told. `due_us` is also the claim of whoever is telling it: one at a time.
webhook = Table(
    "webhook",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("url", String(500), nullable=False),
    Column("secret", String(64), nullable=False, comment="signs what is sent"),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", BigInteger, nullable=False),
    Column("due_us", BigInteger, nullable=True, comment="not to be tried before; null: nothing waits"),
    Column("failures", Integer, nullable=False, server_default="0", comment="attempts in a row that failed"),
    PrimaryKeyConstraint("merchant_id"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    ForeignKeyConstraint(["created_by"], ["account.account_id"]),
    Index(None, "due_us"),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("delivery_id", String(32), nullable=False, comment="random: tells the receiver what it has already"),
    Column("event", String(16), nullable=False),
    Column("body", String(4000), nullable=False, comment="JSON, as it is sent"),
    Column("state", String(7), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("tried_us", BigInteger, nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("outcome", String(300), nullable=False, server_default="", comment="of the last attempt"),
    PrimaryKeyConstraint("merchant_id", "delivery_id"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    one_of("state", ("waiting", "sent", "failed")),
    Index(None, "merchant_id", "state", "created_us"),
    Index(None, "merchant_id", "created_us"),
    Index(None, "created_us"),
)

# --- the service itself ----------------------------------------------------------------------------------------------

# Tables that somebody wants as a file: the short ones are made at once, the long ones by the jobs.
export = Table(
    "export",
    metadata,
    Column("merchant_id", BigInteger, nullable=False),
    Column("export_id", String(32), nullable=False, comment="random: also the name of its file"),
    Column("account_id", BigInteger, nullable=False, comment="who asked for it"),
    Column("subject", String(16), nullable=False, comment="the page"),
    Column("file_format", String(4), nullable=False),
    Column("query", String(8000), nullable=False, comment="the query string of the page, with all its filters"),
    Column("language", String(2), nullable=False),
    Column("file_name", String(200), nullable=False, server_default="", comment="under which it is saved"),
    Column("state", String(8), nullable=False),
    Column("failure", String(16), nullable=True, comment="why it failed"),
    Column("claim", String(32), nullable=True, comment="random: of whoever makes it, anew each time it is begun"),
    Column("attempts", Integer, nullable=False, server_default="0", comment="how often it was begun"),
    Column("rows_done", BigInteger, nullable=False, server_default="0"),
    Column("rows_total", BigInteger, nullable=True, comment="null: not counted yet"),
    Column("file_bytes", BigInteger, nullable=True, comment="null: not done yet"),
    Column("created_us", BigInteger, nullable=False),
    Column("beat_us", BigInteger, nullable=False, comment="the last sign of life of whoever makes it"),
    PrimaryKeyConstraint("merchant_id", "export_id"),
    ForeignKeyConstraint(["merchant_id"], ["merchant.merchant_id"]),
    ForeignKeyConstraint(["account_id"], ["account.account_id"]),
    one_of("file_format", ("xlsx", "csv")),
    one_of("state", ("waiting", "running", "done", "failed")),
    one_of("failure", ("broken", "interrupted", "too_long")),  # or null
    Index(None, "created_us"),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("process", String(64), primary_key=True),
    Column("beat_us", BigInteger, nullable=False),
)

# Mails and SMS, written in the transaction that is their reason and sent by the jobs. A person's, not a company's: the
# table is shared. Codes and links stay only until they are sent: then the text is emptied.
message = Table(
    "message",
    metadata,
    Column("message_id", Identity, primary_key=True),
    Column("channel", String(4), nullable=False),
    Column("recipient", String(254), nullable=False, comment="an e-mail address or a phone number"),
    Column("subject", String(200), nullable=False, comment="of a mail; never a secret"),
    Column("text", String(10_000), nullable=False, comment="empty once it is sent or given up"),
    Column("created_us", BigInteger, nullable=False),
    Column("valid_until_us", BigInteger, nullable=False, comment="not to be sent any more from then on"),
    Column("due_us", BigInteger, nullable=False, comment="not to be tried before; while it is tried, the claim's end"),
    Column("attempts", Integer, nullable=False, server_default="0", comment="how often it was begun to be sent"),
    Column("state", String(7), nullable=False),
    Column("last_error", String(512), nullable=True, comment="why it could not be sent"),
    one_of("channel", ("mail", "sms")),
    one_of("state", ("waiting", "sent", "failed")),
    Index(None, "state", "channel", "due_us"),
    Index(None, "created_us"),
)
