/** Signing in, with the second step on a new device. */

import { begin, post } from "../api.js";
import { codeStep } from "../codes.js";
import { fill, h } from "../dom.js";
import { field, form, passwordField } from "../forms.js";
import { page } from "../person.js";
import { replace } from "../router.js";
import { t } from "../texts.js";

export async function signIn({ query }) {
  const next = query.get("next");
  const steps = signInSteps(() => replace(next?.startsWith("/") ? next : "/archive"));
  return page(t("signIn.title"), [
    next && h("p", { class: "notice" }, t("signIn.first")),
    steps,
    h(
      "ul",
      { class: "plain" },
      h("li", {}, h("a", { href: "#/recover" }, t("signIn.forgot"))),
      h("li", {}, h("a", { href: "#/register" }, t("signIn.new"))),
    ),
  ], { className: "narrow" });
}

/** The same in a dialog over the present page, whose fields keep what was typed. */
export function signInAgain() {
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "sheet", "aria-labelledby": "again" });
    const close = (done) => {
      dialog.close();
      dialog.remove();
      resolve(done);
    };
    dialog.append(
      h("h2", { id: "again" }, t("signIn.expired")),
      h("p", {}, t("signIn.expired.text")),
      signInSteps(() => close(true)),
    );
    dialog.addEventListener("cancel", () => close(false));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** The two steps of signing in; `done` is called once there is a session. */
export function signInSteps(done) {
  const place = h("div", { class: "stack" });
  const ask = (username = "") =>
    fill(
      place,
      form({
        fields: [
          field({ name: "username", label: t("signIn.username"), autocomplete: "username", maxlength: 254, value: username }),
          passwordField({ name: "password", label: t("password"), autocomplete: "current-password" }),
        ],
        action: t("menu.signIn"),
        submit: async (values) => {
          const answer = await post("/sessions", values);
          if (answer.status !== "second_step_required") return finish(answer);
          return secondStep(values, answer);
        },
      }),
    );
  const finish = async (answer) => {
    await begin(answer);
    done();
  };
  const secondStep = (values, challenge) => {
    const remember = h("input", { type: "checkbox", id: "remember" });
    const step = codeStep({
      challenge,
      help: challenge.channel === "authenticator" ? t("signIn.recoveryCode") : null,
      resend: challenge.channel === "sms" ? () => post("/sessions", values) : null,
      verify: (challenge_id, code, key) =>
        post("/sessions/second-step", { challenge_id, code, remember_device: remember.checked }, { key }),
      done: finish,
      back: () => ask(values.username),
    });
    fill(
      place,
      h("p", { class: "help" }, t("signIn.secondStep")),
      step.element,
    );
    step.element.querySelector(".field").after(h("div", { class: "tick" }, remember, h("label", { for: "remember" }, t("signIn.remember"))));
    step.focus();
  };
  ask();
  return place;
}
