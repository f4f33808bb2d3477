"""The key that signs reports, on the embedded AWS: certified, published, rotated.

Not on moto: its KMS hashes a digest that it is to sign once more (seen with 5.2.5).
"""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.adapters.memory_tables import MemoryTables
from chalicelib.adapters.signing_keys import KmsSigner, signing_keys
from chalicelib.domain.errors import Refusal
from chalicelib.stores.signatures import SignatureBroken, Signatures
from infra.local import aws
from infra.signing_keys import (
    InvalidChain,
    certificate_request,
    development_chain,
    ensure_development_chain,
    install,
)

ALIAS = "alias/archive-test-sign"
NOW = int(datetime.now(UTC).timestamp())
Client = Callable[[str], Any]


@pytest.fixture
def client(embedded_endpoint: str) -> Client:
    return lambda name: boto3.client(name, region_name=aws.REGION, endpoint_url=embedded_endpoint)


@pytest.fixture
def tables(client: Client) -> DynamoTables:
    endpoint = str(client("dynamodb").meta.endpoint_url)
    return DynamoTables(region=aws.REGION, prefix="archive-test", endpoint=endpoint)


@pytest.fixture
def signatures(client: Client, tables: DynamoTables) -> Signatures:
    return Signatures(KmsSigner(tables=tables, kms=lambda: client("kms")))


def replaced_key(client: Client) -> None:
    """What a rotation does: the alias gets a new key."""
    kms = client("kms")
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=ALIAS, TargetKeyId=made)


def test_a_provisioned_stage_signs(signatures):
    token = signatures.token("report+jwt", {"iat": NOW}, NOW)
    assert signatures.claims(token, "report+jwt") == {"iat": NOW}


def test_certifying_a_key_again_changes_nothing(client, tables):
    before = signing_keys(tables)
    ensure_development_chain(tables, client("kms"), alias=ALIAS, name="Other")
    assert signing_keys(tables) == before


def test_the_certificate_belongs_to_the_key_and_to_its_root(tables):
    key = signing_keys(tables)[0]
    own, root = (x509.load_der_x509_certificate(each) for each in key.chain)
    own.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    assert own.not_valid_after_utc.timestamp() == key.not_after


def test_after_a_rotation_old_tokens_verify_and_new_ones_have_the_new_key(client, tables):
    first = Signatures(KmsSigner(tables=tables, kms=lambda: client("kms")))
    old = first.token("report+jwt", {"iat": NOW}, NOW)
    replaced_key(client)
    ensure_development_chain(tables, client("kms"), alias=ALIAS, name="Archive test")
    second = Signatures(KmsSigner(tables=tables, kms=lambda: client("kms")))
    new = second.token("report+jwt", {"iat": NOW}, NOW)
    assert old.split(".")[0] != new.split(".")[0]
    assert second.claims(old, "report+jwt") == second.claims(new, "report+jwt")
    with pytest.raises(SignatureBroken, match="unknown"):
        first.claims(new, "report+jwt")  # it keeps the keys for five minutes
    assert [key.state for key in signing_keys(tables)][:2] == ["active", "retired"]


def test_an_authority_certifies_the_request_and_the_chain_is_installed(client, tables, tmp_path):
    replaced_key(client)
    request = certificate_request(client("kms"), ALIAS, "Student Archive")
    (tmp_path / "request.pem").write_text(request)
    checked = subprocess.run(
        ["openssl", "req", "-in", tmp_path / "request.pem", "-verify", "-noout", "-subject"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Student Archive" in checked.stdout
    asked = x509.load_pem_x509_csr(request.encode())
    chain = issued(asked)
    key = install(tables, client("kms"), ALIAS, chain)
    assert signing_keys(tables)[0] == key
    assert key.chain[0] == chain[0].public_bytes(Encoding.DER)


def issued(asked: x509.CertificateSigningRequest) -> list[x509.Certificate]:
    """What an authority gives back."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority")])
    start = datetime.now(UTC) - timedelta(hours=1)

    def certificate(subject: x509.Name, public: Any, *, ca: bool) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(authority_key, hashes.SHA256())
        )

    root = certificate(name, authority_key.public_key(), ca=True)
    return [certificate(asked.subject, asked.public_key(), ca=False), root]


def test_a_chain_of_another_key_is_not_installed(client, tables):
    before = signing_keys(tables)
    foreign = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(InvalidChain, match="not of the key"):
        install(tables, client("kms"), ALIAS, development_chain(foreign, "Other"))
    assert signing_keys(tables) == before


def test_a_chain_that_does_not_hold_together_is_not_installed(client, tables):
    asked = x509.load_pem_x509_csr(certificate_request(client("kms"), ALIAS, "A").encode())
    own, other = issued(asked)[0], issued(asked)[1]
    with pytest.raises(InvalidChain):
        install(tables, client("kms"), ALIAS, [own, other])


def test_a_stage_without_a_certified_key_signs_nothing(client):
    bare = Signatures(KmsSigner(tables=MemoryTables(), kms=lambda: client("kms")))
    with pytest.raises(Refusal) as refused:
        bare.token("report+jwt", {"iat": NOW}, NOW)
    assert refused.value.cause == "NoSigningKey"


def test_keys_out_of_reach_are_no_verdict(client, tables):
    kms = client("kms")
    away = Signatures(KmsSigner(tables=tables, kms=lambda: kms))
    kms.meta.events.register("before-send.kms.Sign", lambda **_: refused_connection())
    with pytest.raises(Refusal) as refused:
        away.token("report+jwt", {"iat": NOW}, NOW)
    assert refused.value.code == "unavailable"


def refused_connection() -> None:
    raise EndpointConnectionError(endpoint_url="https://kms.example")
