/** Getting back into an account: the user name, or a new password. */

import { post } from "../api.js";
import { emailField, phoneField, proof } from "../codes.js";
import { fill, h } from "../dom.js";
import { form, passwordField } from "../forms.js";
import { documentFields, nameField, notice, page } from "../person.js";
import { t } from "../texts.js";

const BACK = () => ["#/recover", t("recover.title")];

export async function recover() {
  const card = (href, title, text) => h("li", { class: "card" }, h("h2", {}, h("a", { href }, title)), h("p", {}, text));
  return page(t("recover.title"), [
    h(
      "ul",
      { class: "cards" },
      card("#/recover/username", t("recover.username"), t("recover.username.text")),
      card("#/recover/password", t("recover.password"), t("recover.password.text")),
      card("#/appeal", t("appeal.start"), t("recover.appeal.text")),
    ),
  ]);
}

export async function recoverUsername() {
  const place = h("div", { class: "stack" });
  const details = (token) =>
    form({
      fields: [nameField(), ...documentFields()],
      action: t("recover.username.send"),
      submit: async (values, key) => {
        await post("/username-recoveries", { verification_token: token, ...values }, { key });
        fill(place, notice("good", t("recover.username.done"), h("p", {}, t("recover.username.done.text")), signInLink()));
      },
    });
  const ask = { purpose: "recover_username", channel: "sms", field: phoneField };
  fill(place, proof({ ask, done: (token) => fill(place, details(token)) }));
  return page(t("recover.username"), [place], { back: BACK(), intro: t("recover.username.text"), className: "narrow" });
}

export async function resetPassword() {
  const place = h("div", { class: "stack" });
  const details = (token) =>
    form({
      fields: [
        ...documentFields(),
        passwordField({ name: "new_password", label: t("password.new"), help: t("password.help"), autocomplete: "new-password" }),
      ],
      action: t("recover.password.set"),
      submit: async (values, key) => {
        await post("/password-resets", { verification_token: token, ...values }, { key });
        fill(place, notice("good", t("recover.password.done"), h("p", {}, t("recover.password.done.text")), signInLink()));
      },
    });
  const by = (channel) =>
    fill(
      place,
      proof({
        ask: { purpose: "reset_password", channel, field: channel === "sms" ? phoneField : emailField },
        done: (token) => fill(place, details(token)),
      }),
      h(
        "p",
        {},
        h("button", { type: "button", class: "link", on: { click: () => by(channel === "sms" ? "email" : "sms") } }, t(channel === "sms" ? "recover.byEmail" : "recover.byPhone")),
      ),
    );
  by("sms");
  return page(t("recover.password"), [place], { back: BACK(), intro: t("recover.password.text"), className: "narrow" });
}

const signInLink = () => h("p", { class: "actions" }, h("a", { class: "button main", href: "#/sign-in" }, t("menu.signIn")));
