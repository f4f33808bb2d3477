/** Changing phone, e-mail and password. */

import { accountChanged, put } from "../api.js";
import { emailField, phoneField, proof } from "../codes.js";
import { fill, h } from "../dom.js";
import { form, passwordField } from "../forms.js";
import { notice, page } from "../person.js";
import { t } from "../texts.js";

const BACK = () => ["#/account", t("menu.account")];

export const currentPassword = () =>
  passwordField({ name: "current_password", label: t("password.current"), autocomplete: "current-password" });

const changeContact = (kind, purpose, channel, destination) => async () => {
  const place = h("div", { class: "stack" });
  const change = (token) =>
    form({
      fields: [currentPassword()],
      action: t(`account.${kind}`),
      submit: async ({ current_password }) => {
        accountChanged(await put(`/account/${kind}`, { verification_token: token, current_password }));
        fill(place, notice("good", t("changed"), h("p", {}, t("contact.changed")), h("p", {}, h("a", { class: "button", href: "#/account" }, t("menu.account")))));
      },
    });
  fill(place, proof({ ask: { purpose, channel, field: destination }, done: (token) => fill(place, change(token)) }));
  return page(t(`account.${kind}`), [place], { back: BACK(), intro: t(`contact.${kind}.intro`), className: "narrow" });
};

export const changePhone = changeContact("phone", "change_phone", "sms", phoneField);
export const changeEmail = changeContact("email", "change_email", "email", emailField);

export async function changePassword() {
  const place = h("div", { class: "stack" });
  fill(
    place,
    form({
      fields: [currentPassword(), passwordField({ name: "new_password", label: t("password.new"), help: t("password.help"), autocomplete: "new-password" })],
      action: t("account.password"),
      submit: async (values) => {
        await put("/account/password", values);
        fill(place, notice("good", t("changed"), h("p", {}, t("password.changed"))));
      },
    }),
  );
  return page(t("account.password"), [place], { back: BACK(), className: "narrow" });
}
