"""Signs a report's PDF: PAdES B-B with the stage's key, certifying that nothing may change.

Sources: ETSI EN 319 142-1 (PAdES baseline signatures); ISO 32000-2, 12.8.2.2 (DocMDP).
"""

import io
from datetime import UTC, datetime
from typing import Any

from asn1crypto.algos import SignedDigestAlgorithm
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfSigningSession
from pyhanko_certvalidator.registry import SimpleCertificateStore

from chalicelib.stores.signatures import Signer, SigningKey, current

FIELD = "Signature"


class PadesSigner:
    """`PdfSigner` of the ports. `name` is the operator's."""

    def __init__(self, signer: Signer, name: str) -> None:
        self._signer = signer
        self._name = name

    def sign(self, pdf: bytes, *, now: int) -> bytes:
        """The PDF with a certifying signature. Raises `Refusal("unavailable")`."""
        key = current(self._signer, now)
        session = _PdfSigner(
            PdfSignatureMetadata(
                field_name=FIELD,
                md_algorithm="sha256",
                certify=True,
                docmdp_permissions=MDPPerm.NO_CHANGES,
                subfilter=SigSeedSubFilter.PADES,
                name=self._name,
                tight_size_estimates=True,
            ),
            signer=_KeySigner(self._signer, key),
            new_field_spec=SigFieldSpec(
                FIELD, on_page=0, readable_field_name="出具机构的电子签名 Issuer's signature"
            ),
        )
        session.at = datetime.fromtimestamp(now, UTC)
        written = session.sign_pdf(_Unrestated(io.BytesIO(pdf + b"\n")))
        return bytes(written.getvalue())


class _KeySigner(signers.Signer):
    """Lets `Signer` make the raw signature; everything else is pyHanko's."""

    def __init__(self, signer: Signer, key: SigningKey) -> None:
        chain = [Certificate.load(each) for each in key.chain]
        registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko leaves it out
        registry.register_multiple(chain[1:])
        super().__init__(
            signing_cert=chain[0],
            cert_registry=registry,
            signature_mechanism=SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            embed_roots=False,
        )
        self._port = signer
        self._key = key

    async def async_sign_raw(
        self,
        data: bytes,
        digest_algorithm: str,  # noqa: ARG002 -- always SHA-256
        dry_run: bool = False,
    ) -> bytes:
        return bytes(LONGEST_SIGNATURE) if dry_run else self._port.sign(self._key, data)


LONGEST_SIGNATURE = 72
"""Bytes of an ECDSA signature on P-256 in DER, at most."""


class _PdfSigner(PdfSigner):
    """Signs at an instant that is given, not at the machine's."""

    at: datetime

    def init_signing_session(self, *args: Any, **kwargs: Any) -> PdfSigningSession:
        session = super().init_signing_session(*args, **kwargs)
        session.system_time = self.at
        return session


class _Unrestated(IncrementalPdfFileWriter):
    """Leaves the metadata as the typesetter wrote them: PDF/A wants both places to agree."""

    def _update_meta(self) -> None:
        return
