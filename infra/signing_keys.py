"""The key that signs reports and its certificates: `python -m infra.signing_keys STEP STAGE …`.

    develop STAGE          certify the stage's key by a throw-away authority (every stage but prod)
    request STAGE CSR      write the certificate request for an authority
    install STAGE CHAIN    publish the authority's chain (PEM, the key's own certificate first)
    show STAGE             list the published keys

The private key never leaves KMS. Installing a chain for a new key lets that one sign from then on;
earlier keys stay published, so that what they signed still verifies.
"""

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from asn1crypto import csr, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.adapters.signing_keys import publish_signing_key, sign_with, signing_keys
from chalicelib.stores.signatures import SigningKey
from chalicelib.stores.tables import Tables

DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning (RFC 9336)."""

_DEVELOPMENT_YEARS = (3, 10)
"""How long a development certificate and its root are valid."""
_OVERLAP = timedelta(hours=1)
"""A clock may run a little behind the one that made the certificate."""


class InvalidChain(Exception):  # noqa: N818 -- says what the operator can correct
    """A chain does not belong to the key, or does not hold together."""


def ensure_development_chain(tables: Tables, kms: Any, *, alias: str, name: str) -> None:
    """Certify and publish the stage's present key unless it is published already."""
    key_id = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    if key_id not in {key.key_id for key in signing_keys(tables)}:
        public = _public_key(kms, key_id)
        publish_signing_key(tables, _certified(key_id, public, development_chain(public, name)))


def development_chain(
    public: ec.EllipticCurvePublicKey, name: str, *, now: datetime | None = None
) -> list[x509.Certificate]:
    """A certificate of the key and the root that issued it, whose own key is thrown away."""
    start = (now or datetime.now(UTC)) - _OVERLAP
    years = [start + timedelta(days=365 * each) for each in _DEVELOPMENT_YEARS]
    root_key = ec.generate_private_key(ec.SECP256R1())
    root_name, own_name = _name(f"{name} development root"), _name(name)
    root = (
        _builder(root_name, root_name, root_key.public_key(), start, years[1])
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    own = (
        _builder(own_name, root_name, public, start, years[0])
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_document_signing()]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return [own, root]


def certificate_request(kms: Any, alias: str, name: str) -> str:
    """A PKCS#10 request in PEM, signed by the key in KMS."""
    key_id = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    info = csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": _asn1_name(name),
            "subject_pk_info": keys.PublicKeyInfo.load(
                kms.get_public_key(KeyId=key_id)["PublicKey"]
            ),
            "attributes": [],
        }
    )
    request = csr.CertificationRequest(
        {
            "certification_request_info": info,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": sign_with(kms, key_id, info.dump()),
        }
    )
    made = x509.load_der_x509_csr(request.dump())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def install(tables: Tables, kms: Any, alias: str, chain: list[x509.Certificate]) -> SigningKey:
    """Publish the key's chain and let it sign. Raises `InvalidChain`."""
    key_id = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    public = _public_key(kms, key_id)
    if not chain or chain[0].public_key() != public:
        raise InvalidChain("the first certificate is not of the key in KMS")
    for certificate, issuer in zip(chain, [*chain[1:], chain[-1]], strict=True):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, x509.InvalidVersion) as error:
            raise InvalidChain(f"{certificate.subject.rfc4514_string()}: {error}") from None
        except Exception as error:
            raise InvalidChain(f"{certificate.subject.rfc4514_string()}: not signed so") from error
    key = _certified(key_id, public, chain)
    publish_signing_key(tables, key)
    return key


def _certified(
    key_id: str, public: ec.EllipticCurvePublicKey, chain: list[x509.Certificate]
) -> SigningKey:
    return SigningKey(
        key_id=key_id,
        point=public.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        ),
        chain=tuple(each.public_bytes(serialization.Encoding.DER) for each in chain),
        not_before=int(chain[0].not_valid_before_utc.timestamp()),
        not_after=int(chain[0].not_valid_after_utc.timestamp()),
    )


def _public_key(kms: Any, key_id: str) -> ec.EllipticCurvePublicKey:
    der = kms.get_public_key(KeyId=key_id)["PublicKey"]
    public = serialization.load_der_public_key(der)
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise InvalidChain(f"{key_id} is no key on an elliptic curve")
    return public


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=not certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _document_signing() -> ObjectIdentifier:
    return getattr(ExtendedKeyUsageOID, "DOCUMENT_SIGNING", DOCUMENT_SIGNING)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _asn1_name(common: str) -> Any:
    return asn1_x509.Name.build({"common_name": common})


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.signing_keys",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("step", choices=["develop", "request", "install", "show"])
    parser.add_argument("stage")
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--name", default="Student Archive", help="the operator's name")
    options = parser.parse_args(arguments)
    if (options.step in {"request", "install"}) != (options.file is not None):
        parser.error("`request` and `install` take a file, the others none")
    if options.step == "develop" and options.stage == "prod":
        parser.error("production's certificate comes from an authority")
    try:
        return _run(options)
    except InvalidChain as problem:
        print(problem, file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    session = boto3.session.Session()
    kms, alias = session.client("kms"), f"alias/archive-{options.stage}-sign"
    tables = DynamoTables(
        region=str(session.region_name),
        prefix=f"archive-{options.stage}",
        endpoint=str(session.client("dynamodb").meta.endpoint_url),
    )
    match options.step:
        case "develop":
            ensure_development_chain(tables, kms, alias=alias, name=options.name)
        case "request":
            options.file.write_text(certificate_request(kms, alias, options.name))
        case "install":
            chain = x509.load_pem_x509_certificates(options.file.read_bytes())
            install(tables, kms, alias, chain)
    for key in signing_keys(tables):
        until = datetime.fromtimestamp(key.not_after, UTC)
        print(f"{key.kid} {key.state} until {until:%Y-%m-%d} {key.key_id}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
