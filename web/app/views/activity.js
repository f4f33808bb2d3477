/** Who read or changed what, and when. */

import { get } from "../api.js";
import { h } from "../dom.js";
import { actionButton } from "../forms.js";
import { page } from "../person.js";
import { hasText, instant, t } from "../texts.js";

export async function activity() {
  const list = h("ol", { class: "plain lines" });
  const more = h("div", {});
  const load = async (cursor) => {
    const { items, next } = await get("/account/activity", { limit: 50, cursor });
    list.append(...items.map(line));
    more.replaceChildren(...(next ? [actionButton(t("more"), () => load(next))] : []));
  };
  await load();
  return page(t("account.activity"), [list, more], { back: ["#/account", t("menu.account")], intro: t("activity.intro") });
}

function line({ action, actor, at, facts }) {
  const what = hasText(`activity.${action}`) ? t(`activity.${action}`) : action;
  const more = [facts.purpose, facts.place ?? facts.origin].filter(Boolean);
  return h(
    "li",
    {},
    h("time", { datetime: at }, instant(at)),
    h("span", {}, h("b", {}, what), ` · ${t(`actor.${actor}`)}`, more.length > 0 && h("span", { class: "quiet" }, ` · ${more.join(" · ")}`)),
  );
}
