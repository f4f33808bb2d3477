"""The closed list of refusals: permanent public codes and what they say, in Chinese and English.

Inner code raises `Refusal` (one code) or `InvalidInput` (one or more fields); it never knows
about HTTP. The edge has the one table from code to status (`chalicelib/api/problems.py`).
A code, once published, never changes its meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    zh: str
    en: str

    def in_language(self, language: Language) -> str:
        """The sentence in `language`."""
        return self.zh if language == "zh" else self.en


REFUSALS: Mapping[str, Text] = {
    "invalid_request": Text(
        "请求中有一项或多项不符合要求，请按 errors 中的说明修改。",
        "One or more members are not as required; see errors for what to change.",
    ),
    "malformed_json": Text(
        "请求正文不是有效的 JSON 对象。", "The body is not a valid JSON object."
    ),
    "unsupported_media_type": Text(
        "请以 application/json 发送请求正文。", "Send the body as application/json."
    ),
    "too_large": Text("请求正文过大，上限为 64 KiB。", "The body is larger than 64 KiB."),
    "unauthenticated": Text("请先登录。", "Sign in first."),
    "forbidden": Text("您无权进行此操作。", "You may not do this."),
    "proof_required": Text(
        "请先通过实名核验，再查看学籍学历信息。",
        "Prove your identity first; records are shown only after that.",
    ),
    "consent_withdrawn": Text(
        "您已撤回同意，我们不再为您处理学籍学历信息。您可以重新同意、导出信息或注销账户。",
        "You withdrew your consent: we process no records for you any more. You can agree again, "
        "export your data or close the account.",
    ),
    "reauthentication_required": Text("请重新输入密码。", "Enter your password again."),
    "not_found": Text("没有找到您要的内容。", "There is nothing here."),
    "method_not_allowed": Text(
        "此地址不支持该请求方法。", "This address does not answer that method."
    ),
    "conflict": Text(
        "当前状态不允许此操作，请刷新后再试。",
        "The present state does not allow this; refresh and try again.",
    ),
    "rate_limited": Text("操作过于频繁，请稍后再试。", "Too many tries; wait and try again."),
    "internal_error": Text(
        "系统出错，请稍后再试；如需帮助请提供 request_id。",
        "Something went wrong on our side; try again, or quote request_id when asking for help.",
    ),
    "unavailable": Text(
        "服务暂时不可用，请稍后再试，您的操作没有生效。",
        "The service is not available just now; nothing was changed. Try again later.",
    ),
    "idempotency_key_reused": Text(
        "此 Idempotency-Key 已用于另一个请求。",
        "This Idempotency-Key was used for a different request.",
    ),
    "request_in_progress": Text(
        "相同 Idempotency-Key 的请求仍在处理，请稍后再试。",
        "The request with this Idempotency-Key is still running; try again in a moment.",
    ),
    "cursor_invalid": Text(
        "翻页标记无效或已过期，请从第一页重新查询。",
        "The cursor is not valid or has expired; start again from the first page.",
    ),
    "code_invalid": Text(
        "验证码不正确或已失效，请检查或重新获取。",
        "The code is wrong or no longer valid; check it or ask for a new one.",
    ),
    "verification_token_invalid": Text(
        "验证已失效，请重新获取验证码。",
        "The verification has expired or was used; ask for a new code.",
    ),
    "identity_taken": Text(
        "该证件号码已注册。请找回用户名或密码；如非本人注册，请提交申诉。",
        "This document number is already registered. Recover the account, or appeal if it is not "
        "yours.",
    ),
    "contact_taken": Text(
        "该手机号码或电子邮箱已被其他账户使用，请更换后重新注册。",
        "The phone or e-mail belongs to another account; register again with another one.",
    ),
    "credentials_invalid": Text("用户名或密码不正确。", "The user name or the password is wrong."),
    "not_matched": Text(
        "没有找到与您的身份和所填内容一致的记录，请核对后再试。",
        "No record agrees with your identity and what you entered; check it and try again.",
    ),
    "file_rejected": Text(
        "没有收到可用的图片：请上传一张 JPEG 或 PNG 图片，不超过 5 MiB、2500 万像素。",
        "There is no usable picture: upload one JPEG or PNG of at most 5 MiB and 25 megapixels.",
    ),
    "record_not_reportable": Text(
        "该记录目前不能申请报告（已隐藏、遗失作废或撤销），请联系院校学籍管理部门。",
        "No report can be issued on this record (held, lost or revoked); ask the institution's "
        "registrar.",
    ),
    "report_not_extendable": Text(
        "只能在有效期最后一个月内或过期后延期，且总有效期不超过 12 个月。",
        "A report can be extended in its last month or after expiry, up to 12 months in all.",
    ),
    "report_not_found": Text(
        "没有找到该报告，请核对验证码。", "There is no report with this code; check it."
    ),
    "code_malformed": Text(
        "报告验证码格式不正确：应为 16 位，请核对每一位。",
        "This is not a report's verification code: it has 16 characters; check each one.",
    ),
}
"""Public code → what it says to the person."""

FIELD_PROBLEMS: Mapping[str, Text] = {
    "required": Text("此项必填。", "This member is required."),
    "unknown_member": Text("没有这一项，请删除。", "There is no such member; remove it."),
    "type_invalid": Text("此项的类型不正确。", "This member has the wrong type."),
    "value_invalid": Text("此项的取值不在允许范围内。", "This value is not allowed here."),
    "text_invalid": Text(
        "此项含有控制字符或不可见字符。", "This text holds control or invisible characters."
    ),
    "too_long": Text("此项过长。", "This member is too long."),
    "too_deep": Text("嵌套层次过深。", "The body is nested too deeply."),
    "too_many_members": Text("成员过多。", "The body has too many members."),
    "channel_not_allowed": Text(
        "此用途不能使用该发送方式。", "This purpose cannot use that channel."
    ),
    "purpose_not_allowed": Text(
        "此用途的验证码不能在这里申请。", "Codes for this purpose cannot be asked for here."
    ),
    "phone_invalid": Text(
        "请填写 11 位中国大陆手机号码。", "Give a mainland mobile number of 11 digits."
    ),
    "email_invalid": Text("请填写有效的电子邮箱地址。", "Give a valid e-mail address."),
    "name_invalid": Text(
        "请填写与证件一致的姓名：2 至 50 个汉字（可含间隔号“·”）或拉丁字母。",
        "Give the name as on the document: 2 to 50 Han characters (with ·) or Latin letters.",
    ),
    "document_number_invalid": Text("证件号码不正确。", "The document number is not valid."),
    "document_number_invalid.length": Text(
        "证件号码的位数不正确。", "The document number has the wrong length."
    ),
    "document_number_invalid.format": Text(
        "证件号码含有不允许的字符或格式不正确。",
        "The document number holds characters or a form that this document does not have.",
    ),
    "document_number_invalid.region": Text(
        "证件号码前六位不是有效的地区代码。", "The first six digits are not a region."
    ),
    "document_number_invalid.date": Text(
        "证件号码中的出生日期不存在或晚于今天。",
        "The birth date in the number does not exist or lies in the future.",
    ),
    "document_number_invalid.check_character": Text(
        "证件号码的校验码（最后一位）不正确，请逐位核对。",
        "The check character (the last one) does not agree; check each digit.",
    ),
    "password_too_short": Text("密码至少 8 位。", "The password needs at least 8 characters."),
    "password_too_long": Text("密码最多 128 位。", "The password has at most 128 characters."),
    "password_too_common": Text(
        "该密码过于常见，容易被猜到，请换一个。", "This password is too common; choose another."
    ),
    "password_contains_identity": Text(
        "密码不能包含姓名、邮箱名、证件号码或手机号码的内容。",
        "The password must not hold your name, e-mail name, document number or phone.",
    ),
    "consent_required": Text(
        "请阅读并同意现行版本的用户协议和隐私政策。",
        "Read and accept the present version of the terms and privacy notice.",
    ),
    "verification_token_invalid": Text(
        "验证已失效，请重新获取验证码。",
        "The verification has expired or was used; ask for a new code.",
    ),
    "contact_unchanged": Text(
        "新号码或邮箱与现在的相同。", "This is the phone or e-mail the account has already."
    ),
    "authenticator_code_invalid": Text(
        "验证器应用显示的验证码不正确，请检查手机时间后重试。",
        "This is not the app's present code; check the phone's clock and try again.",
    ),
    "value_unchanged": Text("与记录现有内容相同。", "The record says so already."),
    "date_invalid": Text("日期应为 YYYY-MM-DD 且真实存在。", "Give an existing date, YYYY-MM-DD."),
    "year_invalid": Text("年份不正确。", "The year is not possible."),
    "institution_unknown": Text("没有找到该院校。", "There is no such institution."),
    "certificate_number_invalid": Text("证书编号不正确。", "The certificate number is not valid."),
    "encoding_invalid": Text(
        "文件编码应为 UTF-8 或 GB18030。", "The file must be encoded in UTF-8 or GB18030."
    ),
    "file_unreadable": Text("文件不是有效的 CSV 文件。", "The file is not a readable CSV file."),
    "column_missing": Text("文件缺少此列。", "The file lacks this column."),
    "column_repeated": Text(
        "文件中此列出现多次。", "This column stands more than once in the file."
    ),
    "column_unknown": Text(
        "系统不认识此列，其内容未收录。", "This column is not known; its contents were left out."
    ),
    "row_misaligned": Text(
        "此行的数据超出表头的列数。", "This row has more cells than the header has columns."
    ),
    "row_repeated": Text(
        "文件中已有同一条记录，此行未收录。",
        "The same record stands earlier in this file; this row was left out.",
    ),
    "number_invalid": Text("此项应为数字。", "This must be a number in the usual range."),
    "word_unusual": Text(
        "此用语不在标准用语之列，已按原样收录。",
        "This is not one of the standard words; it was kept as recorded.",
    ),
    "number_disagrees": Text(
        "与证件号码所示不一致，已按原样收录。",
        "The document number says otherwise; this was kept as recorded.",
    ),
    "number_unusual": Text(
        "证书编号与通行编号规则或本行的院校、年份、层次不符，已按原样收录。",
        "The number differs from the usual structure or from this row's institution, year or "
        "level; it was kept as recorded.",
    ),
    "day_assumed": Text(
        "日期只有年月，已按当月第一日收录。",
        "The date has no day; it was kept as the first of its month.",
    ),
}
"""Code of a field's problem (`code` or `code.reason`) → what it says."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one member: `field` (dotted path), `code` (public) and `reason`.

    `reason` refines the text only (`document_number_invalid` + `date`); it is None where the code
    says all.
    """

    field: str
    code: str
    reason: str | None = None

    def detail(self, language: Language) -> str:
        """The sentence for the person."""
        refined = FIELD_PROBLEMS.get(f"{self.code}.{self.reason}") if self.reason else None
        return (refined or FIELD_PROBLEMS[self.code]).in_language(language)


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer to the person, not a fault
    """An operation says no, with a public code.

    `retry_after` is in whole seconds; `links` are relative addresses of what to do next; `cause`
    names what failed underneath, for the log only (an error's code, never a value).
    """

    def __init__(
        self,
        code: str,
        *,
        retry_after: int | None = None,
        links: Mapping[str, str] | None = None,
        cause: str | None = None,
    ) -> None:
        if code not in REFUSALS:
            raise ValueError(f"no such public code: {code}")
        super().__init__(code if cause is None else f"{code}:{cause}")
        self.code = code
        self.retry_after = retry_after
        self.links = links
        self.cause = cause


class InvalidInput(Refusal):
    """One or more members are not as required (public code `invalid_request`)."""

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__("invalid_request")
        self.problems = problems

    def __str__(self) -> str:
        """Fields and codes only: never a value."""
        return ", ".join(f"{problem.field}: {problem.code}" for problem in self.problems)


def invalid(field: str, code: str, reason: str | None = None) -> InvalidInput:
    """The refusal for one field."""
    return InvalidInput(FieldProblem(field, code, reason))
