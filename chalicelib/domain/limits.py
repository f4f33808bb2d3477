"""The abuse limits as data. Ids are the quality page's; every number is a setting.

`scope` says what is counted: rules of scope `ip` are raised a thousandfold on a local run, where
all requests come from one address.
"""

import ipaddress
from collections.abc import Mapping
from typing import Literal

import msgspec

Scope = Literal["destination", "segment", "ip", "account", "record", "report", "case", "stage"]

DAY = 86_400


class Rule(msgspec.Struct, frozen=True):
    """At most `most` events of one subject within `seconds` of the first of them.

    A subject that everybody shares is counted in `shards` counters, each with its share of `most`,
    so that no single row is in everybody's transaction: together they never let more pass. Each
    share has a window of its own, from its first event.
    """

    name: str
    scope: Scope
    most: int
    seconds: int
    shards: int = 1

    def share(self, shard: int) -> int:
        """How many events one of the counters lets pass."""
        return self.most // self.shards + (shard < self.most % self.shards)


RULES: tuple[Rule, ...] = (
    Rule("code.purpose.minute", "destination", 1, 60),
    Rule("code.purpose.hour", "destination", 3, 3600),
    Rule("code.destination.day", "destination", 10, DAY),
    Rule("code.ip.hour", "ip", 10, 3600),
    Rule("code.ip.day", "ip", 30, DAY),
    Rule("code.segment.hour", "segment", 500, 3600),
    Rule("code.stage.day", "stage", 20_000, DAY, shards=8),  # A-01, the budget
    Rule("guess.account.day", "account", 10, DAY),
    Rule("guess.ip.hour", "ip", 20, 3600),
    Rule("password.pair", "account", 1, 43_200),  # A-04, what is the same account
    Rule("password.accounts.ip", "ip", 50, 43_200),
    Rule("identity.pair.month", "destination", 1, 30 * DAY),  # A-06, what is the same question
    Rule("identity.destination.month", "destination", 3, 30 * DAY),
    Rule("identity.ip.day", "ip", 500, DAY),
    Rule("recovery.destination.day", "destination", 3, DAY),
    Rule("reset.account.hour", "account", 3, 3600),
    Rule("binding.account.day", "account", 5, DAY),
    Rule("binding.record.day", "record", 10, DAY),
    Rule("appeal.destination.month", "destination", 3, 30 * DAY),
    Rule("correction.account.month", "account", 20, 30 * DAY),  # each takes a registrar's time
    Rule("staff.record.day", "account", 1, DAY),  # A-15, what is the same record
    Rule("staff.reads.day", "account", 200, DAY),
    Rule("upload.case.hour", "case", 10, 3600),  # A-14, decoding costs
    Rule("report.miss.minute", "ip", 10, 60),
    Rule("report.miss.day", "ip", 100, DAY),
    Rule("report.file.day", "report", 400, DAY),  # A-10, photo and PDF of a view
)

_LOCAL_FACTOR = 1000


def limit_table(mode: str, *, sms_daily_budget: int | None = None) -> Mapping[str, Rule]:
    """The rules by name; `mode` is `standard`, `strict` (the same) or `local`."""
    rules = {rule.name: rule for rule in RULES}
    if mode == "local":
        for name, rule in rules.items():
            if rule.scope == "ip":
                rules[name] = msgspec.structs.replace(rule, most=rule.most * _LOCAL_FACTOR)
    if sms_daily_budget is not None:
        budget = rules["code.stage.day"]
        rules["code.stage.day"] = msgspec.structs.replace(budget, most=sms_daily_budget)
    return rules


def network_of(address: str) -> str:
    """What counts as one network address: an IPv4 address, or an IPv6 /64."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def coarse_origin(address: str) -> str:
    """An address as coarse as an owner is shown it: IPv4 /16 or IPv6 /32."""
    try:
        ip = ipaddress.ip_address(network_of(address).partition("/")[0])
    except ValueError:
        return "unknown"
    prefix = 16 if ip.version == 4 else 32
    return str(ipaddress.ip_network((ip, prefix), strict=False))
