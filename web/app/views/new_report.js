/** Issuing a report: what, in which language, what of it is shown, and for how long. */

import { all, get, post } from "../api.js";
import { fill, h } from "../dom.js";
import { DISCLOSABLE, PRESETS, REPORT_KINDS } from "../fields.js";
import { choices, field, form } from "../forms.js";
import { facts, notice, page } from "../person.js";
import { isReportable, label, noteOf, titleOf, value } from "../records.js";
import { go } from "../router.js";
import { t } from "../texts.js";

const FAMILIES = Object.keys(REPORT_KINDS);

export async function newReport({ query }) {
  const records = (await Promise.all(FAMILIES.map(listed))).flat();
  const back = ["#/reports", t("menu.reports")];
  if (!records.length) {
    return page(t("report.new"), [notice("", t("report.nothing"), h("p", {}, t("report.nothing.text")))], { back });
  }
  const asked = records.findIndex(({ family, record }) => family === query.get("family") && record.record_id === query.get("record"));
  return page(t("report.new"), [reportForm(records, Math.max(asked, 0))], { back, intro: t("report.intro") });
}

async function listed(family) {
  const { families } = await get("/archive");
  if (!families.some((one) => one.family === family && one.count)) return [];
  return (await all(`/archive/${family}`)).filter(isReportable).map((record) => ({ family, record }));
}

function reportForm(records, first) {
  const preview = h("section", { class: "card preview", "aria-live": "polite" });
  const picked = h("div", {});
  const element = form({
    fields: [
      field({
        name: "record",
        label: t("report.record"),
        kind: "select",
        value: String(first),
        options: records.map(({ family, record }, place) => [String(place), `${t(`report.kind.${REPORT_KINDS[family]}`)}：${titleOf(family, record)} ${noteOf(family, record)}`]),
      }),
      choices({
        name: "disclosure",
        label: t("report.disclosure"),
        value: "full",
        options: ["full", "summary", "status", "choice"].map((one) => [one, t(`disclosure.${one}`), t(`disclosure.${one}.text`)]),
      }),
      picked,
      preview,
      choices({ name: "language", label: t("report.language"), value: "zh", options: ["zh", "en", "zh+en"].map((one) => [one, t(`language.${one}`)]) }),
      field({
        name: "valid_months",
        label: t("report.months"),
        help: t("report.months.help"),
        kind: "select",
        value: "1",
        options: [1, 2, 3, 4, 5, 6].map((count) => [String(count), t("months", { count })]),
      }),
    ],
    action: t("report.issue"),
    submit: async ({ language, valid_months }, key) => {
      const { family, record } = chosen();
      const body = {
        kind: REPORT_KINDS[family],
        record_id: record.record_id,
        language,
        valid_months: Number(valid_months),
        disclosure: disclosed().preset ?? disclosed().fields,
      };
      const answer = await post("/reports", body, { key });
      go(`/reports/${answer.report_id}?new=1`);
    },
  });
  const chosen = () => records[element.elements.record.value];
  const disclosed = () => {
    const kind = REPORT_KINDS[chosen().family];
    const preset = element.elements.disclosure.value;
    if (preset !== "choice") return { preset, fields: PRESETS[kind][preset] };
    return { fields: [...picked.querySelectorAll("input:checked")].map((box) => box.value) };
  };
  const drawChoice = () => {
    const { family } = chosen();
    const kind = REPORT_KINDS[family];
    const wanted = element.elements.disclosure.value === "choice";
    fill(picked, wanted && tickList(family, DISCLOSABLE[kind], PRESETS[kind].summary));
  };
  const drawPreview = () => {
    const { family, record } = chosen();
    const { fields } = disclosed();
    fill(
      preview,
      h("h2", {}, t("report.preview")),
      h("p", { class: "help" }, t("report.preview.text")),
      fields.length
        ? facts(fields.map((name) => [label(family, name), name === "photo" ? t(record.photos.length ? "photo.shown" : "photo.none") : value(name, record[name])]))
        : h("p", {}, t("report.preview.empty")),
    );
  };
  element.addEventListener("change", (event) => {
    if (["record", "disclosure"].includes(event.target.name)) drawChoice();
    drawPreview();
  });
  drawPreview();
  return element;
}

function tickList(family, names, ticked) {
  return h(
    "fieldset",
    { class: "field ticks" },
    h("legend", {}, t("disclosure.fields")),
    ...names.map((name) => {
      const id = `show-${name}`;
      return h("div", { class: "tick" }, h("input", { type: "checkbox", id, value: name, checked: ticked.includes(name) }), h("label", { for: id }, label(family, name)));
    }),
  );
}
