/** Proving a phone or an e-mail address by a code: ask, type, resend; answers a token. */

import { NoAnswer, Problem, post } from "./api.js";
import { announce, fill, h, newId } from "./dom.js";
import { actionButton, explain, field, form, showProblem } from "./forms.js";
import { t } from "./texts.js";

/**
 * Two steps in one place: the destination's form, then the code.
 * `ask`: { purpose, channel, field } with the field for the destination; `done(token, destination)`.
 */
export function proof({ ask, done, intro }) {
  const place = h("div", { class: "stack" });
  const askAgain = (destination) => fill(place, destinationForm(destination));
  const destinationForm = (given = "") =>
    form({
      fields: [intro, ask.field(given)].flat(),
      action: t("code.send"),
      submit: async ({ destination }, key) => {
        const request = { purpose: ask.purpose, channel: ask.channel, destination };
        const challenge = await post("/verification-codes", request, { key });
        const step = codeStep({
          challenge,
          resend: () => post("/verification-codes", request, { key: crypto.randomUUID() }),
          verify: (challengeId, code, key2) => post(`/verification-codes/${challengeId}/verify`, { code }, { key: key2 }),
          done: (answer) => done(answer.verification_token, destination),
          back: () => askAgain(destination),
        });
        fill(place, step.element);
        step.focus();
      },
    });
  askAgain();
  return place;
}

/**
 * The code's step: six digits, time left, resend.
 * `verify(challengeId, code, key)` asks; `done(answer)` gets its answer.
 */
export function codeStep({ challenge, resend, verify, done, back, help }) {
  let present = challenge;
  const id = newId("code");
  const input = h("input", {
    id,
    name: "code",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    maxlength: 12,
    class: "code",
    required: true,
    "aria-describedby": `${id}-help ${id}-wrong`,
  });
  const wrong = h("div", { class: "alert", role: "alert", hidden: true });
  const sentTo = h("p", { id: `${id}-help` });
  const left = h("p", { class: "quiet" });
  const resendPlace = h("div");
  const element = h(
    "form",
    { class: "stack", novalidate: true },
    sentTo,
    h(
      "div",
      { class: "field", "data-field": "code" },
      h("label", { for: id }, t("code.label")),
      input,
      help && h("p", { class: "help" }, help),
      h("p", { id: `${id}-wrong`, class: "wrong", hidden: true }),
    ),
    left,
    wrong,
    h("div", { class: "actions" }, h("button", { type: "submit", class: "main" }, t("continue")), resendPlace, back && h("button", { type: "button", class: "quiet-button", on: { click: back } }, t("back"))),
  );
  let running = false;
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    const code = digits(input.value);
    if (running || !code) return input.focus();
    running = true;
    element.setAttribute("aria-busy", "true");
    wrong.hidden = true;
    try {
      await done(await verify(present.challenge_id, code, crypto.randomUUID()));
    } catch (error) {
      if (error instanceof Problem && error.code === "code_invalid") {
        showProblem(element, wrong, withField(error, "code"));
        input.select();
      } else if (error instanceof Problem || error instanceof NoAnswer) explain(wrong, error);
      else throw error;
    } finally {
      running = false;
      element.removeAttribute("aria-busy");
    }
    return undefined;
  });
  input.addEventListener("input", () => {
    if (/^\s*\d{6}\s*$/.test(input.value.normalize("NFKC"))) element.requestSubmit();
  });
  const tell = () => {
    sentTo.textContent = t(`code.sent.${present.channel}`, { to: present.destination_hint });
    if (!resend) return;
    fill(
      resendPlace,
      actionButton(t("code.resend"), async () => {
        present = await resend();
        input.value = "";
        tell();
        announce(t("code.resent"));
        input.focus();
      }, { className: "quiet-button" }),
    );
  };
  tell();
  const timer = setInterval(() => {
    if (!element.isConnected) return clearInterval(timer);
    return showTime();
  }, 1000);
  const showTime = () => {
    const now = Date.now();
    const seconds = Math.round((Date.parse(present.expires_at) - now) / 1000);
    left.textContent = seconds > 0 ? t("code.left", { time: clock(seconds) }) : t("code.expired");
    const wait = Math.ceil((Date.parse(present.resend_at ?? 0) - now) / 1000);
    const button = resendPlace.querySelector("button");
    if (!button || button.hasAttribute("aria-busy")) return;
    button.disabled = wait > 0;
    button.textContent = wait > 0 ? t("code.resendIn", { seconds: wait }) : t("code.resend");
  };
  showTime();
  return { element, focus: () => input.focus() };
}

const digits = (text) => text.normalize("NFKC").replace(/[\s-]/g, "");

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/** The same problem, placed at one field. */
export function withField(problem, name) {
  problem.errors = [{ field: name, code: problem.code, detail: problem.detail }];
  return problem;
}

/** The field of a mainland phone. */
export const phoneField = (value = "") =>
  fieldOfDestination({ label: t("phone"), help: t("phone.help"), kind: "tel", inputmode: "tel", autocomplete: "tel-national", maxlength: 20, value });

/** The field of an e-mail address. */
export const emailField = (value = "") =>
  fieldOfDestination({ label: t("email"), kind: "email", autocomplete: "email", maxlength: 254, value });

const fieldOfDestination = (settings) => field({ name: "destination", ...settings });
