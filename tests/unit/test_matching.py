import pytest

from chalicelib.domain.documents import Document
from chalicelib.domain.matching import (
    Identity,
    binds_automatically,
    judge_manual,
    upgrade_eligible,
)
from chalicelib.domain.records import Credential, Degree, Enrollment, Record

NUMBER = "610104196209276908"
OLD_FORM = "610104620927690"
OTHER_NUMBER = "11010519491231002X"
WANG = Identity("王芳", Document("resident_id", NUMBER))
RARE = Identity("王𬱖", Document("resident_id", NUMBER))
BEFORE = Identity("王小芳", Document("passport", "E1234567"))


def facts(name="王芳", number=NUMBER, document_type="resident_id"):
    return Enrollment(name=name, document_number=number, document_type=document_type)


def test_name_and_number_together_bind():
    assert binds_automatically(facts(), [WANG])


@pytest.mark.req("R-01")
@pytest.mark.parametrize("document_type", ["resident_id", None])
@pytest.mark.parametrize(
    "number", [OLD_FORM, f" {NUMBER} ", "６１０１０４１９６２０９２７６９０８"]
)
def test_numbers_bind_in_their_normal_form(number, document_type):
    assert binds_automatically(facts(number=number, document_type=document_type), [WANG])


@pytest.mark.req("R-10")
def test_names_bind_with_any_dot():
    identity = Identity("阿不都·买买提", WANG.document)
    assert binds_automatically(facts(name="阿不都．买买提"), [identity])


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "王芬"},
        {"name": "王 芳"},
        {"number": OTHER_NUMBER},
        {"number": None},
        {"number": ""},
        {"number": "610104196209276909"},
        {"number": "610104196209276909", "document_type": None},
        {"number": "610104620230690"},
        {"document_type": "passport"},
        {"document_type": "军官证"},
    ],
)
def test_anything_less_does_not_bind(changes):
    assert not binds_automatically(facts(**changes), [WANG])


def test_equal_numbers_of_two_kinds_of_document_are_not_one():
    permit = Identity("王芳", Document("mainland_travel_permit_tw", "12345678"))
    assert binds_automatically(facts(number="12345678", document_type=None), [permit])
    assert not binds_automatically(facts(number="12345678", document_type="passport"), [permit])


def test_nothing_binds_to_nobody():
    assert not binds_automatically(facts(), [])


def test_any_proved_identity_binds():
    record = facts(name="王小芳", number="e1234567", document_type="passport")
    assert binds_automatically(record, [WANG, BEFORE])


def test_the_name_of_one_identity_and_the_number_of_another_do_not_bind():
    mixed = facts(name="王小芳", number=NUMBER)
    assert not binds_automatically(mixed, [WANG, BEFORE])
    assert judge_manual(mixed, [WANG, BEFORE]) == "refused"


@pytest.mark.req("R-10")
@pytest.mark.parametrize("name", ["王??", "王？？", "王＊", "王*", "??"])
def test_an_uncertain_name_never_binds_by_itself(name):
    assert not binds_automatically(facts(name=name), [RARE])
    literally = Identity(name, WANG.document)
    assert not binds_automatically(facts(name=name), [literally])
    assert judge_manual(facts(name=name), [literally]) != "bound"


@pytest.mark.parametrize("number", [NUMBER, OLD_FORM, None, ""])
def test_by_hand_the_number_counts_where_the_record_has_one(number):
    assert judge_manual(facts(number=number), [WANG]) == "bound"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "王芬"},
        {"name": "王芬", "number": None},
        {"number": OTHER_NUMBER},
        {"number": "610104196209276909"},
        {"document_type": "passport"},
        {"name": "李??"},
        {"name": "李??", "number": None},
        {"name": "王??", "number": OTHER_NUMBER},
    ],
)
def test_by_hand_what_disagrees_is_refused(changes):
    assert judge_manual(facts(**changes), [WANG]) == "refused"


@pytest.mark.req("R-10")
@pytest.mark.parametrize("number", [NUMBER, OLD_FORM, None])
@pytest.mark.parametrize("name", ["王??", "王？？", "王＊"])
def test_by_hand_an_uncertain_name_that_agrees_as_far_as_known_is_reviewed(name, number):
    assert judge_manual(facts(name=name, number=number), [RARE]) == "review"


def test_by_hand_any_proved_identity_counts_and_a_sure_one_wins():
    assert judge_manual(facts(name="王小芳", number=None), [WANG, BEFORE]) == "bound"
    assert judge_manual(facts(), []) == "refused"


def record(facts=None, *, family="credentials", hold_reason=None, **changes):
    good = {"name": "王芳", "level": "专科", "conclusion": "毕业"}
    return Record(
        record_id="r1",
        family=family,
        version=1,
        updated_at=0,
        facts=facts or Credential(**(good | changes)),
        hold_reason=hold_reason,
    )


@pytest.mark.parametrize("level", ["专科", "高职（专科）", "高职(专科)"])
def test_a_junior_college_graduation_makes_eligible(level):
    assert upgrade_eligible([record(level=level)])


@pytest.mark.parametrize(
    "useless",
    [
        record(level="本科"),
        record(level="专科起点本科"),
        record(level=None),
        record(conclusion="结业"),
        record(conclusion=None),
        record(revoked=True),
        record(lost_void=True),
        record(hold_reason="照片比对未通过"),
        record(Degree(name="王芳", level="专科"), family="degrees"),
        record(Enrollment(name="王芳", level="专科", status="毕业"), family="enrollments"),
    ],
)
def test_nothing_else_makes_eligible(useless):
    assert not upgrade_eligible([useless])
    assert upgrade_eligible([useless, record()])


def test_nobody_is_eligible_without_records():
    assert not upgrade_eligible([])
