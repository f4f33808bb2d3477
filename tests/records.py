"""Records for the tests' students, filed as an institution's file is imported."""

import csv
from collections.abc import Mapping
from io import BytesIO, StringIO
from typing import Any

from chalicelib.domain.columns import column_of_field
from chalicelib.domain.instants import china_date
from chalicelib.domain.natural_keys import natural_key
from chalicelib.domain.records import Family, PhotoKind
from chalicelib.domain.registry_rows import facts_from_row
from chalicelib.operations.import_records import import_records
from tests.world import Answer, Client, Student, World

WANG = Student()
LI = Student(
    name="李娜",
    document_number="440308199901101512",
    phone="+8619900000002",
    email="li@example.com",
)

UNIVERSITY = "北京大学"
UNIVERSITY_CODE = "10001"
CERTIFICATE_NUMBER = "100011201505000123"
DEGREE_NUMBER = "1000142015000123"

_STUDIES = {
    "institution_code": UNIVERSITY_CODE,
    "institution_name": UNIVERSITY,
    "level": "本科",
    "major_name": "汉语言文学",
}

ROWS: Mapping[Family, Mapping[str, str]] = {
    "enrollments": {
        **_STUDIES,
        "student_number": "1100012345",
        "class_name": "二班",
        "enrollment_date": "2011-09-01",
        "status": "毕业",
    },
    "credentials": {
        **_STUDIES,
        "enrollment_date": "2011-09-01",
        "graduation_date": "2015-07-01",
        "certificate_number": CERTIFICATE_NUMBER,
        "conclusion": "毕业",
    },
    "degrees": {
        **_STUDIES,
        "level": "学士",
        "degree_name": "文学学士",
        "awarded_date": "2015-07-01",
        "certificate_number": DEGREE_NUMBER,
    },
    "admissions": {
        **_STUDIES,
        "year": "2011",
        "province": "北京",
        "examinee_number": "11110105150001",
    },
    "exams": {
        "exam_kind": "高考",
        "year": "2011",
        "province": "北京",
        "examinee_number": "11110105150001",
        "subjects": "语文:128;数学:135",
        "total_score": "640",
    },
    "loans": {
        "lender": "国家开发银行",
        "contract_number": "2011010500012345",
        "amount": "6000",
        "status": "已结清",
    },
    "aids": {"aid_kind": "国家励志奖学金", "academic_year": "2012-2013", "amount": "5000"},
}
"""A typical record of each family, beside whose it is."""


def file_record(
    archive: World,
    family: Family,
    student: Student,
    *,
    photos: Mapping[PhotoKind, bytes] | None = None,
    **changes: Any,
) -> None:
    """File a record of the student; `changes` replace fields, an empty one leaves it out."""
    fields = {
        "name": student.name,
        "document_number": student.document_number,
        **ROWS[family],
        **changes,
    }
    row = {column_of_field(family, field).code: cell for field, cell in fields.items()}
    today = china_date(archive.clock())
    key = natural_key(family, facts_from_row(family, row, today=today))
    addresses = {kind: f"{family}/{kind}" for kind in photos or {}}
    for kind, content in (photos or {}).items():
        archive.ports.photos.put(addresses[kind], content)
    summary = import_records(
        _file(row),
        family=family,
        registry=archive.ports.registry,
        today=today,
        now=archive.clock(),
        photos={key: addresses},
    )
    assert summary.accepted == 1, summary.errors


def member(archive: World, student: Student) -> Client:
    """The student with proved identity, signed in."""
    archive.checker.learn(student.name, student.document_number, student.phone)
    return archive.registered(student)


def record_ids(client: Client, family: Family) -> list[str]:
    """The ids of the records that the client is shown, in their order."""
    return [item["record_id"] for item in client.call("GET", f"/archive/{family}").json["items"]]


def without_request_id(answer: Answer) -> dict[str, Any]:
    """All that an answer says, but for the one thing that differs each time."""
    body: Any = answer.content
    if "json" in answer.headers.get("Content-Type", ""):
        body = {name: value for name, value in answer.json.items() if name != "request_id"}
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
    return {"status": answer.status, "body": body, "headers": headers}


def _file(row: Mapping[str, str]) -> BytesIO:
    text = StringIO()
    writer = csv.DictWriter(text, list(row))
    writer.writeheader()
    writer.writerow(row)
    return BytesIO(text.getvalue().encode())
