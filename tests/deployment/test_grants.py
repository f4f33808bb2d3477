"""Granted = used: each function's policy holds what its tests ask of AWS, and nothing else."""

import pytest

from infra.packaging.functions import read_functions
from infra.packaging.policies import ALL_PHONES, load_policies
from tests.deployment.test_settings_files import KNOWN
from tests.deployment.usage import ARN

pytestmark = [pytest.mark.deployment, pytest.mark.req("R-70")]


def consuming(queue):
    place = ARN % ("sqs", f"archive-${{Stage}}-{queue}")
    actions = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    return {(f"sqs:{action}", place) for action in actions}


BY_LAMBDA = {
    "deliver": consuming("deliver"),
    "bounces": consuming("bounces"),
    "relay_committed": {
        (f"dynamodb:{name}", "${OutboxTable.StreamArn}")
        for name in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    },
}
"""What Lambda itself does with a function's role before it invokes it."""

BEHIND_A_PORT = {
    "deliver": {
        ("sns:Publish", "*"),
        ("ses:SendEmail", ARN % ("ses", "identity/${MailSender}")),
        ("ses:SendEmail", ARN % ("ses", "configuration-set/archive-${Stage}")),
        ("kms:Decrypt", "${IndexKey.Arn}"),  # mail is tagged with its recipient's blind index
    },
}
"""What the recorder does not see: the senders."""


@pytest.fixture(scope="session")
def used(recording):
    return recording.used()


def granted():
    functions = list(read_functions())
    return {
        name: {
            (action, resource)
            for statement in policy.statement
            if statement.effect == "Allow"
            for action in statement.action
            for resource in statement.resource
        }
        for name, policy in load_policies(functions, KNOWN).items()
    }


@pytest.mark.parametrize("function", read_functions())
def test_a_function_may_do_what_it_does_and_nothing_else(used, function):
    seen = {(action, resource) for action, resource in used.get(function, [])}
    needed = seen | BY_LAMBDA.get(function, set()) | BEHIND_A_PORT.get(function, set())
    assert granted()[function] - needed == set(), "granted and not used"
    assert needed - granted()[function] == set(), "used and not granted"


def test_only_text_messages_may_go_anywhere():
    anywhere = {name for name, pairs in granted().items() if any(r == "*" for _, r in pairs)}
    assert anywhere == {"deliver"}
    policy = load_policies(list(read_functions()), KNOWN)["deliver"]
    statements = {one.sid: one for one in policy.statement}
    assert statements[ALL_PHONES].condition
    assert statements["ButToNoTopic"].effect == "Deny"
