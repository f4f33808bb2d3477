"""Where the real adapters meet the ports: the only module that knows both.

Clients are made on first use and kept for the life of the execution environment.
"""

import os
import time
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.session import Session, get_session

from chalicelib import telemetry
from chalicelib.adapters.audit_signer import KmsAuditSigner
from chalicelib.adapters.demo_checker import DemoIdentityChecker
from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.adapters.files import SealedFiles
from chalicelib.adapters.keys import KmsDataKeys
from chalicelib.adapters.password_blocklist import is_common
from chalicelib.adapters.quarantine import S3Quarantine
from chalicelib.adapters.queues import SqsDeadLetters, SqsDeliverQueue
from chalicelib.adapters.randomness import SystemRandomness
from chalicelib.adapters.senders import SesMail, SnsSms
from chalicelib.adapters.signing_keys import KmsSigner
from chalicelib.domain.limits import limit_table
from chalicelib.operations.ports import (
    IdentityChecker,
    ImageChecker,
    PasswordHasher,
    PdfSigner,
    Ports,
    ReportRenderer,
)
from chalicelib.settings import Settings
from chalicelib.stores.accounts import Accounts
from chalicelib.stores.agenda import Agenda
from chalicelib.stores.audit import Audit
from chalicelib.stores.audit_journal import Journal, Journalled
from chalicelib.stores.case_queues import CaseQueues
from chalicelib.stores.cases import Cases
from chalicelib.stores.changes import Changes
from chalicelib.stores.codes import Codes
from chalicelib.stores.idempotency import Idempotency
from chalicelib.stores.institutions import Institutions
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.limits import Limits
from chalicelib.stores.outbox import Outbox
from chalicelib.stores.proofreading import Proofreadings
from chalicelib.stores.record_changes import RecordChanges
from chalicelib.stores.registry import Registry
from chalicelib.stores.reports import Reports
from chalicelib.stores.sessions import Sessions
from chalicelib.stores.signatures import Signatures, Signer
from chalicelib.stores.staff import Staff
from chalicelib.stores.statuses import StatusLists
from chalicelib.stores.tables import Tables
from chalicelib.stores.throttle import PasswordThrottle

_CLIENT_CONFIG = Config(
    connect_timeout=1,
    read_timeout=5,
    retries={"total_max_attempts": 3, "mode": "standard"},
    max_pool_connections=32,
)
_UPLOADS_CONFIG = _CLIENT_CONFIG.merge(
    Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    )
)
"""For S3: a bucket encrypted by KMS takes forms of signature version 4 only (the default is 2), and
a bucket's regional address answers at once where the global one redirects."""


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings.from_environment(os.environ)


@cache
def ports() -> Ports:
    """The ports of this process, on the real adapters."""
    return build(settings())


def build(chosen: Settings, *, now: Callable[[], int] | None = None) -> Ports:
    """The ports for some settings; `now` stands in for the clock in tests."""
    telemetry.configure(chosen.log_level)
    clock = now or _clock(chosen.clock_file)
    tables = DynamoTables(
        region=chosen.region,
        prefix=chosen.table_prefix,
        suffix=chosen.data_suffix,
        endpoint=chosen.endpoint,
    )
    tables.make_client()  # every request needs it
    clients = _Clients(chosen)
    keys = KmsDataKeys(tables=tables, kms=clients.of("kms"), stage=chosen.stage)
    keyring = Keyring(chosen.stage, keys)
    signer = KmsSigner(tables=tables, kms=clients.of("kms"))
    files = SealedFiles(clients.of("s3"), chosen.photos_bucket, keyring)
    rules = limit_table(chosen.limits, sms_daily_budget=chosen.sms_daily_budget)
    return Ports(
        now=clock,
        random=SystemRandomness(),
        hasher=_Lazy(lambda: _hasher(keyring)),
        is_common_password=is_common,
        checker=_checker(chosen, clients.of("ssm"), clock),
        photos=files,
        report_files=files,
        quarantine=S3Quarantine(clients.of("s3"), chosen.quarantine_bucket),
        images=_Lazy(_images),
        queue=SqsDeliverQueue(clients.of("sqs"), chosen.deliver_queue),
        dead_letters=SqsDeadLetters(clients.of("sqs"), chosen.deliver_queue),
        senders={
            "sms": SnsSms(clients.of("sns")),
            "email": SesMail(
                clients.of("ses"),
                chosen.mail_sender,
                configuration_set=chosen.mail_configuration_set,
                reference=Accounts(tables, keyring).mail_reference,
            ),
        },
        renderer=_Lazy(lambda: _renderer(chosen)),
        pdf_signer=_Lazy(lambda: _pdf_signer(chosen, signer)),
        signatures=Signatures(signer),
        audit_signer=KmsAuditSigner(clients.of("kms"), f"{chosen.key_alias_prefix}-audit"),
        metrics=(
            telemetry.NoMetrics()
            if chosen.stage in {"local", "test"}
            else telemetry.EmbeddedMetrics(chosen.stage)
        ),
        public_origin=chosen.public_origin,
        service_names={"zh": chosen.operator_name_zh, "en": chosen.operator_name_en},
        contact=chosen.operator_contact,
        **stores(tables, keyring, rules),
    )


