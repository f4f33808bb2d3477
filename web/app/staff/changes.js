/** The reviewer's queue: key fields that a registrar would change. */

import { announce, fill, h } from "../dom.js";
import { page } from "../person.js";
import { instant, t } from "../texts.js";
import { acceptOrRefuse, differences, queue } from "./queues.js";

export async function changes() {
  return page(t("staff.changes"), await queue("/reviewer/changes", {}, item, t("staff.changes.none")), { intro: t("staff.changes.intro") });
}

function item(one) {
  const place = h("li", { class: "card" });
  const decided = (answer) => {
    announce(t("staff.decided"));
    fill(place, h("p", { class: "good" }, t(`staff.state.${answer.status}`)));
  };
  fill(
    place,
    h("h2", {}, [t(`family.${one.family}`), one.name, one.institution_code].filter(Boolean).join(" · ")),
    h("p", { class: "quiet" }, t("staff.age", { days: one.age_days }), ` · ${instant(one.proposed_at)}`, one.asked_by_student && ` · ${t("staff.askedByStudent")}`),
    one.outdated && h("p", { class: "wrong" }, t("staff.outdated")),
    differences(one.family, one.changes),
    h("p", { class: "kept" }, one.reason),
    h("details", {}, h("summary", {}, t("staff.decide")), acceptOrRefuse(`/reviewer/changes/${one.change_id}/decision`, decided)),
  );
  return place;
}
