/** Taking everything along, and closing the account. */

import { ask } from "../api.js";
import { phoneField, proof } from "../codes.js";
import { fill, h } from "../dom.js";
import { actionButton, field, form } from "../forms.js";
import { notice, page } from "../person.js";
import { save } from "../records.js";
import { instant, t } from "../texts.js";
import { currentPassword } from "./contacts.js";

const BACK = () => ["#/account", t("menu.account")];

export async function exportPage() {
  return page(t("account.export"), [
    h(
      "div",
      { class: "actions" },
      actionButton(t("export.html"), () => save("/account/export", "archive.html", { format: "html" }), { className: "main" }),
      actionButton(t("export.json"), () => save("/account/export", "archive.json")),
    ),
    h("p", { class: "quiet" }, t("export.careful")),
  ], { back: BACK(), intro: t("export.intro") });
}

export async function closeAccount() {
  const place = h("div", { class: "stack" });
  const last = (token) =>
    form({
      fields: [currentPassword(), field({ name: "sure", kind: "checkbox", label: t("close.sure"), required: true })],
      action: t("account.close"),
      danger: true,
      submit: async ({ current_password }) => {
        const { closes_at } = await ask("DELETE", "/account", { body: { verification_token: token, current_password } });
        fill(place, notice("warm", t("closing.title"), h("p", {}, t("closing.text", { time: instant(closes_at) })), h("p", {}, t("closing.stay"))));
      },
    });
  fill(
    place,
    notice("warm", t("close.what"), h("ul", {}, ...["close.what.1", "close.what.2", "close.what.3"].map((key) => h("li", {}, t(key))))),
    h("p", {}, h("a", { href: "#/account/export" }, t("close.export"))),
    proof({ ask: { purpose: "close_account", channel: "sms", field: phoneField }, done: (token) => fill(place, last(token)) }),
  );
  return page(t("account.close"), [place], { back: BACK(), intro: t("close.intro"), className: "narrow" });
}
