/** Asking institutions for corrections, and how they stand. */

import { all, get, post, remove, upload } from "../api.js";
import { fill, h } from "../dom.js";
import { FIELDS } from "../fields.js";
import { actionButton, field, form } from "../forms.js";
import { facts, notice, page, pictureField, scanConsent } from "../person.js";
import { institutionCode, institutionField, label, titleOf, value } from "../records.js";
import { again, go } from "../router.js";
import { instant, t } from "../texts.js";

const BACK = () => ["#/corrections", t("menu.corrections")];
const NOT_TYPED = new Set(["lost_void", "revoked", "subjects", "document_type"]);
const FAMILIES = ["enrollments", "credentials", "degrees", "admissions", "exams", "loans", "aids"];

export async function corrections() {
  const found = await all("/corrections");
  const items = found.map((one) =>
    h(
      "li",
      { class: "card" },
      h("h2", {}, h("a", { href: `#/corrections/${one.correction_id}` }, one.record_id ? t("correction.of", { family: t(`family.${one.family}`) }) : t("correction.missing", { family: t(`family.${one.family}`) }))),
      h("p", {}, status(one.status), h("span", { class: "quiet" }, ` ${instant(one.history[0].at)}`)),
    ));
  return page(t("menu.corrections"), [
    items.length ? h("ul", { class: "cards" }, ...items) : notice("", t("corrections.none"), h("p", {}, t("corrections.none.text"))),
  ], { intro: t("corrections.intro") });
}

const status = (state) => h("span", { class: `badge ${state}` }, t(`correction.${state}`));

export async function correction({ id }) {
  const one = await get(`/corrections/${id}`);
  const changes = one.record_id
    ? one.changes.map(({ field: name, proposed }) => [label(one.family, name), value(name, proposed)])
    : Object.entries(one.facts).map(([name, given]) => [label(one.family, name), value(name, given)]);
  const open = ["draft", "submitted"].includes(one.status);
  return page(t("correction.of", { family: t(`family.${one.family}`) }), [
    h("p", {}, status(one.status)),
    facts(changes),
    h("h2", {}, t("correction.reason")),
    h("p", { class: "kept" }, one.reason),
    one.upload && evidenceForm(`/corrections/${id}/submit`, one.upload, again),
    h("h2", {}, t("correction.history")),
    h(
      "ol",
      { class: "plain stack" },
      ...one.history.map((step) =>
        h("li", {}, h("b", {}, t(`correction.step.${step.action}`)), ` · ${t(`actor.${step.actor}`)} · ${instant(step.at)}`, step.note && h("p", { class: "kept" }, step.note))),
    ),
    open && actionButton(t("correction.withdraw"), async () => {
      await remove(`/corrections/${id}`);
      again();
    }, { confirm: t("correction.withdraw.sure") }),
  ], { back: BACK() });
}

/** Upload a picture and submit what it belongs to. */
export function evidenceForm(submitPath, uploadForm, done, body = {}) {
  return form({
    fields: [pictureField(t("evidence.picture")), scanConsent()],
    action: t("evidence.send"),
    submit: async ({ picture, consent }) => {
      const { version } = await get("/consents");
      await upload(uploadForm, picture);
      await post(submitPath, { ...body, consent: { version, accepted: consent } });
      done();
    },
  });
}

export async function correctRecord({ family, id }) {
  const found = await get(`/archive/${family}/${id}`);
  const editable = FIELDS[family].filter((name) => !NOT_TYPED.has(name) && name !== "contract_number" && name !== "document_number");
  const rows = editable.map((name) => {
    const now = value(name, found[name]);
    return field({
      name: `to_${name}`,
      label: label(family, name),
      help: now === null ? t("correct.empty") : t("correct.now", { value: now }),
      optional: true,
      maxlength: 200,
      placeholder: name.endsWith("_date") ? "YYYY-MM-DD" : null,
    });
  });
  return asking(titleOf(family, found), ["#/archive/" + family + "/" + id, titleOf(family, found)], t("correct.intro"), rows, (values) => {
    const changes = editable.filter((name) => values[`to_${name}`]).map((name) => ({ field: name, proposed: values[`to_${name}`] }));
    return { family, record_id: id, changes };
  });
}

export async function askForRecord() {
  const place = h("div", {});
  const draw = (family) => {
    const names = FIELDS[family].filter((name) => !NOT_TYPED.has(name) && !["name", "document_number", "institution_code", "institution_name", "name_spelling", "note"].includes(name));
    const rows = [
      field({ name: "family", label: t("missing.family"), kind: "select", value: family, options: FAMILIES.map((one) => [one, t(`family.${one}`)]) }),
      institutionField("institution_code", t("bind.institution"), t("bind.institution.help")),
      ...names.map((name) => field({ name: `to_${name}`, label: label(family, name), optional: true, maxlength: 200, placeholder: name.endsWith("_date") ? "YYYY-MM-DD" : null })),
    ];
    fill(place, asking(t("missing.ask"), ["#/missing", t("missing.record")], t("missing.ask.intro"), rows, async (values) => {
      const given = names.filter((name) => values[`to_${name}`]).map((name) => [name, values[`to_${name}`]]);
      return { family, institution_code: await institutionCode(values.institution_code_text), facts: Object.fromEntries(given) };
    }));
    place.querySelector("[name=family]").addEventListener("change", (event) => draw(event.target.value));
  };
  draw("enrollments");
  return place;
}

function asking(title, back, intro, rows, bodyOf) {
  return page(title, [
    form({
      fields: [
        ...rows,
        field({ name: "reason", label: t("correction.reason"), help: t("correction.reason.help"), kind: "textarea", maxlength: 1000 }),
        field({ name: "evidence", kind: "checkbox", label: t("correction.evidence") }),
      ],
      action: t("correction.send"),
      submit: async (values, key) => {
        const body = await bodyOf(values);
        const request = { ...body, reason: values.reason, ...(values.evidence ? { evidence: true } : {}) };
        const answer = await post("/corrections", request, { key }).catch((error) => {
          throw placed(error, body);
        });
        go(`/corrections/${answer.correction_id}`);
      },
    }),
  ], { back, intro, className: "narrow" });
}

/** The same problem with the names of this page's fields. */
function placed(error, body) {
  for (const one of error.errors ?? []) {
    const change = /^changes\[(\d+)\]/.exec(one.field);
    const fact = /^facts\.(\w+)/.exec(one.field);
    if (change) one.field = `to_${body.changes[change[1]].field}`;
    if (fact) one.field = `to_${fact[1]}`;
  }
  return error;
}
