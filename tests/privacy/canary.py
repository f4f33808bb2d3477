"""An unmistakable person, and everything such a person can do or get wrong."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import urllib3
from PIL import Image

from chalicelib.domain.consents import CURRENT_VERSION
from tests.records import file_record
from tests.registry import Counter, review, search
from tests.world import Client, Student, World


@dataclass(frozen=True)
class Canary:
    """Values that occur nowhere else."""

    name: str = "欧阳鹭鸶"
    document_number: str = "440304197707075299"
    phone: str = "+8619987654321"
    email: str = "Heron.Canary@nestbox.example"
    password: str = "Zephyr-Quokka-Lagoon"
    certificate_number: str = "100015199905777123"
    degree_number: str = "1000141999777123"
    student_number: str = "CANARY-7741-X"
    class_name: str = "朱鹮观察班"

    @property
    def student(self) -> Student:
        """As somebody who registers."""
        return Student(
            name=self.name,
            document_number=self.document_number,
            phone=self.phone,
            email=self.email,
        )

    @property
    def known_to_checker(self) -> dict[str, str]:
        """As the stand-in identity checker knows people."""
        return {
            "name": self.name,
            "document_type": "resident_id",
            "document_number": self.document_number,
            "phone": self.phone,
        }

    @property
    def values(self) -> dict[str, str]:
        """What must not be found, by what it is."""
        return {
            "name": self.name,
            "document number": self.document_number,
            "document number without its check character": self.document_number[:-1],
            "birth date and sequence": self.document_number[6:],
            "phone": self.phone.removeprefix("+86"),
            "e-mail": self.email,
            "e-mail's name": self.email.partition("@")[0],
            "password": self.password,
            "certificate number": self.certificate_number,
            "degree number": self.degree_number,
            "student number": self.student_number,
            "class": self.class_name,
        }


CANARY = Canary()


def go_the_whole_journey(archive: World) -> None:
    """Register, sign in, bind, read, report, verify; and on the way every kind of mistake."""
    _file_records(archive)
    _refused_before_registering(archive)
    _register(archive)
    client, session = _sign_in(archive)
    _read_and_bind(client)
    _appeal(archive, client)
    _change_identity(client)
    report = _report(client)
    _verify(archive, report["verification_code"])
    _refused_when_signed_in(client)
    _staff_reads_and_changes(archive, client)
    _crash(archive, client, report["report_id"])
    _end(archive, client, session, report["report_id"])


def put_the_person_into_paths(archive: World) -> None:
    """Names and numbers where an id should stand."""
    client = archive.client
    client.token = _sign_in(archive)[0].token
    for value in CANARY.values.values():
        for method, path in (
            ("GET", f"/{value}"),
            ("POST", f"/registrations/{value}/confirm"),
            ("DELETE", f"/registrations/{value}"),
            ("GET", f"/verifications/{value}"),
            ("GET", f"/archive/{value}"),
            ("GET", f"/archive/credentials/{value}"),
            ("GET", f"/reports/{value}"),
            ("DELETE", f"/sessions/{value}"),
            ("GET", f"/appeals/{value}"),
            ("DELETE", f"/account/identity/{value}"),
        ):
            _refused(client, method, path, query={"purpose": value, "limit": "1"})
        _refused(client, "POST", f"/verification-codes/{value}/verify", {"code": value})


def _file_records(archive: World) -> None:
    student = CANARY.student
    for family in ("enrollments", "admissions", "exams", "loans", "aids"):
        file_record(archive, family, student)
    file_record(
        archive,
        "enrollments",
        student,
        student_number=CANARY.student_number,
        class_name=CANARY.class_name,
        photos={"admission": CANARY.name.encode() * 50},
    )
    file_record(
        archive,
        "credentials",
        student,
        document_number="",
        certificate_number=CANARY.certificate_number,
        enrollment_date="1995-09-01",
        graduation_date="1999-07-01",
    )
    file_record(
        archive,
        "degrees",
        student,
        awarded_date="1999-07-01",
        certificate_number=CANARY.degree_number,
    )


def _application(token: str, **changes: Any) -> dict[str, Any]:
    return {
        "verification_token": token,
        "email": CANARY.email,
        "password": CANARY.password,
        "name": CANARY.name,
        "document_type": "resident_id",
        "document_number": CANARY.document_number,
        "consent": {"version": CURRENT_VERSION, "accepted": True},
    } | changes


def _refused(client: Client, method: str, path: str, body: Any = None, **how: Any) -> None:
    answer = client.call(method, path, body, **how)
    assert 400 <= answer.status < 500, (method, answer.status)


def _refused_before_registering(archive: World) -> None:
    client, values = archive.client, list(CANARY.values.values())
    for value in values:
        _refused(client, "POST", "/registrations", _application(value))
        _refused(client, "POST", "/registrations", {value: value})
        _refused(client, "POST", "/registrations", raw=f'{{"name": "{value}'.encode())
        _refused(client, "POST", "/registrations", raw=f'["{value}"]'.encode())
        _refused(client, "POST", "/registrations", raw=value.encode("utf-16"))
        _refused(
            client, "POST", "/registrations", raw=value.encode(), headers={"Content-Type": "text/x"}
        )
        _refused(client, "POST", "/registrations", _application("x", consent=value))
        _refused(client, "POST", "/email-confirmations", {"token": value})
        _refused(client, "POST", "/sessions", {"username": value, "password": value})
        _refused(client, "POST", "/sessions/refresh", {"refresh_token": value})
        _refused(client, "GET", "/account", headers={"Authorization": f"Bearer {_ascii(value)}"})
        for purpose, channel in (("register", "sms"), ("change_email", "email"), (value, "sms")):
            body = {"purpose": purpose, "channel": channel, "destination": f"x {value}"}
            _refused(client, "POST", "/verification-codes", body)
    token = archive.prove_phone(CANARY.phone)
    for changes in (
        {"document_number": CANARY.document_number[:-1] + "0"},
        {"document_number": CANARY.document_number + "9"},
        {"document_type": CANARY.name},
        {"document_type": "passport", "document_number": CANARY.name},
        {"name": CANARY.name + "7"},
        {"name": CANARY.email},
        {"email": CANARY.name},
        {"email": CANARY.email + "@" + CANARY.password},
        {"password": CANARY.name},
        {"password": CANARY.phone},
        {"password": CANARY.email.partition("@")[0] + "!!"},
        {"password": CANARY.document_number},
        {"consent": {"version": CANARY.name, "accepted": True}},
        {"consent": {"version": CURRENT_VERSION, "accepted": CANARY.name}},
        {"name": [CANARY.name]},
        {"name": None, CANARY.name: CANARY.name},
    ):
        _refused(client, "POST", "/registrations", _application(token, **changes))
    archive.clock.advance(61)


def _register(archive: World) -> None:
    token = archive.prove_phone(CANARY.phone)
    headers = {"Idempotency-Key": CANARY.email, "User-Agent": CANARY.email}
    drafted = archive.client.call("POST", "/registrations", _application(token), headers=headers)
    assert drafted.status == 201, drafted.content
    path = f"/registrations/{drafted.json['registration_id']}/confirm"
    confirmed = archive.client.call("POST", path, headers=headers)
    assert confirmed.status == 201
    assert confirmed.json["bound"]["degrees"] == 1
    archive.clock.advance(61)


def _sign_in(archive: World) -> tuple[Client, dict[str, Any]]:
    client = archive.client
    agent = {"User-Agent": CANARY.email}
    body = {"username": CANARY.email, "password": CANARY.password}
    _refused(client, "POST", "/sessions", body | {"password": CANARY.document_number})
    first = client.call("POST", "/sessions", body, headers=agent)
    assert first.status == 202, first.content
    code = archive.last_code(CANARY.phone)
    answer = {"challenge_id": first.json["challenge_id"], "code": code, "remember_device": True}
    second = client.call("POST", "/sessions/second-step", answer, headers=agent)
    assert second.status == 201, second.content
    client.token = second.json["access_token"]
    archive.clock.advance(61)
    return client, second.json


def _read_and_bind(client: Client) -> None:
    overview = client.call("GET", "/archive").json["families"]
    assert sum(one["count"] for one in overview) == 7
    body = {
        "family": "credentials",
        "certificate_number": CANARY.certificate_number,
        "graduation_year": 1999,
        "institution": "北京大学",
    }
    _refused(client, "POST", "/bindings", body | {"graduation_year": 1998})
    bound = client.call("POST", "/bindings", body | {"institution": "10001"})
    assert bound.status == 201, bound.content
    for path in ("/account", "/bindings", "/sessions", "/reports"):
        assert client.call("GET", path).status == 200
    for family in [one["family"] for one in overview]:
        for item in client.call("GET", f"/archive/{family}", query={"limit": "1"}).json["items"]:
            path = f"/archive/{family}/{item['record_id']}"
            assert client.call("GET", path).status == 200
            client.call("GET", f"{path}/photo", query={"kind": "admission"})


def _picture() -> bytes:
    """A scan whose camera wrote down everything about the person."""
    target = BytesIO()
    noted = " ".join(CANARY.values.values()).encode()
    Image.new("RGB", (40, 30)).save(target, format="JPEG", comment=noted)
    return target.getvalue()


def _upload(form: dict[str, Any]) -> None:
    fields: dict[str, Any] = {**form["fields"], "file": ("scan.jpg", _picture())}
    assert urllib3.request("POST", form["url"], fields=fields).status < 300


def _appeal(archive: World, holder: Client) -> None:
    """An appeal for the person's own number: both sides are the canary."""
    client = archive.client
    body = {
        "verification_token": archive.prove_phone(CANARY.phone, "appeal"),
        "name": CANARY.name,
        "document_type": "resident_id",
        "document_number": CANARY.document_number,
        "email": CANARY.email,
        "reason": " ".join(CANARY.values.values()),
    }
    for value in CANARY.values.values():
        _refused(client, "POST", "/appeals", body | {"document_number": f"x {value}"})
        _refused(client, "POST", "/appeals/none/submit", {"appeal_token": value})
        _refused(client, "GET", "/appeals/none", headers={"Appeal-Token": _ascii(value)})
    opened = client.call("POST", "/appeals", body)
    assert opened.status == 201, opened.content
    _upload(opened.json["upload"])
    path = f"/appeals/{opened.json['appeal_id']}"
    submitted = client.call("POST", f"{path}/submit", {"appeal_token": opened.json["appeal_token"]})
    assert submitted.status == 202, submitted.content
    objection = {"reason": f"{CANARY.name} {CANARY.document_number}"}
    assert holder.call("POST", f"{path}/objection", objection).status == 202
    key = {"Appeal-Token": opened.json["appeal_token"]}
    assert client.call("DELETE", path, headers=key).status == 204


