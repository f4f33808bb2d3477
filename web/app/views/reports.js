/** The own reports. */

import { all } from "../api.js";
import { h } from "../dom.js";
import { notice, page } from "../person.js";
import { day, t } from "../texts.js";

export async function reports() {
  const found = await all("/reports");
  const live = found.filter(({ status }) => status === "valid");
  const others = found.filter(({ status }) => status !== "valid");
  const list = (items) => h("ul", { class: "cards" }, ...items.map(card));
  return page(t("menu.reports"), [
    h("p", { class: "actions" }, h("a", { class: "button main", href: "#/reports/new" }, t("report.new"))),
    found.length === 0 && notice("", t("reports.none"), h("p", {}, t("reports.none.text"))),
    live.length > 0 && list(live),
    others.length > 0 && [h("h2", {}, t("reports.others")), list(others)],
  ], { intro: t("reports.intro") });
}

const card = (one) =>
  h(
    "li",
    { class: "card" },
    h("h2", {}, h("a", { href: `#/reports/${one.report_id}` }, t(`report.kind.${one.kind}`))),
    h("p", {}, h("span", { class: `badge ${one.status}` }, t(`report.status.${one.status}`)), " ", t("report.until", { day: day(one.valid_until) })),
    h("p", { class: "quiet" }, t("report.views", { count: one.views })),
  );
