"""One invented person on the way through the archive."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chalicelib.domain.consents import CURRENT_VERSION
from tests.journey.server import LocalServer, Reply

PASSWORD = "lovely-archive-9"


@dataclass
class Student:
    """Somebody of the demo registry with a browser. Each step is taken once, when first asked for.

    `person` is an item of `GET /local/people`; `phone` is another where it is not the own one.
    """

    server: LocalServer
    person: dict[str, Any]
    email: str
    phone: str = ""
    tokens: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.phone = self.phone or self.person["phone"]

    def call(self, method: str, path: str, body: object = None) -> Reply:
        """A request of the API, signed in once that is done."""
        token = self.tokens[-1] if self.tokens else None
        return self.server.call(method, f"/api{path}", body, token=token)

    def get(self, path: str) -> Reply:
        return self.call("GET", path)

    # The way in

    @cached_property
    def asked(self) -> Reply:
        body = {"purpose": "register", "channel": "sms", "destination": self.phone}
        return self.call("POST", "/verification-codes", body)

    @cached_property
    def verified(self) -> Reply:
        path = f"/verification-codes/{self.asked.json['challenge_id']}/verify"
        return self.call("POST", path, {"code": self.server.new_code(self.phone)})

    @cached_property
    def drafted(self) -> Reply:
        body = {
            "verification_token": self.verified.json["verification_token"],
            "email": self.email,
            "password": PASSWORD,
            "consent": {"version": CURRENT_VERSION, "accepted": True},
            **{key: self.person[key] for key in ("name", "document_type", "document_number")},
        }
        return self.call("POST", "/registrations", body)

    @cached_property
    def confirmed(self) -> Reply:
        return self.call("POST", f"/registrations/{self.drafted.json['registration_id']}/confirm")

    @cached_property
    def first_step(self) -> Reply:
        assert self.confirmed.status == 201, self.confirmed.content
        return self.call("POST", "/sessions", {"username": self.email, "password": PASSWORD})

    @cached_property
    def second_step(self) -> Reply:
        body = {
            "challenge_id": self.first_step.json["challenge_id"],
            "code": self.server.new_code(self.phone),
            "remember_device": True,
        }
        return self.call("POST", "/sessions/second-step", body)

    def sign_in_again(self) -> Reply:
        """Sign in on the device that was remembered."""
        body = {
            "username": self.email,
            "password": PASSWORD,
            "device_token": self.second_step.json["device_token"],
        }
        return self.server.call("POST", "/api/sessions", body)

    def arrive(self) -> "Student":
        """Go the way up to the open archive, and bind by hand what does not bind by itself."""
        assert self.second_step.status == 201, self.second_step.content
        self.tokens.append(self.second_step.json["access_token"])
        assert self.overview.status == 200, self.overview.content
        assert len(self.bindings) == len(self.person["manual_bindings"])
        return self

    # The archive

    @cached_property
    def overview(self) -> Reply:
        """The archive as it was before anything was bound by hand."""
        return self.get("/archive")

    @cached_property
    def bindings(self) -> list[tuple[dict[str, Any], Reply]]:
        """What is to be bound by hand, and the answer."""
        asked = ("family", "certificate_number", "graduation_year", "institution")
        return [
            (hint, self.call("POST", "/bindings", {name: hint[name] for name in asked}))
            for hint in self.person["manual_bindings"]
        ]

    def records(self, family: str) -> list[dict[str, Any]]:
        """A family's records as they are now."""
        answer = self.get(f"/archive/{family}")
        assert answer.status == 200, answer.content
        listed: list[dict[str, Any]] = answer.json["items"]
        return listed

    def bound_by_hand(self, family: str) -> int:
        """How many records of a family were bound by hand."""
        return sum(
            answer.status == 201 and hint["family"] == family for hint, answer in self.bindings
        )
