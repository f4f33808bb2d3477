/** How records are named and shown. */

import { get } from "./api.js";
import { h } from "./dom.js";
import { FIELDS, LABELS } from "./fields.js";
import { facts } from "./person.js";
import { currentLanguage, recordedDate, t } from "./texts.js";

/** What a field is called on a family's records. */
export function label(family, field) {
  const [zh, en] = LABELS[`${family}.${field}`] ?? LABELS[field] ?? [field, field];
  return currentLanguage() === "zh" ? zh : en;
}

/** One value as it is read. */
export function value(field, given) {
  if (given === null || given === undefined || given === "") return null;
  if (given === true || given === false) return given ? t("yes") : null;
  if (field === "subjects") return given.map(({ subject, score }) => `${subject} ${score}`).join("，") || null;
  if (field === "document_type") return t(`document.${given}`);
  if (field === "length_years") return t("years", { count: given });
  if (field.endsWith("_date")) return recordedDate(given);
  return String(given);
}

/** A record's facts as a list. */
export const recordFacts = (family, record) =>
  facts(FIELDS[family].map((field) => [label(family, field), value(field, record[field])]));

/** What a record is about, in one line. */
export function titleOf(family, record) {
  const parts = {
    enrollments: [record.institution_name, record.major_name],
    credentials: [record.institution_name, record.major_name],
    degrees: [record.degree_name, record.institution_name],
    admissions: [record.institution_name, record.major_name],
    exams: [record.exam_kind ?? t("family.exams"), record.province],
    loans: [record.lender],
    aids: [record.aid_kind],
  };
  return parts[family].filter(Boolean).join(" · ") || t(`family.${family}`);
}

/** The date that places a record in a life (`YYYY-MM-DD` or a year), or an empty text. */
export function dateOf(family, record) {
  const dates = {
    enrollments: record.enrollment_date,
    credentials: record.graduation_date,
    degrees: record.awarded_date,
    admissions: record.admission_date ?? record.year,
    exams: record.year,
    loans: record.academic_years ?? record.settled_date,
    aids: record.granted_date ?? record.academic_year,
  };
  return String(dates[family] ?? "");
}

/** What stands under the title. */
export function noteOf(family, record) {
  const parts = {
    enrollments: [record.level, record.status],
    credentials: [record.level, record.conclusion, record.lost_void && t("record.lost"), record.revoked && t("record.revoked")],
    degrees: [record.level, record.revoked && t("record.revoked")],
    admissions: [record.level, record.province, record.batch],
    exams: [record.total_score && t("record.total", { score: record.total_score })],
    loans: [record.status, record.amount && t("yuan", { amount: record.amount })],
    aids: [record.amount && t("yuan", { amount: record.amount })],
  };
  return parts[family].filter(Boolean).join(" · ");
}

/** Whether a report may be issued on a record. */
export const isReportable = (record) => !record.held && !record.lost_void && !record.revoked;

/** The picture of an answer that needs the session; it is forgotten with the page. */
export async function picture(path, query, description, className = "photo") {
  const { ask } = await import("./api.js");
  const blob = await ask("GET", path, { query, as: "blob" });
  const address = URL.createObjectURL(blob);
  const image = h("img", { src: address, alt: description, class: className });
  image.addEventListener("load", () => URL.revokeObjectURL(address));
  return image;
}

/** Save the bytes of an answer as a file. */
export async function save(path, name, query) {
  const { ask } = await import("./api.js");
  const blob = await ask("GET", path, { query, as: "blob" });
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** A field in which an institution is looked for as one types; its value is the code. */
export function institutionField(name, labelText, help) {
  const list = h("datalist", { id: `${name}-list` });
  const input = h("input", { name: `${name}_text`, id: `${name}-input`, list: list.id, autocomplete: "off", maxlength: 60, required: true, "aria-describedby": `${name}-help ${name}-wrong` });
  let asked = 0;
  const look = async () => {
    asked += 1;
    const turn = asked;
    const query = input.value.trim();
    if (query.length < 2) return;
    const { items } = await get("/institutions", { query, limit: 12 }).catch(() => ({ items: [] }));
    if (turn === asked) list.replaceChildren(...items.map((one) => h("option", { value: one.name }, one.code)));
  };
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 250);
  });
  return h(
    "div",
    { class: "field", "data-field": name },
    h("label", { for: input.id }, labelText),
    input,
    list,
    h("p", { id: `${name}-help`, class: "help" }, help),
    h("p", { id: `${name}-wrong`, class: "wrong", hidden: true }),
  );
}

/** The code of the institution that was typed by name or code. */
export async function institutionCode(text) {
  const { items } = await get("/institutions", { query: text, limit: 20 });
  return (items.find((one) => one.name === text || one.code === text) ?? items[0])?.code ?? null;
}
