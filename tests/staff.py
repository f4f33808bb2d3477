"""Staff in the tests: invited, with password and app, signed in."""

import re
from dataclasses import dataclass

import pyotp

from chalicelib.api.routes import ADMITTED, Route
from chalicelib.operations.staff import create_first_operator
from tests.corrections import with_directory
from tests.records import UNIVERSITY_CODE, WANG, member
from tests.world import PASSWORD, Answer, Client, World

OPERATOR = "operator@archive.example"
REGISTRAR = "registrar@pku.example"
REVIEWER = "reviewer@beijing.example"
PROVINCE = "北京市"


@dataclass
class Member:
    """One of the staff, and the app in their pocket."""

    email: str
    staff_id: str
    secret: str
    client: Client


def first_operator(archive: World, email: str = OPERATOR) -> Member:
    """The stage's first operator, signed in."""
    link = create_first_operator(archive.ports, email=email, name="管理员", language="zh")
    return accepted(archive, email, link.partition("#")[2])


def invite(operator: Client, email: str, role: str, **scope: str) -> Answer:
    """Ask for an account of the staff."""
    body = {"email": email, "name": "张老师", "role": role, **scope}
    return operator.call("POST", "/operator/staff", body)


def hired(archive: World, operator: Client, email: str, role: str, **scope: str) -> Member:
    """Somebody invited by an operator, who has accepted and signed in."""
    answer = invite(operator, email, role, **scope)
    assert answer.status == 201, answer.content
    return accepted(archive, email, invitation_mailed(archive, email))


def invitation_mailed(archive: World, email: str) -> str:
    """The token of the last invitation that reached a mailbox."""
    mails = "\n".join(archive.mails_to(email))
    return str(re.findall(r"/invitation/#(\S+)", mails)[-1])


def code_of(archive: World, secret: str) -> str:
    """What the app shows now; half a minute passes first, since no code works twice."""
    archive.clock.advance(30)
    return pyotp.TOTP(secret).at(archive.clock.instant)


def accept(archive: World, token: str, secret: str, password: str = PASSWORD) -> Answer:
    """Set password and app."""
    body = {"token": token, "password": password, "code": code_of(archive, secret)}
    return archive.client.call("POST", "/invitations/accept", body)


def secret_of(archive: World, token: str) -> str:
    """The key that the invitation gives to the app."""
    read = archive.client.call("POST", "/invitations", {"token": token})
    assert read.status == 200, read.content
    return str(read.json["authenticator"]["secret"])


def accepted(archive: World, email: str, token: str) -> Member:
    """Somebody who has accepted an invitation and signed in."""
    secret = secret_of(archive, token)
    answer = accept(archive, token, secret)
    assert answer.status == 200, answer.content
    client = signed_in(archive, email, secret)
    return Member(email, client.call("GET", "/account").json["account_id"], secret, client)


def signed_in(archive: World, email: str, secret: str) -> Client:
    """A session of one of the staff."""
    client = archive.client
    first = client.call("POST", "/sessions", {"username": email, "password": PASSWORD})
    assert (first.status, first.json["channel"]) == (202, "authenticator"), first.content
    body = {"challenge_id": first.json["challenge_id"], "code": code_of(archive, secret)}
    second = client.call("POST", "/sessions/second-step", body)
    assert second.status == 201, second.content
    client.token = second.json["access_token"]
    client.refresh_token = second.json["refresh_token"]
    return client


def everybody(archive: World) -> dict[str, Client]:
    """A signed-in client of every kind of caller: student and each role."""
    with_directory(archive)
    student = member(archive, WANG)
    operator = first_operator(archive).client
    scopes: dict[str, dict[str, str]] = {
        "registrar": {"institution_code": UNIVERSITY_CODE},
        "reviewer": {"province": PROVINCE},
    }
    staff = {
        role: hired(archive, operator, f"{role}@archive.example", role, **scope).client
        for role, scope in scopes.items()
    }
    return {"student": student, "operator": operator, **staff}


def admitted(route: Route) -> str:
    """A kind of caller whom the route lets in."""
    return "student" if route.policy == "public" else min(ADMITTED[route.policy])