def stores(tables: Tables, keyring: Keyring, rules: Any) -> dict[str, Any]:
    """The stores on given tables and keys, by the names `Ports` has for them."""
    tables = Journalled(tables)
    accounts = Accounts(tables, keyring)
    return {
        "tables": tables,
        "keyring": keyring,
        "accounts": accounts,
        "agenda": Agenda(tables),
        "audit": Audit(tables, keyring),
        "case_queues": CaseQueues(tables, keyring),
        "cases": Cases(tables, keyring),
        "changes": Changes(tables, keyring),
        "codes": Codes(tables, keyring),
        "idempotency": Idempotency(tables, keyring),
        "institutions": Institutions(tables),
        "journal": Journal(tables),
        "limits": Limits(tables, keyring, rules),
        "outbox": Outbox(tables, keyring),
        "proofreading": Proofreadings(tables, keyring),
        "record_changes": RecordChanges(tables, keyring),
        "registry": Registry(tables, keyring),
        "reports": Reports(tables, keyring),
        "sessions": Sessions(tables, keyring),
        "staff": Staff(tables, keyring, accounts),
        "statuses": StatusLists(tables),
        "throttle": PasswordThrottle(tables, keyring),
    }


class _Clients:
    """One client a service, made on first use.

    By botocore's own session: boto3 adds nothing that is used here, and imports for 20 ms.
    """

    def __init__(self, chosen: Settings) -> None:
        self._chosen = chosen
        self._made: dict[str, Any] = {}

    @cached_property
    def _session(self) -> Session:
        return get_session()

    def of(self, service: str) -> Callable[[], Any]:
        emulated = self._chosen.endpoint is not None
        config = _UPLOADS_CONFIG if service == "s3" and not emulated else _CLIENT_CONFIG

        def client() -> Any:
            if service not in self._made:
                self._made[service] = self._session.create_client(
                    service,
                    region_name=self._chosen.region,
                    endpoint_url=self._chosen.endpoint,
                    config=config,
                )
            return self._made[service]

        return client


class _Lazy:
    """An adapter with a heavy library, made on first use: most functions never need it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Any:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)


def _hasher(keyring: Keyring) -> PasswordHasher:
    from chalicelib.adapters import password_hasher  # noqa: PLC0415 -- loads argon2

    return password_hasher.PasswordHasher(keyring.pepper)


def _renderer(chosen: Settings) -> ReportRenderer:
    from chalicelib.adapters.report_pdf import (  # noqa: PLC0415 -- loads typst
        OperatorIdentity,
        TypstRenderer,
    )

    operator = OperatorIdentity(
        name_zh=chosen.operator_name_zh,
        name_en=chosen.operator_name_en,
        domain=chosen.operator_domain,
    )
    return TypstRenderer(operator, specimen=chosen.specimen)


def _pdf_signer(chosen: Settings, signer: Signer) -> PdfSigner:
    from chalicelib.adapters.report_signature import (  # noqa: PLC0415 -- loads pyHanko
        PadesSigner,
    )

    return PadesSigner(signer, chosen.operator_name_en)


def _images() -> ImageChecker:
    from chalicelib.adapters.images import PillowImages  # noqa: PLC0415 -- loads Pillow

    return PillowImages()


def _checker(chosen: Settings, ssm: Callable[[], Any], now: Callable[[], int]) -> IdentityChecker:
    kind, _, place = chosen.identity_checker.partition(":")
    if kind == "demo":
        return DemoIdentityChecker(Path(place))
    from chalicelib.adapters import https_checker  # noqa: PLC0415 -- a deployed stage's only

    token = https_checker.ParameterSecret(ssm, chosen.identity_checker_token or "", now)
    return https_checker.HttpsIdentityChecker(chosen.identity_checker, token)


def _clock(ahead: Path | None) -> Callable[[], int]:
    """The time in epoch seconds; where a file says so, by as many seconds ahead."""
    if ahead is None:
        return lambda: int(time.time())
    return lambda: int(time.time()) + (int(ahead.read_text()) if ahead.exists() else 0)
