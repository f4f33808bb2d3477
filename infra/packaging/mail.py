"""Mail by SES: what becomes of it is counted, and what comes back reaches the function `bounces`.

SES names the recipient in what it reports. The rules of EventBridge hand on no more than the reason
and the recipient's blind index, with which the mail was tagged: the address never rests in a queue.
For the same reason the rules have no dead letters of their own, which would hold whole reports.
"""

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.senders import RECIPIENT_TAG
from infra.packaging.lambdas import Resources, attribute, sub

CONFIGURATION_SET = "archive-${Stage}"
RULES = ("BouncedMail", "ComplainedMail")


def mail_resources() -> Resources:
    """The configuration set, its destinations, and the rules that queue what came back."""
    return {
        "MailConfiguration": _configuration_set(),
        "MailReports": _destination(
            "reports",
            ["bounce", "complaint"],
            EventBridgeDestination={
                "EventBusArn": sub(
                    "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"
                )
            },
        ),
        "MailFigures": _destination(
            "figures",
            ["send", "delivery", "deliveryDelay", "bounce", "complaint", "reject"],
            CloudWatchDestination={"DimensionConfigurations": [_by_configuration_set()]},
        ),
        "BouncedMail": _rule(
            "bounced", {"eventType": ["Bounce"], "bounce": {"bounceType": ["Permanent"]}}
        ),
        "ComplainedMail": _rule("complained", {"eventType": ["Complaint"]}),
    }


def _configuration_set() -> dict[str, Any]:
    """Nothing goes unencrypted, and nothing at all to an address that sent mail back before."""
    return {
        "Type": "AWS::SES::ConfigurationSet",
        "Properties": {
            "Name": sub(CONFIGURATION_SET),
            "DeliveryOptions": {"TlsPolicy": "REQUIRE"},
            "ReputationOptions": {"ReputationMetricsEnabled": True},
            "SendingOptions": {"SendingEnabled": True},
            "SuppressionOptions": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
        },
    }


def _destination(name: str, kinds: list[str], **target: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::SES::ConfigurationSetEventDestination",
        "Properties": {
            "ConfigurationSetName": {"Ref": "MailConfiguration"},
            "EventDestination": {
                "Name": name,
                "Enabled": True,
                "MatchingEventTypes": kinds,
                **target,
            },
        },
    }


def _by_configuration_set() -> Mapping[str, Any]:
    return {
        "DimensionName": "ses:configuration-set",
        "DimensionValueSource": "messageTag",
        "DefaultDimensionValue": sub(CONFIGURATION_SET),
    }


def _rule(reason: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    of_this_stage = {"tags": {"ses:configuration-set": [sub(CONFIGURATION_SET)]}}
    told = f'{{"reason": {json.dumps(reason)}, "recipient": <recipient>}}'
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": sub(f"archive-${{Stage}}-mail-{reason}"),
            "EventPattern": {"source": ["aws.ses"], "detail": {**detail, "mail": of_this_stage}},
            "State": "ENABLED",
            "Targets": [
                {
                    "Id": "bounces",
                    "Arn": attribute("BouncesQueue"),
                    "InputTransformer": {
                        "InputPathsMap": {"recipient": f"$.detail.mail.tags.{RECIPIENT_TAG}"},
                        "InputTemplate": told,
                    },
                }
            ],
        },
    }
