/** The registrar's search, and what can be done to a record. */

import { ask, post, put } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { FIELDS } from "../fields.js";
import { choices, field, form } from "../forms.js";
import { notice, page } from "../person.js";
import { label, recordFacts, titleOf, value } from "../records.js";
import { t } from "../texts.js";

const NUMBERS = ["document_number", "certificate_number", "student_number"];
const NOT_TYPED = new Set(["lost_void", "revoked", "replaced_by", "replaces", "subjects", "document_type", "institution_code", "institution_name", "name_spelling"]);

export async function search() {
  const place = h("div", { class: "stack" });
  const seek = form({
    fields: [
      field({ name: "purpose", label: t("staff.purpose"), help: t("staff.purpose.help"), maxlength: 200 }),
      choices({ name: "by", label: t("staff.by"), value: "document_number", options: NUMBERS.map((one) => [one, t(`staff.by.${one}`)]) }),
      field({ name: "number", label: t("staff.number"), maxlength: 64, autocomplete: "off", class: "number" }),
    ],
    action: t("staff.search"),
    submit: async ({ purpose, by, number }) => {
      const { items } = await post("/registrar/records/search", { purpose, [by]: number }).catch((error) => {
        for (const one of error.errors ?? []) if (one.field === by) one.field = "number";
        throw error;
      });
      fill(place, items.length ? h("ul", { class: "stack" }, ...items.map(item)) : notice("", t("staff.search.none"), h("p", {}, t("staff.search.none.text"))));
    },
  });
  return page(t("staff.records"), [seek, place], { intro: t("staff.records.intro") });
}

function item(record) {
  const { family, record_id: id } = record;
  const place = h("li", { class: "card" });
  const path = `/registrar/records/${family}/${id}`;
  const done = (answer) => {
    announce(t("staff.done"));
    fill(place, notice("good", t("staff.done"), h("p", {}, t(answer.change_id ? "staff.done.waiting" : "staff.done.version", { version: answer.version ?? "" }))));
  };
  const reason = () => field({ name: "reason", label: t("correction.reason"), kind: "textarea", maxlength: 500 });
  const act = (text, fields, submit, danger) => h("details", {}, h("summary", {}, text), form({ fields, action: text, submit, danger }));
  fill(
    place,
    h("h2", {}, `${t(`family.${family}`)} · ${titleOf(family, record)}`),
    record.hold_reason && h("p", { class: "wrong" }, `${t("held.title")}: ${record.hold_reason}`),
    recordFacts(family, record),
    act(t("staff.change"), [...editable(family, record), reason()], async (values) => {
      const changed = Object.entries(values).filter(([name, given]) => name !== "reason" && given !== "");
      done(await put(path, { reason: values.reason, ...Object.fromEntries(changed) }));
    }),
    record.hold_reason
      ? act(t("staff.release"), [reason()], async (values) => done(await ask("DELETE", `${path}/hold`, { body: values })))
      : act(t("staff.hold"), [reason()], async (values) => done(await put(`${path}/hold`, values))),
    ["credentials", "degrees"].includes(family) && !record.revoked && act(t("staff.revoke"), [reason()], async (values) => done(await put(`${path}/revocation`, values)), true),
    family === "credentials" && !record.lost_void && act(
      t("staff.replace"),
      [field({ name: "certificate_number", label: t("staff.replace.number"), maxlength: 64, class: "number" }), reason()],
      async (values, key) => done(await post(`${path}/replacement`, values, { key })),
    ),
  );
  return place;
}

const editable = (family, record) =>
  FIELDS[family].filter((name) => !NOT_TYPED.has(name)).map((name) =>
    field({ name, label: label(family, name), help: t("correct.now", { value: value(name, record[name]) ?? "—" }), optional: true, maxlength: 200 }));
