"""Which column of an institution's file holds which field of a record.

Institutions deliver tables whose headings are either pinyin codes (`XM`, `SFZH`, `ZSBH` …, the
national data standards' initials) or Chinese words (姓名, 身份证号, 证书编号 …). One table names
both; `docs/columns.md` is made from it by `python -m infra.document_columns`.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.records import Family


class Reading(StrEnum):
    """How a cell is read; the values say it in the documentation."""

    TEXT = "text"
    CODE = "letters and digits, full-width ones folded"
    CERTIFICATE_NUMBER = "number, compared without decoration and leading zeros"
    NAME = "name as on the document; `?` stands for a character that could not be recorded"
    SEX = "男 or 女, or GB/T 2261.1 (1, 2; 0 and 9 mean unknown)"
    ETHNICITY = "word, or GB/T 3304 (01 … 56)"
    DOCUMENT_TYPE = "word, code (1 居民身份证, 8 台湾通行证, 9 永久居留证, A 护照) or our own name"
    DOCUMENT_NUMBER = "15 or 18 characters become 18; a wrong one is kept as recorded"
    BIRTH_DATE = "date, not in the future"
    DATE = "date; without a day the first of the month"
    YEAR = "year"
    LENGTH = "years, for example 4 or 2.5"
    SCORE = "points"
    AMOUNT = "yuan"
    FLAG = "1 or 是, 0 or 否; empty means 否"
    SUBJECTS = "`语文:128;数学:135`"
    INSTITUTION_CODE = "5 digits, or the identifier of 10"
    LEVEL = "level, for example 本科"
    DEGREE_LEVEL = "博士, 硕士 or 学士"
    CATEGORY = "category, for example 普通高等教育"
    STUDY_FORM = "study form, for example 普通全日制"
    STATUS = "status, for example 休学"
    CONCLUSION = "毕业 or 结业"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: our `field`, its pinyin `code`, its `chinese` name, and further headings."""

    field: str
    code: str
    chinese: str
    reading: Reading = Reading.TEXT
    aliases: tuple[str, ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        """Every heading under which this column is known."""
        return (self.code, self.chinese, *self.aliases)


HOLD_FIELD = "hold_reason"
"""The field that withholds a record; it stands beside its facts, not among them."""

_PERSON = (
    Column("name", "XM", "姓名", Reading.NAME, ("学生姓名",)),
    Column(
        "document_type",
        "ZJLX",
        "证件类型",
        Reading.DOCUMENT_TYPE,
        ("ZJLXM", "SFZJLX", "SFZJLXM", "身份证件类型", "身份证件类型码"),
    ),
    Column(
        "document_number",
        "SFZH",
        "身份证号",
        Reading.DOCUMENT_NUMBER,
        ("ZJHM", "SFZJH", "证件号码", "身份证号码", "身份证件号码", "身份证件号", "公民身份号码"),
    ),
    Column("sex", "XB", "性别", Reading.SEX, ("XBM", "XBDM", "性别码", "性别代码")),
    Column("birth_date", "CSRQ", "出生日期", Reading.BIRTH_DATE),
    Column("ethnicity", "MZ", "民族", Reading.ETHNICITY, ("MZM", "MZDM", "民族码", "民族代码")),
    Column("name_spelling", "XMPY", "姓名拼音"),
)
_LAST = (
    Column("note", "BZ", "备注"),
    Column(HOLD_FIELD, "YCYY", "隐藏原因"),
)
_INSTITUTION = (
    Column(
        "institution_code",
        "YXDM",
        "院校代码",
        Reading.INSTITUTION_CODE,
        ("XXDM", "XXBSM", "学校代码", "学校标识码"),
    ),
    Column("institution_name", "YXMC", "院校名称", aliases=("XXMC", "学校名称", "毕业院校")),
)
_MAJOR = (
    Column("major_code", "ZYDM", "专业代码", Reading.CODE),
    Column("major_name", "ZYMC", "专业名称", aliases=("专业",)),
)
_LEVEL = Column("level", "CC", "层次", Reading.LEVEL, ("PYCC", "培养层次", "学历层次"))
_STUDY_FORM = Column("study_form", "XXXS", "学习形式", Reading.STUDY_FORM)
_STUDY = (
    *_INSTITUTION,
    _LEVEL,
    *_MAJOR,
    Column("length_years", "XZ", "学制", Reading.LENGTH),
    Column("category", "XLLB", "学历类别", Reading.CATEGORY, ("办学类型",)),
    _STUDY_FORM,
    Column("branch", "FY", "分院", aliases=("分院(校)",)),
    Column("enrollment_date", "RXRQ", "入学日期", Reading.DATE, ("RXNY", "入学年月")),
)
_EXAMINEE = Column("examinee_number", "KSH", "考生号", Reading.CODE)
_PROVINCE = Column("province", "SF", "省份", aliases=("SYSF", "生源省份", "省市"))
_TOTAL = Column("total_score", "ZF", "总分", Reading.SCORE, ("总成绩",))
_PRESIDENT = Column("president_name", "XZXM", "校长姓名", aliases=("校(院)长姓名", "校院长姓名"))

COLUMNS: Mapping[Family, tuple[Column, ...]] = {
    "enrollments": (
        *_PERSON,
        *_STUDY,
        Column("department", "XSH", "系所", aliases=("YX", "院系", "系(所、函授站)", "系所名称")),
        Column("class_name", "BH", "班级", aliases=("BJ", "BJMC", "班号", "班级名称")),
        Column("student_number", "XH", "学号", Reading.CODE),
        _EXAMINEE,
        Column("status", "XJZT", "学籍状态", Reading.STATUS),
        Column("expected_graduation_date", "YJBYRQ", "预计毕业日期", Reading.DATE),
        *_LAST,
    ),
    "credentials": (
        *_PERSON,
        *_STUDY,
        Column(
            "graduation_date",
            "BYRQ",
            "毕业日期",
            Reading.DATE,
            ("BYNY", "毕业年月", "毕(结)业日期", "毕结业日期"),
        ),
        Column(
            "certificate_number",
            "ZSBH",
            "证书编号",
            Reading.CERTIFICATE_NUMBER,
            ("BYZSH", "毕业证书编号"),
        ),
        Column("school_number", "XXBH", "学校证书号", Reading.CERTIFICATE_NUMBER, ("学校编号",)),
        Column("serial_number", "YSBH", "印刷序号", Reading.CERTIFICATE_NUMBER, ("印制编号",)),
        Column(
            "conclusion",
            "BJYJL",
            "毕结业结论",
            Reading.CONCLUSION,
            ("毕(结)业", "毕(结)业结论", "毕业结论"),
        ),
        _PRESIDENT,
        Column("lost_void", "YSZF", "遗失作废", Reading.FLAG),
        Column("revoked", "ZSCX", "证书撤销", Reading.FLAG),
        Column(
            "replaced_by", "BFZSBH", "补发证明书编号", Reading.CERTIFICATE_NUMBER, ("补发证书编号",)
        ),
        Column("replaces", "YZSBH", "原证书编号", Reading.CERTIFICATE_NUMBER),
        *_LAST,
    ),
    "degrees": (
        *_PERSON,
        Column(
            "institution_code",
            "YXDM",
            "院校代码",
            Reading.INSTITUTION_CODE,
            ("XWSYDWM", "学位授予单位码", "学位授予单位代码", "学校代码", "学校标识码"),
        ),
        Column(
            "institution_name",
            "YXMC",
            "院校名称",
            aliases=("XWSYDW", "学位授予单位", "学位授予单位名称", "学校名称"),
        ),
        Column("level", "XWJB", "学位级别", Reading.DEGREE_LEVEL, ("CC", "层次", "学位层次")),
        *_MAJOR,
        Column("degree_name", "XWMC", "学位名称", aliases=("XWLB", "学位类别", "学位")),
        Column(
            "awarded_date",
            "HDXWRQ",
            "获学位日期",
            Reading.DATE,
            ("SYRQ", "授予日期", "学位授予日期", "HXWRQ"),
        ),
        Column(
            "certificate_number",
            "XWZSBH",
            "学位证书编号",
            Reading.CERTIFICATE_NUMBER,
            ("XWZSH", "学位证书号", "证书编号"),
        ),
        _PRESIDENT,
        Column("revoked", "XWCX", "学位撤销", Reading.FLAG),
        *_LAST,
    ),
    "admissions": (
        *_PERSON,
        _EXAMINEE,
        _PROVINCE,
        Column("year", "NF", "年份", Reading.YEAR, ("LQNF", "录取年份")),
        *_INSTITUTION,
        _LEVEL,
        *_MAJOR,
        _STUDY_FORM,
        Column("batch", "PC", "批次", aliases=("LQPC", "录取批次")),
        Column("admission_date", "LQRQ", "录取日期", Reading.DATE),
        _TOTAL,
        *_LAST,
    ),
    "exams": (
        *_PERSON,
        Column("exam_kind", "KSLX", "考试类型", aliases=("考试名称",)),
        Column("year", "NF", "年份", Reading.YEAR, ("KSNF", "考试年份")),
        _PROVINCE,
        _EXAMINEE,
        Column("subjects", "KMCJ", "科目成绩", Reading.SUBJECTS),
        _TOTAL,
        *_LAST,
    ),
    "loans": (
        *_PERSON,
        Column("lender", "DKJG", "贷款机构", aliases=("JBYH", "经办银行")),
        Column("contract_number", "HTBH", "合同编号", Reading.CODE),
        Column("academic_years", "DKXN", "贷款学年", aliases=("XN", "学年")),
        Column("amount", "DKJE", "贷款金额", Reading.AMOUNT),
        Column("status", "DKZT", "贷款状态"),
        Column("settled_date", "JQRQ", "结清日期", Reading.DATE),
        *_INSTITUTION,
        *_LAST,
    ),
    "aids": (
        *_PERSON,
        Column("aid_kind", "ZZXM", "资助项目", aliases=("资助类型",)),
        Column("academic_year", "XN", "学年"),
        Column("amount", "ZZJE", "资助金额", Reading.AMOUNT),
        Column("granted_date", "FFRQ", "发放日期", Reading.DATE),
        *_INSTITUTION,
        *_LAST,
    ),
}
"""Family → its columns, in the order in which they are written."""

_INSTITUTION_GROUP = ("institution_code", "institution_name")

REQUIRED: Mapping[Family, tuple[tuple[str, ...], ...]] = {
    "enrollments": (("name",), _INSTITUTION_GROUP, ("student_number", "examinee_number")),
    "credentials": (
        ("name",),
        _INSTITUTION_GROUP,
        ("certificate_number", "school_number", "serial_number"),
    ),
    "degrees": (("name",), _INSTITUTION_GROUP, ("certificate_number",)),
    "admissions": (("name",), ("year",), ("examinee_number",)),
    "exams": (("name",), ("year",), ("examinee_number",)),
    "loans": (("name",), ("contract_number",)),
    "aids": (("name",), ("aid_kind",), ("academic_year",)),
}
"""Family → groups of fields; a file and each of its rows need at least one of every group."""


def _normal_heading(heading: str) -> str:
    return "".join(unicodedata.normalize("NFKC", heading).upper().split())


_BY_HEADING: Mapping[Family, Mapping[str, Column]] = {
    family: {_normal_heading(heading): column for column in columns for heading in column.headings}
    for family, columns in COLUMNS.items()
}
_BY_FIELD: Mapping[Family, Mapping[str, Column]] = {
    family: {column.field: column for column in columns} for family, columns in COLUMNS.items()
}


def column_for(family: Family, heading: str) -> Column | None:
    """The column that a file's heading names; None if the family has no such column.

    Case, spaces and the width of letters and brackets do not matter.
    """
    return _BY_HEADING[family].get(_normal_heading(heading))


def column_of_field(family: Family, field: str) -> Column:
    """The column that holds `field`; KeyError if the family has no such field."""
    return _BY_FIELD[family][field]
