/** The operator's appeals and reviews: looked at for a stated purpose, decided by two people. */

import { get, post } from "../api.js";
import { fill, h } from "../dom.js";
import { choices, field, form } from "../forms.js";
import { facts, notice, page } from "../person.js";
import { label, picture, titleOf, value } from "../records.js";
import { FIELDS } from "../fields.js";
import { again } from "../router.js";
import { instant, t } from "../texts.js";
import { pictureOnDemand, queue } from "./queues.js";

const PURPOSES = ["decision", "supervision", "complaint"];
const REASONS = ["document_unreadable", "document_mismatch", "document_expired", "document_incomplete", "holder_confirmed", "evidence_missing", "contact_in_use"];

export const appeals = () => list("appeals", "appeal_id", () => t("staff.appeal"));

export const reviews = () => list("reviews", "review_id", ({ kind }) => t(`staff.review.${kind}`));

async function list(name, id, title) {
  const row = (one) =>
    h(
      "li",
      { class: "card" },
      h("h2", {}, h("a", { href: `#/${name}/${one[id]}` }, title(one))),
      h(
        "p",
        { class: one.past_due ? "wrong" : "quiet" },
        [one.due_at && t("staff.due", { time: instant(one.due_at) }), one.objections && t("staff.objections", { count: one.objections }), one.proposal && t("staff.proposed")].filter(Boolean).join(" · "),
      ),
    );
  return page(t(`staff.${name}`), await queue(`/operator/${name}`, {}, row, t("staff.nothing")), { intro: t(`staff.${name}.intro`) });
}

export const appeal = ({ id }) => withPurpose(t("staff.appeal"), "appeals", id, appealParts);

export const review = ({ id }) => withPurpose(t("staff.review"), "reviews", id, reviewParts);

/** Nothing personal is read before somebody has said what for. */
async function withPurpose(title, name, id, parts) {
  const place = h("div", { class: "stack" });
  const path = `/operator/${name}/${id}`;
  fill(
    place,
    form({
      fields: [choices({ name: "purpose", label: t("staff.purpose"), value: "decision", options: PURPOSES.map((one) => [one, t(`staff.purpose.${one}`)]) })],
      action: t("staff.look"),
      submit: async ({ purpose }) => {
        const found = await get(path, { purpose });
        fill(place, ...parts(found), found.scan && scan(path, purpose), found.proposal && proposal(found.proposal), decision(path, place));
      },
    }),
  );
  return page(title, [place], { back: [`#/${name}`, t(`staff.${name}`)] });
}

const scan = (path, purpose) => pictureOnDemand(t("staff.scan"), () => picture(`${path}/scan`, { purpose }, t("staff.scan"), "scan"));

function appealParts(one) {
  return [
    facts([
      [t("name"), one.name],
      [t(`document.${one.document_type}`), h("span", { class: "number" }, one.document_number)],
      [t("phone"), one.phone],
      [t("email"), one.email],
      [t("appeal.reason"), one.reason],
      [t("appeal.dueAt"), one.due_at && instant(one.due_at)],
    ]),
    one.holder && h("section", {}, h("h2", {}, t("staff.holder")), facts([
      [t("account.level"), t(`level.${one.holder.proof_level}`)],
      [t("staff.sameName"), t(one.holder.same_name ? "yes" : "staff.no")],
      [t("phone"), one.holder.phone],
      [t("account.since"), instant(one.holder.created_at)],
    ])),
    one.objections.length > 0 && h("section", {}, h("h2", {}, t("staff.objected")), ...one.objections.map(({ reason, at }) => h("p", { class: "kept" }, `${instant(at)} · ${reason}`))),
    h("section", {}, h("h2", {}, t("staff.checklist")), h("ul", {}, ...one.checklist.map((line) => h("li", { class: "tick" }, h("input", { type: "checkbox", id: line }), h("label", { for: line }, line))))),
  ].filter(Boolean);
}

function reviewParts(one) {
  return [
    facts([
      [t("staff.presentName"), one.present_name],
      [t("staff.presentNumber"), one.present_document_number],
      [t("name"), one.name],
      [t("document.number"), one.document_number],
    ]),
    one.record && h("section", {}, h("h2", {}, titleOf(one.family, one.record)), facts(FIELDS[one.family].map((name) => [label(one.family, name), value(name, one.record[name])]))),
  ].filter(Boolean);
}

const proposal = ({ decision: proposed, reason_code, note, by_you }) =>
  notice("warm", t(by_you ? "staff.proposal.yours" : "staff.proposal"), facts([
    [t("staff.decision"), t(`staff.${proposed}`)],
    [t("correction.reason"), reason_code && t(`staff.reason.${reason_code}`)],
    [t("staff.note"), note],
  ]));

function decision(path, place) {
  return form({
    fields: [
      choices({ name: "decision", label: t("staff.decision"), options: ["approve", "reject", "more_information"].map((one) => [one, t(`staff.${one}`)]) }),
      field({ name: "reason_code", label: t("staff.reasonCode"), help: t("staff.reasonCode.help"), kind: "select", options: [["", "—"], ...REASONS.map((one) => [one, t(`staff.reason.${one}`)])], optional: true }),
      field({ name: "note", label: t("staff.note"), help: t("staff.note.colleagues"), kind: "textarea", maxlength: 1000, optional: true }),
    ],
    action: t("staff.decide"),
    submit: async ({ decision: chosen, reason_code, note }, key) => {
      const body = { decision: chosen, ...(reason_code ? { reason_code } : {}), ...(note ? { note } : {}) };
      const { outcome } = await post(`${path}/decision`, body, { key });
      fill(place, notice("good", t(`staff.outcome.${outcome}`), h("p", {}, t(`staff.outcome.${outcome}.text`))), h("button", { type: "button", on: { click: again } }, t("staff.look")));
    },
  });
}
