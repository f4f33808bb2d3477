"""For each function a call that it must not make, however the application is changed.

`{…}` in an argument is an output of the stack, or the ARN of the key of that purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEY = {"pk": {"S": "x"}, "sk": {"S": "x"}}
QUERY = {
    "KeyConditionExpression": "pk = :pk",
    "ExpressionAttributeValues": {":pk": {"S": "x"}},
}
NEEDED: Mapping[str, Any] = {
    "query": QUERY,
    "put_item": {"Item": KEY},
    "get_item": {"Key": KEY},
    "delete_item": {"Key": KEY},
}
PHONE = "+8619900000000"


@dataclass(frozen=True)
class Forbidden:
    """A call of boto3, and why the function must not make it.

    `place` stands in every resource of a policy file that would allow it.
    """

    service: str
    call: str
    arguments: Mapping[str, Any]
    on: str
    why: str
    place: str

    @property
    def action(self) -> str:
        """The action as IAM names it."""
        return f"{self.service}:{''.join(part.capitalize() for part in self.call.split('_'))}"


def table(call: str, name: str, why: str) -> Forbidden:
    """A call on a table of the stage."""
    arguments = {"TableName": f"archive-dev-{name}"} | NEEDED.get(call, {})
    place = f"table/archive-${{Stage}}-{name}"
    return Forbidden("dynamodb", call, arguments, name, why, place)


def text_message(why: str) -> Forbidden:
    """A text message to a phone."""
    arguments = {"PhoneNumber": PHONE, "Message": "x"}
    return Forbidden("sns", "publish", arguments, "a phone", why, "*")


def unwrapping(purpose: str, why: str) -> Forbidden:
    """Decrypting with a key of the stage."""
    arguments = {"CiphertextBlob": b"x", "KeyId": f"{{{purpose}}}"}
    place = f"{{{purpose.capitalize()}Key.Arn}}"
    return Forbidden("kms", "decrypt", arguments, f"the key {purpose}", why, place)


def object_of(call: str, bucket: str, why: str) -> Forbidden:
    """A call on an object of a bucket of the stage."""
    arguments = {"Bucket": f"archive-dev-{bucket}-000000000000", "Key": "x"}
    place = f"archive-${{Stage}}-{bucket}-"
    return Forbidden("s3", call, arguments, bucket, why, place)


DENIED: Mapping[str, Forbidden] = {
    "register": table("put_item", "registry", "who registers does not write the record"),
    "verify_code": table("get_item", "accounts", "a code is proved without the account"),
    "sessions": table("query", "registry", "signing in shows no record"),
    "recover": table("get_item", "reports", "a recovered account is not read"),
    "account": table("put_item", "registry", "an account's owner does not write the record"),
    "correct": table("put_item", "accounts", "a correction changes no account"),
    "appeals": object_of("get_object", "photos", "a stranger's appeal shows no picture"),
    "bind": table("get_item", "reports", "binding reads no report"),
    "query": table("put_item", "registry", "reading writes nothing"),
    "report": table("put_item", "registry", "a report changes no record"),
    "registrar": table("put_item", "accounts", "a registrar changes records, not accounts"),
    "reviewer": object_of("get_object", "photos", "a reviewer sees fields, not pictures"),
    "operator": object_of("put_object", "photos", "who decides a case keeps no pictures"),
    "verify_report": table("query", "registry", "a verifier sees the report, not the archive"),
    "describe": table("query", "keyring", "the description needs no keys"),
    "unrouted": table("query", "keyring", "a wrong address needs no keys"),
    "relay": unwrapping("seal", "messages are queued unread"),
    "relay_committed": text_message("one function sends, and it is another"),
    "expire_codes": table("scan", "codes", "what has expired is found by the index"),
    "check_appeals": table("put_item", "accounts", "a case's end changes no account"),
    "close_accounts": text_message("one function sends, and it is another"),
    "remind": text_message("one function sends, and it is another"),
    "publish_statuses": unwrapping("seal", "a list of statuses is made without opening a report"),
    "seal_audit": unwrapping("seal", "what was done is sealed unread"),
    "bounces": Forbidden(
        "ses",
        "verify_email_identity",
        {"EmailAddress": "nobody@example.com"},
        "an address",
        "mail that came back is noted, none is sent",
        "identity/",
    ),
    "deliver": Forbidden(
        "sns",
        "publish",
        {"TopicArn": "{AlarmTopicArn}", "Message": "x"},
        "the alarms' topic",
        "text messages go to phones only",
        "${AlarmTopic}",
    ),
}
