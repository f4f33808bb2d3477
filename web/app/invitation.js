/**
 * Accepting an invitation, or setting the password after an appeal: a password and, for staff, an
 * authenticator app. The token is in the fragment, which no server sees, and leaves it at once.
 */

import { Problem, get, post } from "./api.js";
import { fill, h } from "./dom.js";
import { explanation, field, form, passwordField } from "./forms.js";
import { facts, notice, page } from "./person.js";
import { prepare } from "./shell.js";
import { t } from "./texts.js";

const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

async function draw() {
  const place = h("div", { class: "stack" });
  document.title = `${t("invitation.title")} · ${t("brand")}`;
  fill(document.getElementById("main"), page(t("invitation.title"), [place], { className: "narrow" }));
  try {
    fill(place, ...invitation(place, await post("/invitations", { token })));
  } catch (error) {
    const refused = error instanceof Problem && error.status < 500;
    fill(place, notice("warm", t(refused ? "link.refused" : "error.title"), ...(refused ? [h("p", {}, t("link.refused.text"))] : explanation(error))));
  }
}

function invitation(place, { username, name, authenticator }) {
  const app = authenticator && [
    h("h2", {}, t("account.authenticator")),
    h("ol", { class: "plain stack" }, h("li", {}, t("authenticator.step1")), h("li", {}, t("authenticator.step2"))),
    facts([[t("authenticator.secret"), h("span", { class: "number big" }, authenticator.secret.match(/.{1,4}/g).join(" "))]]),
    h("p", {}, h("a", { class: "button", href: authenticator.address }, t("authenticator.open"))),
    field({ name: "code", label: t("authenticator.code"), inputmode: "numeric", autocomplete: "one-time-code", maxlength: 12, class: "code" }),
  ];
  const accept = form({
    fields: [
      h("input", { type: "email", autocomplete: "username", value: username, hidden: true, "aria-hidden": "true", tabindex: "-1" }),
      passwordField({ name: "password", label: t("password.new"), help: t("password.help"), autocomplete: "new-password" }),
      ...(app ?? [field({ name: "consent", label: t("register.consent"), kind: "checkbox", help: h("a", { href: "/#/terms", target: "_blank" }, t("register.terms.read")) })]),
    ],
    action: t("invitation.accept"),
    submit: async ({ consent, ...values }, key) => {
      const terms = app ? {} : { consent: { version: (await get("/consents")).version, accepted: consent } };
      const { recovery_codes } = await post("/invitations/accept", { token, ...values, ...terms }, { key });
      fill(place, notice("good", t("invitation.done"), recovery_codes.length > 0 && [h("p", {}, t("authenticator.codes")), h("ul", { class: "codes number" }, ...recovery_codes.map((code) => h("li", {}, code)))], h("p", {}, h("a", { class: "button main", href: authenticator ? "/staff/" : "/#/sign-in" }, t("menu.signIn")))));
    },
  });
  return [facts([[t("name"), name], [t("register.username"), username]]), accept];
}

await prepare({ menu: () => [["/", t("brand")], ["/help/", t("menu.help")]], again: draw });
await draw();
