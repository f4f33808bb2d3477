"""What CloudFront proves itself by to the API: made at the first deployment, renewed when asked.

The functions take the former secret as well, since CloudFront changes within minutes and not at
once, and already the coming one, so that code which was published before a renewal still knows the
present secret when one goes back to it. All three are kept in one `SecureString` parameter of
Systems Manager; the stack is told them by parameters that are never shown.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from chalicelib.api.client_address import SECRET_HEADER, digest_of
from infra.deployment.cloud import Cloud

_BYTES = 32


@dataclass(frozen=True, slots=True)
class OriginSecrets:
    """The secret that CloudFront sends, the one before it and the one after it."""

    former: str
    present: str
    coming: str

    def renewed(self) -> "OriginSecrets":
        """After a renewal; what was the former secret counts no more."""
        return OriginSecrets(self.present, self.coming, _new())

    @property
    def headers(self) -> Mapping[str, str]:
        """With these a request passes the firewall, also one that has not changed yet."""
        return {SECRET_HEADER: self.former}

    @property
    def parameters(self) -> Mapping[str, str]:
        """What the stack is told."""
        known = (self.former, self.present, self.coming)
        return {
            "OriginSecret": self.present,
            "FormerOriginSecret": self.former,
            "OriginDigests": ",".join(map(digest_of, known)),
        }


def origin_secrets(cloud: Cloud, *, renew: bool) -> OriginSecrets:
    """Those of the stage, or new ones where it has none; nothing is kept yet."""
    kept = _kept(cloud)
    if kept is None:
        return OriginSecrets(_new(), _new(), _new())
    return kept.renewed() if renew else kept


def keep(cloud: Cloud, chosen: OriginSecrets) -> None:
    """Keep them for the next deployment."""
    if chosen != _kept(cloud):
        cloud.client("ssm").put_parameter(
            Name=_name(cloud),
            Value=f"{chosen.former},{chosen.present},{chosen.coming}",
            Type="SecureString",
            Overwrite=True,
        )


def _new() -> str:
    return secrets.token_urlsafe(_BYTES)


def _kept(cloud: Cloud) -> OriginSecrets | None:
    ssm = cloud.client("ssm")
    try:
        answer = ssm.get_parameter(Name=_name(cloud), WithDecryption=True)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return None
    return OriginSecrets(*str(answer["Parameter"]["Value"]).split(","))


def _name(cloud: Cloud) -> str:
    return f"/archive/{cloud.stage}/origin-secrets"