def _change_identity(client: Client) -> None:
    body = {
        "name": CANARY.name + "鹮",
        "document_type": "resident_id",
        "document_number": CANARY.document_number,
    }
    asked = client.call("PUT", "/account/identity", body)
    assert asked.status == 202, asked.content
    _upload(asked.json["upload"])
    path = f"/account/identity/{asked.json['review_id']}/submit"
    assert client.call("POST", path).status == 202


def _report(client: Client) -> dict[str, Any]:
    item = client.call("GET", "/archive/credentials").json["items"][0]
    body = {
        "kind": "credential",
        "record_id": item["record_id"],
        "language": "zh+en",
        "valid_months": 1,
        "disclosure": "full",
    }
    headers = {"Idempotency-Key": CANARY.document_number}
    report = client.call("POST", "/reports", body, headers=headers)
    assert report.status == 201, report.content
    assert client.call("GET", f"/reports/{report.json['report_id']}/pdf").status == 200
    return dict(report.json)


def _verify(archive: World, code: str) -> None:
    query = {"purpose": f"{CANARY.name} {CANARY.phone}"}
    found = archive.client.call("GET", f"/verifications/{code}", query=query)
    assert found.json["result"] == "valid"
    assert archive.client.call("GET", f"/verifications/{code}/pdf").status == 200


