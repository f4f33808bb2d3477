"""The steps that several journeys take by HTTP."""

from io import BytesIO
from typing import Any

import urllib3
from PIL import Image

from tests.journey.server import LocalServer, Reply
from tests.journey.student import Student

UPLOADED = {200, 201, 204}


def scan() -> bytes:
    """A picture to upload."""
    target = BytesIO()
    Image.effect_noise((400, 300), 60).convert("RGB").save(target, format="PNG")
    return target.getvalue()


def upload(form: dict[str, Any], content: bytes) -> int:
    """What the browser does with the form; the status of the answer."""
    fields: dict[str, Any] = {**form["fields"], "file": ("scan.png", content)}
    return urllib3.request("POST", form["url"], fields=fields).status


def proof(server: LocalServer, destination: str, purpose: str) -> str:
    """A verification token for a phone or e-mail."""
    channel = "email" if "@" in destination else "sms"
    body = {"purpose": purpose, "channel": channel, "destination": destination}
    asked = server.call("POST", "/api/verification-codes", body)
    assert asked.status == 202, asked.content
    path = f"/api/verification-codes/{asked.json['challenge_id']}/verify"
    verified = server.call("POST", path, {"code": server.new_code(destination)})
    assert verified.status == 200, verified.content
    return str(verified.json["verification_token"])


def identity(student: Student) -> dict[str, Any]:
    """Name, document type and number."""
    return {name: student.person[name] for name in ("name", "document_type", "document_number")}


def actions(student: Student) -> dict[str, dict[str, str]]:
    """What the own activity lists, with the facts of the newest line of each kind."""
    listed = student.get("/account/activity?limit=100")
    assert listed.status == 200, listed.content
    return {line["action"]: line["facts"] for line in reversed(listed.json["items"])}


def link_in(server: LocalServer, to: str, words: str, fragment: str) -> str:
    """What follows `#<fragment>=` in the newest message with these words."""
    text = server.wait_for_message(to, words)
    _, found, rest = text.partition(f"{server.origin}/link/#{fragment}=")
    assert found, text
    return rest.split()[0]


def require_code(answer: Reply, status: int, code: str) -> None:
    """A refusal as the contract writes it."""
    assert (answer.status, answer.json["code"]) == (status, code), answer.content
