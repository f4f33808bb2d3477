/** Registering: phone and code, details, a look at the summary, yes or no. */

import { NoAnswer, Problem, post, remove } from "../api.js";
import { phoneField, proof } from "../codes.js";
import { fill, h } from "../dom.js";
import { actionButton, field, form, passwordField } from "../forms.js";
import { documentFields, facts, nameField, notice, page, steps } from "../person.js";
import { go } from "../router.js";
import { hasText, t } from "../texts.js";

const typed = {};

export async function register() {
  const place = h("div", { class: "stack" });
  const texts = await post_consents();
  const show = (step, ...children) => {
    fill(place, steps([t("register.step.phone"), t("register.step.details"), t("register.step.check")], step), ...children);
    place.querySelector("h2")?.focus();
  };
  phoneStep(show, texts);
  return page(t("register.title"), [place], { intro: t("register.intro") });
}

async function post_consents() {
  const { get } = await import("../api.js");
  return get("/consents");
}

function phoneStep(show, consents) {
  show(
    0,
    proof({
      ask: { purpose: "register", channel: "sms", field: () => phoneField(typed.phone) },
      intro: h("p", { class: "help" }, t("register.phone.why")),
      done: (token, phone) => {
        typed.phone = phone;
        detailsStep(show, consents, token);
      },
    }),
  );
}

function detailsStep(show, consents, token) {
  const terms = h("a", { href: "#/terms", target: "_blank" }, t("register.terms.read"));
  const details = form({
    fields: [
      nameField(typed.name),
      ...documentFields(typed.document_type, typed.document_number),
      field({ name: "email", label: t("email"), help: t("register.email.help"), kind: "email", autocomplete: "email", maxlength: 254, value: typed.email }),
      passwordField({ name: "password", label: t("password"), help: t("password.help"), autocomplete: "new-password" }),
      field({ name: "consent", label: t("register.consent"), kind: "checkbox", help: terms }),
    ],
    action: t("continue"),
    submit: async ({ consent, ...values }, key) => {
      Object.assign(typed, values, { password: undefined });
      const body = { verification_token: token, ...values, consent: { version: consents.version, accepted: consent } };
      try {
        const draft = await post("/registrations", body, { key });
        checkStep(show, consents, draft);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.code === "identity_taken") return takenStep(show);
        if (tokenSpent(error)) return show(0, notice("warm", t("register.again"), h("p", {}, t("register.again.text"))), again(show, consents));
        throw error;
      }
      return undefined;
    },
  });
  show(1, h("p", { class: "help" }, t("register.details.why")), details);
}

const tokenSpent = (problem) =>
  problem.code === "verification_token_invalid" || problem.errors.some(({ code }) => code === "verification_token_invalid");

const again = (show, consents) =>
  h("div", { class: "actions" }, h("button", { type: "button", class: "main", on: { click: () => phoneStep(show, consents) } }, t("register.startAgain")));

function checkStep(show, consents, draft) {
  const { review } = draft;
  const yes = actionButton(
    t("register.yes"),
    async () => {
      const { account, bound } = await confirmed(draft.registration_id);
      Object.keys(typed).forEach((name) => delete typed[name]);
      doneStep(show, account, bound);
    },
    { className: "main" },
  );
  const no = actionButton(t("register.no"), async () => {
    await remove(`/registrations/${draft.registration_id}`);
    phoneStep(show, consents);
  });
  show(
    2,
    h("p", {}, t("register.check")),
    facts([
      [t("register.username"), review.username],
      [t("name"), review.name],
      [t("document.type"), t(`document.${review.document_type}`)],
      [t("document.number"), h("span", { class: "number big" }, review.document_number)],
    ]),
    h("div", { class: "actions" }, yes, no),
    h("p", { class: "quiet" }, t("register.check.time")),
  );
}

/** Confirm; a lost answer is asked for once more, since repeating it is safe. */
async function confirmed(id) {
  try {
    return await post(`/registrations/${id}/confirm`, {});
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return post(`/registrations/${id}/confirm`, {});
  }
}

function takenStep(show) {
  show(
    1,
    notice(
      "warm",
      t("taken.title"),
      h("p", {}, t("taken.calm")),
      h("h3", {}, t("taken.yours")),
      h("p", {}, t("taken.yours.text")),
      h(
        "p",
        { class: "actions" },
        h("a", { class: "button main", href: "#/recover/username" }, t("recover.username")),
        h("a", { class: "button", href: "#/recover/password" }, t("recover.password")),
      ),
      h("h3", {}, t("taken.notYours")),
      h("p", {}, t("taken.notYours.text")),
      h("p", { class: "actions" }, h("a", { class: "button", href: "#/appeal" }, t("appeal.start"))),
    ),
  );
}

function doneStep(show, account, bound) {
  const found = Object.entries(bound).filter(([family, count]) => count && hasText(`family.${family}`));
  const proved = account.proof_level !== "phone";
  const records = found.map(([family, count]) => h("li", {}, `${t(`family.${family}`)} · ${count}`));
  show(
    3,
    notice(
      "good",
      t("register.done"),
      h("p", {}, t("register.done.mail", { email: account.email })),
      proved && (records.length ? [h("p", {}, t("register.done.found")), h("ul", { class: "plain" }, ...records)] : h("p", {}, t("register.done.none"))),
      !proved && h("p", {}, t("register.done.unproved")),
      h("p", { class: "actions" }, h("button", { type: "button", class: "main", on: { click: () => go(`/sign-in?username=${encodeURIComponent("")}`) } }, t("menu.signIn"))),
    ),
  );
}