def _refused_when_signed_in(client: Client) -> None:
    for value in CANARY.values.values():
        _refused(client, "GET", "/archive/credentials", query={"cursor": value})
        _refused(client, "GET", "/archive/credentials", query={"limit": value})
        _refused(client, "POST", "/reports", {"kind": value, "record_id": value})
        _refused(client, "POST", "/reports", raw=value.encode())
        _refused(client, "POST", "/bindings", {"family": value, "institution": value})


def _staff_reads_and_changes(archive: World, client: Client) -> None:
    """Found by each number, corrected at once and by two people, quoted in every free text."""
    counter = Counter(archive)
    registrar, reviewer = counter.registrar.client, counter.reviewer.client
    found = [
        search(registrar, **{kind: number}).json["items"]
        for kind, number in (
            ("document_number", CANARY.document_number),
            ("certificate_number", CANARY.certificate_number),
            ("student_number", CANARY.student_number),
        )
    ]
    assert all(found)
    record_id = next(one["record_id"] for one in found[1] if one["family"] == "credentials")
    quoting = f"{CANARY.name} {CANARY.document_number}"
    for fields in ({"president_name": CANARY.name}, {"major_name": CANARY.class_name}):
        body = {"reason": quoting, **fields}
        path = f"/registrar/records/credentials/{record_id}"
        assert registrar.call("PUT", path, body).status in {200, 202}
    (waiting,) = reviewer.call("GET", "/reviewer/changes", query={"purpose": quoting}).json["items"]
    assert review(reviewer, waiting["change_id"], "accept", quoting).status == 200
    _refused(registrar, "POST", "/registrar/records/search", {"purpose": quoting})
    _refused(client, "POST", "/registrar/records/search", {"document_number": quoting})


def _crash(archive: World, client: Client, report_id: str) -> None:
    """Something unforeseen whose text quotes the person."""
    store = archive.ports.reports
    try:
        vars(store)["of_owner"] = _failing
        assert client.call("GET", f"/reports/{report_id}").status == 500
    finally:
        del vars(store)["of_owner"]


def _failing(*_: object) -> Any:
    try:
        dict[str, str]()[CANARY.name]
    except KeyError as error:
        raise ValueError(f"{CANARY.document_number} {CANARY.email} {CANARY.password}") from error


def _end(archive: World, client: Client, session: dict[str, Any], report_id: str) -> None:
    body = {"refresh_token": session["refresh_token"]}
    assert client.call("POST", "/sessions/refresh", body).status == 200
    assert client.call("POST", "/email-confirmations/resend").status == 202
    assert client.call("DELETE", f"/reports/{report_id}").status == 204
    assert client.call("DELETE", "/sessions/current").status == 204
    archive.deliver()


def _ascii(value: str) -> str:
    return value.encode("ascii", "replace").decode()
