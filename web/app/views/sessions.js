/** Where somebody is signed in. */

import { all, remove } from "../api.js";
import { h } from "../dom.js";
import { actionButton } from "../forms.js";
import { page } from "../person.js";
import { again } from "../router.js";
import { instant, t } from "../texts.js";

export async function sessions() {
  const found = await all("/sessions");
  return page(t("account.sessions"), [
    h(
      "ul",
      { class: "cards" },
      ...found.map((one) =>
        h(
          "li",
          { class: "card" },
          h("h2", {}, device(one.device), one.current && h("span", { class: "badge valid" }, t("session.current"))),
          h("p", { class: "quiet" }, [one.place, t("session.used", { time: instant(one.last_used_at) })].filter(Boolean).join(" · ")),
          !one.current && actionButton(t("session.end"), async () => {
            await remove(`/sessions/${one.session_id}`);
            again();
          }),
        )),
    ),
  ], { back: ["#/account", t("menu.account")], intro: t("session.intro") });
}

/** A browser and a system in a word each, as far as the user agent tells. */
function device(agent) {
  const browser = [["Edg", "Edge"], ["MicroMessenger", "微信"], ["Firefox", "Firefox"], ["Chrome", "Chrome"], ["Safari", "Safari"]].find(([mark]) => agent.includes(mark));
  const system = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["Linux", "Linux"]].find(([mark]) => agent.includes(mark));
  return [browser?.[1], system?.[1]].filter(Boolean).join(" · ") || agent || t("session.unknown");
}
