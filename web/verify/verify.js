"use strict";

const VERDICTS = {
  valid: ["报告有效", "Valid", "以下内容与报告出具时一致。", "The content below is what was issued."],
  superseded: [
    "报告已被更新的记录取代",
    "Superseded",
    "院校已更正记录，以最新记录为准；以下为出具时的内容。",
    "The institution has corrected the record since; the latest record prevails. Below is what was issued.",
  ],
  expired: ["报告已过有效期", "Expired", "请向报告所有人索取新的报告。", "Ask its owner for a new one."],
  closed: ["报告已被所有人关闭", "Closed by its owner", "请向报告所有人了解情况。", "Ask its owner."],
  revoked: ["报告已被撤销", "Revoked", "该报告不能作为证明使用。", "It proves nothing any more."],
};

const REFUSALS = {
  report_not_found: ["没有这份报告", "No such report", "请逐位核对验证码。", "Check each character of the code."],
  code_malformed: ["验证码格式不正确", "Not a verification code", "验证码为 16 位，请逐位核对。", "It has 16 characters; check each one."],
  rate_limited: ["查询过于频繁", "Too many tries", "请稍后再试。", "Wait a little and try again."],
};

const UNKNOWN = [
  "暂时无法核对",
  "Could not check just now",
  "这不表示报告有问题，请稍后再试。",
  "This says nothing about the report; try again later.",
];

const LABELS = {
  title: "报告", report_number: "报告编号", name: "姓名", sex: "性别", birth_date: "出生日期",
  ethnicity: "民族", institution_name: "院校名称", level: "层次", major_name: "专业名称",
  length_years: "学制（年）", category: "学历类别", study_form: "学习形式", branch: "分院",
  department: "系所", enrollment_date: "入学日期", status: "学籍状态",
  expected_graduation_date: "预计毕业日期", graduation_date: "毕（结）业日期",
  certificate_number: "证书编号", school_number: "学校证书编号", serial_number: "印刷序号",
  conclusion: "毕（结）业", president_name: "校（院）长姓名", degree_name: "学位",
  awarded_date: "授予日期", replaces: "所替代的证书", issued_at: "出具时间", valid_until: "有效期至",
};

const find = (id) => document.getElementById(id);

/** Chinese text with its English after it; never read as markup. */
function say(element, zh, en) {
  const english = document.createElement("span");
  english.lang = "en";
  english.textContent = en;
  element.replaceChildren(`${zh} `, english);
}

function showTexts([zh, en, moreZh, moreEn], kind) {
  find("outcome").className = `outcome ${kind}`;
  say(find("verdict"), zh, en);
  say(find("explanation"), moreZh, moreEn);
}

function fact(label, value, english) {
  const row = document.createDocumentFragment();
  const term = document.createElement("dt");
  term.textContent = label;
  const detail = document.createElement("dd");
  detail.textContent = value;
  if (english && english !== value) {
    const other = document.createElement("span");
    other.lang = "en";
    other.textContent = ` ${english}`;
    detail.append(other);
  }
  row.append(term, detail);
  return row;
}

function showReport(report) {
  const rows = [];
  for (const [field, label] of Object.entries(LABELS)) {
    const value = report[field];
    if (value === undefined || value === null) continue;
    const isTime = field === "issued_at" || field === "valid_until";
    const shown = isTime ? new Date(value).toLocaleString("zh-CN", { hour12: false }) : String(value);
    rows.push(fact(label, shown, field === "title" ? report.title_en : report.english?.[field]));
  }
  find("facts").replaceChildren(...rows);
}

function showAnswer(answer) {
  const texts = VERDICTS[answer.result] ?? UNKNOWN;
  showTexts(texts, answer.result === "valid" ? "good" : "bad");
  if (answer.report) showReport(answer.report);
  if (answer.photo_url) {
    find("photo").src = answer.photo_url;
    find("photo").hidden = false;
  }
  if (answer.pdf_url) {
    find("pdf-link").href = answer.pdf_url;
    find("pdf").hidden = false;
  }
  const at = new Date(answer.checked_at).toLocaleString("zh-CN", { hour12: false });
  say(find("checked"), `核对时间：${at}`, "checked just now");
}

function clear() {
  find("facts").replaceChildren();
  find("photo").hidden = true;
  find("photo").removeAttribute("src");
  find("pdf").hidden = true;
  find("checked").replaceChildren();
}

async function check(code, purpose) {
  clear();
  find("outcome").hidden = false;
  showTexts(["正在核对", "Checking", "", ""], "waiting");
  try {
    const query = purpose ? `?purpose=${encodeURIComponent(purpose)}` : "";
    const address = `/api/verifications/${encodeURIComponent(code.replace(/[\s-]/g, ""))}${query}`;
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    const body = await answer.json();
    if (answer.ok) showAnswer(body);
    else showTexts(REFUSALS[body.code] ?? UNKNOWN, "bad");
  } catch {
    showTexts(UNKNOWN, "bad");
  }
  find("outcome").focus();
}

find("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const code = find("code").value.trim();
  if (code) check(code, find("purpose").value.trim());
  else find("code").focus();
});

const [scanned] = decodeURIComponent(location.hash.slice(1)).split(".");
if (scanned) {
  find("code").value = scanned;
  check(scanned, "");
}
