"""Verify the audit trail: `python -m infra.verify_audit [--anchor HOUR:DIGEST] [--earlier-key K]`.

Reads the whole `audit` table and prints what does not hold; changes nothing. An anchor is a line of
the log of `seal_audit` (its `hour` and `digest`): with one, a table put back to an older state is
found too. The exit code is 0 when the trail is whole and 1 when it is not.
"""

import argparse
import dataclasses
import sys
from collections.abc import Iterator
from typing import Any

import boto3

from chalicelib import wiring
from chalicelib.adapters.audit_signer import KmsAuditSigner
from chalicelib.operations.verify_audit import report, verify_audit
from chalicelib.stores.tables import Key


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.verify_audit", description=__doc__)
    parser.add_argument("--anchor", action="append", default=[], type=_anchor)
    parser.add_argument("--earlier-key", action="append", default=[], help="a key used before")
    options = parser.parse_args(arguments)
    chosen = wiring.settings()
    made = {"region_name": chosen.region, "endpoint_url": chosen.endpoint}
    kms = boto3.client("kms", **made)
    signer = KmsAuditSigner(lambda: kms, f"{chosen.key_alias_prefix}-audit", options.earlier_key)
    ports = dataclasses.replace(wiring.ports(), audit_signer=signer)
    keys = _keys(boto3.client("dynamodb", **made), f"{chosen.table_prefix}-audit")
    verified = verify_audit(ports, keys, anchors=dict(options.anchor))
    print("\n".join(report(verified)))
    return 1 if verified.findings else 0


def _keys(dynamodb: Any, table: str) -> Iterator[Key]:
    """The keys of every row."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table, ProjectionExpression="pk, sk", ConsistentRead=True
    )
    for page in pages:
        for item in page["Items"]:
            yield Key("audit", item["pk"]["S"], item["sk"]["S"])


def _anchor(text: str) -> tuple[int, str]:
    hour, _, digest = text.partition(":")
    return int(hour), digest


if __name__ == "__main__":
    sys.exit(main())
