/** An authenticator app as the second step. */

import { ask, post } from "../api.js";
import { fill, h } from "../dom.js";
import { field, form } from "../forms.js";
import { facts, notice, page } from "../person.js";
import { t } from "../texts.js";
import { currentPassword } from "./contacts.js";

export async function authenticator() {
  const place = h("div", { class: "stack" });
  const begin = form({
    fields: [currentPassword()],
    action: t("authenticator.begin"),
    submit: async (values, key) => {
      const { secret, address } = await post("/account/authenticator", values, { key });
      fill(place, setup(place, secret, address));
    },
  });
  const end = form({
    fields: [currentPassword()],
    action: t("authenticator.remove"),
    danger: true,
    submit: async (values) => {
      await ask("DELETE", "/account/authenticator", { body: values });
      fill(place, notice("good", t("authenticator.removed"), h("p", {}, t("authenticator.removed.text"))));
    },
  });
  fill(place, begin, h("details", {}, h("summary", {}, t("authenticator.have")), end));
  return page(t("account.authenticator"), [place], { back: ["#/account", t("menu.account")], intro: t("authenticator.intro"), className: "narrow" });
}

function setup(place, secret, address) {
  const grouped = secret.match(/.{1,4}/g).join(" ");
  return [
    h("ol", { class: "plain stack" }, h("li", {}, t("authenticator.step1")), h("li", {}, t("authenticator.step2"))),
    facts([[t("authenticator.secret"), h("span", { class: "number big" }, grouped)]]),
    h("p", {}, h("a", { class: "button", href: address }, t("authenticator.open"))),
    form({
      fields: [field({ name: "code", label: t("authenticator.code"), inputmode: "numeric", autocomplete: "one-time-code", maxlength: 12, class: "code" })],
      action: t("continue"),
      submit: async (values, key) => {
        const { recovery_codes } = await post("/account/authenticator/confirm", values, { key });
        fill(place, notice("good", t("authenticator.done"), h("p", {}, t("authenticator.codes")), h("ul", { class: "codes number" }, ...recovery_codes.map((code) => h("li", {}, code)))));
      },
    }),
  ];
}
