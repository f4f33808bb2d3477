/** The fields that say who somebody is, and the pieces that many pages share. */

import { h } from "./dom.js";
import { field } from "./forms.js";
import { t } from "./texts.js";

export const DOCUMENT_TYPES = [
  "resident_id",
  "residence_permit",
  "mainland_travel_permit_hk_mo",
  "mainland_travel_permit_tw",
  "passport",
  "permanent_resident_card",
];

/** Name. */
export const nameField = (value = "") =>
  field({ name: "name", label: t("name"), help: t("name.help"), autocomplete: "name", maxlength: 50, value });

/** Kind and number of the identity document. */
export const documentFields = (kind = "resident_id", number = "") => [
  field({
    name: "document_type",
    label: t("document.type"),
    kind: "select",
    options: DOCUMENT_TYPES.map((type) => [type, t(`document.${type}`)]),
    value: kind,
  }),
  field({
    name: "document_number",
    label: t("document.number"),
    help: t("document.number.help"),
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    maxlength: 24,
    class: "number",
    value: number,
  }),
];

/** Facts as a list of terms and details: [label, value] pairs; empty values are left out. */
export function facts(rows, className = "facts") {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: className }, ...shown.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))));
}

/** A page: heading, an optional way back, and what it holds. */
export const page = (title, children, { back, intro, className = "" } = {}) =>
  h(
    "article",
    { class: `page ${className}` },
    back && h("p", { class: "back" }, h("a", { href: back[0] }, `‹ ${back[1]}`)),
    h("h1", {}, title),
    intro && h("p", { class: "intro" }, intro),
    ...children,
  );

/** Where somebody is in a few steps; `present` counts from 0. */
export const steps = (names, present) =>
  h(
    "ol",
    { class: "steps", "aria-label": t("steps", { present: present + 1, count: names.length }) },
    ...names.map((name, place) =>
      h("li", { class: place < present ? "done" : null, "aria-current": place === present ? "step" : null }, name)),
  );

/** A calm note with a heading. */
export const notice = (kind, title, ...children) =>
  h("section", { class: `notice ${kind}` }, h("h2", {}, title), ...children);

/** A picture to upload, from the camera where there is one. */
export const pictureField = (label, help) =>
  field({ name: "picture", label, help: help ?? t("picture.help"), kind: "file", accept: "image/jpeg,image/png" });

/** The separate consent to a scan of a document. */
export const scanConsent = () =>
  field({ name: "consent", kind: "checkbox", label: t("scan.consent"), help: h("a", { href: "#/terms?kind=document_scan", target: "_blank" }, t("scan.consent.read")) });
