/** The first page, for somebody who is not signed in. */

import { h } from "../dom.js";
import { t } from "../texts.js";

export async function start() {
  return h(
    "article",
    { class: "page start" },
    h(
      "section",
      { class: "hero" },
      h("h1", {}, t("start.title")),
      h("p", { class: "intro" }, t("start.intro")),
      h(
        "div",
        { class: "actions" },
        h("a", { class: "button main", href: "#/register" }, t("start.register")),
        h("a", { class: "button", href: "#/sign-in" }, t("menu.signIn")),
      ),
    ),
    h(
      "ul",
      { class: "cards three" },
      ...["see", "correct", "prove"].map((name) =>
        h("li", { class: "card" }, h("h2", {}, t(`start.${name}`)), h("p", {}, t(`start.${name}.text`)))),
    ),
    h(
      "section",
      { class: "card wide" },
      h("h2", {}, t("start.verify")),
      h("p", {}, t("start.verify.text")),
      h("p", {}, h("a", { class: "button", href: "/verify/" }, t("menu.verify"))),
    ),
    h(
      "section",
      {},
      h("h2", {}, t("start.who")),
      h("ul", { class: "plain" }, h("li", {}, t("start.who.graduates")), h("li", {}, t("start.who.students"))),
      h("p", { class: "quiet" }, t("start.who.more"), " ", h("a", { href: "/help/" }, t("menu.help"))),
    ),
  );
}
