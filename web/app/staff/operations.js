/** Keeping the archive running: messages that could not be sent, and figures of each day. */

import { get, post } from "../api.js";
import { announce, h } from "../dom.js";
import { actionButton, duration } from "../forms.js";
import { facts, page } from "../person.js";
import { again } from "../router.js";
import { day, t } from "../texts.js";

const FIGURES = ["registrations", "bindings", "reports", "verifications"];

export async function operations() {
  const [letters, { days }] = await Promise.all([get("/operator/dead-letters"), get("/operator/statistics")]);
  return page(t("staff.operations"), [deadLetters(letters), statistics(days)], { intro: t("staff.operations.intro") });
}

const deadLetters = ({ waiting, oldest_message_seconds: oldest }) =>
  h(
    "section",
    { class: "card" },
    h("h2", {}, t("staff.letters")),
    facts([
      [t("staff.letters.waiting"), String(waiting)],
      [t("staff.letters.oldest"), duration(oldest)],
    ]),
    waiting > 0 && actionButton(t("staff.letters.redrive"), async () => {
      const { redriven } = await post("/operator/dead-letters/redrive", undefined, { key: crypto.randomUUID() });
      announce(t("staff.letters.redriven", { count: redriven }));
      again();
    }, { className: "main" }),
  );

const statistics = (days) =>
  h(
    "section",
    { class: "stack" },
    h("h2", {}, t("staff.statistics")),
    days.length === 0
      ? h("p", { class: "quiet" }, t("staff.statistics.none"))
      : h(
          "div",
          { class: "scroll", tabindex: "0", role: "region", "aria-label": t("staff.statistics") },
          h(
            "table",
            {},
            h("thead", {}, h("tr", {}, ...["day", ...FIGURES].map((name) => h("th", { scope: "col" }, t(`staff.figure.${name}`))))),
            h("tbody", {}, ...[...days].reverse().map((one) => h("tr", {}, h("th", { scope: "row" }, day(`${one.day}T12:00:00`)), ...FIGURES.map((name) => h("td", { class: "number" }, String(one[name])))))),
          ),
        ),
  );
