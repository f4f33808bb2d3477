/** The registrar's queue of corrections. */

import { announce, fill, h } from "../dom.js";
import { field } from "../forms.js";
import { page } from "../person.js";
import { picture } from "../records.js";
import { go } from "../router.js";
import { instant, t } from "../texts.js";
import { acceptOrRefuse, differences, pictureOnDemand, queue } from "./queues.js";

const STATES = ["submitted", "in_review", "accepted", "refused", "withdrawn"];

export async function corrections({ query }) {
  const status = STATES.includes(query.get("status")) ? query.get("status") : "submitted";
  const chosen = field({
    name: "status",
    label: t("report.state"),
    kind: "select",
    value: status,
    options: STATES.map((one) => [one, t(`staff.state.${one}`)]),
    optional: true,
  });
  chosen.querySelector("select").addEventListener("change", (event) => go(`/corrections?status=${event.target.value}`));
  return page(t("staff.corrections"), [
    chosen,
    ...(await queue("/registrar/corrections", { status }, (one) => item(one, status), t("staff.corrections.none"))),
  ], { intro: t("staff.corrections.intro") });
}

function item(one, status) {
  const place = h("li", { class: "card" });
  const path = `/registrar/corrections/${one.correction_id}`;
  const decided = (answer) => {
    announce(t("staff.decided"));
    fill(place, h("p", { class: "good" }, t(`staff.state.${answer.status}`)));
  };
  fill(
    place,
    h("h2", {}, [t(`family.${one.family}`), one.name].filter(Boolean).join(" · ")),
    h("p", { class: "quiet" }, t("staff.age", { days: one.age_days }), one.submitted_at && ` · ${instant(one.submitted_at)}`, !one.record_id && ` · ${t("staff.missing")}`),
    differences(one.family, one.changes),
    h("p", { class: "kept" }, one.reason),
    one.evidence && pictureOnDemand(t("staff.evidence"), () => picture(`${path}/evidence`, {}, t("staff.evidence"), "scan")),
    one.needs_review && h("p", { class: "help" }, t("staff.needsReview")),
    status === "submitted" && h("details", {}, h("summary", {}, t("staff.decide")), acceptOrRefuse(`${path}/decision`, decided)),
  );
  return place;
}
