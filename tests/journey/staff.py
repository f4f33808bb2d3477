"""The staff on the way through the archive, by HTTP."""

from dataclasses import dataclass

import pyotp

from tests.journey.server import LocalServer, Reply

PASSWORD = "counter-archive-5"


@dataclass
class Colleague:
    """One of the staff, signed in."""

    server: LocalServer
    email: str
    token: str
    secret: str

    def call(self, method: str, path: str, body: object = None) -> Reply:
        return self.server.call(method, f"/api{path}", body, token=self.token)


def joined(server: LocalServer, email: str, token: str) -> Colleague:
    """Accept an invitation with a password and an app, and sign in."""
    read = server.call("POST", "/api/invitations", {"token": token})
    assert read.status == 200, read.content
    secret = read.json["authenticator"]["secret"]
    body = {"token": token, "password": PASSWORD, "code": app_code(server, secret)}
    accepted = server.call("POST", "/api/invitations/accept", body)
    assert accepted.status == 200, accepted.content
    server.wait(30)
    credentials = {"username": email, "password": PASSWORD}
    first = server.call("POST", "/api/sessions", credentials)
    assert (first.status, first.json["channel"]) == (202, "authenticator"), first.content
    answer = {"challenge_id": first.json["challenge_id"], "code": app_code(server, secret)}
    second = server.call("POST", "/api/sessions/second-step", answer)
    assert second.status == 201, second.content
    return Colleague(server, email, second.json["access_token"], secret)


def app_code(server: LocalServer, secret: str) -> str:
    return pyotp.TOTP(secret).at(int(server.now()))


def hired(operator: Colleague, email: str, role: str, **scope: str) -> Colleague:
    """Somebody invited by mail."""
    body = {"email": email, "name": "李老师", "role": role, **scope}
    made = operator.call("POST", "/operator/staff", body)
    assert made.status == 201, made.content
    mail = operator.server.wait_for_message(email, "/invitation/#")
    token = mail.partition("/invitation/#")[2].split()[0]
    return joined(operator.server, email, token)
