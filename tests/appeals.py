"""The steps of appeals and changes of identity, and pictures to upload."""

from io import BytesIO
from typing import Any

from PIL import Image

from chalicelib.adapters.quarantine import MemoryQuarantine
from tests.world import Answer, Client, Student, World

APPELLANT_PHONE = "+8619900000777"
APPELLANT_MAIL = "zhao@example.com"


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 40), mode: str = "RGB") -> bytes:
    """A picture of one colour."""
    target = BytesIO()
    Image.new(mode, size).save(target, format=kind)
    return target.getvalue()


def open_appeal(
    archive: World, student: Student, phone: str = APPELLANT_PHONE, **changes: Any
) -> Answer:
    """Prove a phone and open an appeal for a student's number."""
    body = {
        "name": student.name,
        "document_type": student.document_type,
        "document_number": student.document_number,
        "email": APPELLANT_MAIL,
    }
    if "verification_token" not in changes:
        body["verification_token"] = archive.prove_phone(phone, "appeal")
    return archive.client.call("POST", "/appeals", body | changes)


def upload(archive: World, form: dict[str, Any], content: bytes) -> None:
    """What the browser does with the form."""
    quarantine = archive.ports.quarantine
    assert isinstance(quarantine, MemoryQuarantine)
    quarantine.files[form["fields"]["key"]] = content


def submit_appeal(archive: World, opened: Any, content: bytes | None = None) -> Answer:
    """Upload a picture and submit."""
    upload(archive, opened["upload"], picture() if content is None else content)
    return resubmit(archive, opened)


def resubmit(archive: World, opened: Any, **changes: Any) -> Answer:
    """Submit without an upload."""
    body = {"appeal_token": opened["appeal_token"]} | changes
    return archive.client.call("POST", f"/appeals/{opened['appeal_id']}/submit", body)


def read_appeal(archive: World, opened: Any, token: str | None = None) -> Answer:
    """How the appeal stands."""
    headers = {"Appeal-Token": opened["appeal_token"] if token is None else token}
    return archive.client.call("GET", f"/appeals/{opened['appeal_id']}", headers=headers)


def withdraw(archive: World, opened: Any, token: str | None = None) -> Answer:
    """End the appeal."""
    headers = {"Appeal-Token": opened["appeal_token"] if token is None else token}
    return archive.client.call("DELETE", f"/appeals/{opened['appeal_id']}", headers=headers)


def appeal_against(archive: World, student: Student) -> str:
    """A submitted appeal for a student's number."""
    opened = open_appeal(archive, student).json
    assert submit_appeal(archive, opened).status == 202
    return str(opened["appeal_id"])


def change_identity(client: Client, student: Student, **changes: Any) -> Answer:
    """Ask for another identity."""
    body = {
        "name": student.name,
        "document_type": student.document_type,
        "document_number": student.document_number,
    }
    return client.call("PUT", "/account/identity", body | changes)


def renamed(client: Client, student: Student) -> str:
    """A draft of a changed name."""
    answer = change_identity(client, student, name="王大明")
    assert answer.status == 202, answer.content
    return str(answer.json["review_id"])
