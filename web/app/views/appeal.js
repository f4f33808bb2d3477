/** "This number is already registered", and it is not mine: the appeal, and the holder's objection. */

import { ask, get, post, upload } from "../api.js";
import { phoneField, proof } from "../codes.js";
import { fill, h } from "../dom.js";
import { actionButton, field, form } from "../forms.js";
import { documentFields, facts, nameField, notice, page, pictureField, scanConsent, steps } from "../person.js";
import { go } from "../router.js";
import { hasText, instant, t } from "../texts.js";

export async function appeal() {
  const place = h("div", { class: "stack" });
  const show = (step, ...children) => fill(place, steps(["phone", "details", "picture"].map((one) => t(`appeal.step.${one}`)), step), ...children);
  const picture = (opened) =>
    show(2, h("p", {}, t("appeal.picture.text")), pictureForm(opened, opened.upload, (answer) => show(3, submitted(opened, answer))));
  const details = (token) =>
    form({
      fields: [
        nameField(),
        ...documentFields(),
        field({ name: "email", label: t("email"), help: t("appeal.email.help"), kind: "email", autocomplete: "email", maxlength: 254 }),
        field({ name: "reason", label: t("appeal.reason"), kind: "textarea", maxlength: 1000, optional: true }),
      ],
      action: t("continue"),
      submit: async ({ reason, ...values }, key) => {
        const body = { verification_token: token, ...values, ...(reason ? { reason } : {}) };
        picture(await post("/appeals", body, { key }));
      },
    });
  show(0, proof({ ask: { purpose: "appeal", channel: "sms", field: phoneField }, done: (token) => show(1, details(token)) }));
  return page(t("appeal.title"), [place], { intro: t("appeal.intro"), className: "narrow" });
}

function pictureForm({ appeal_id, appeal_token }, uploadForm, done) {
  return form({
    fields: [
      pictureField(t("appeal.picture"), t("appeal.picture.help")),
      scanConsent(),
    ],
    action: t("appeal.submit"),
    submit: async ({ picture, consent }) => {
      const { version } = await get("/consents");
      await upload(uploadForm, picture);
      done(await post(`/appeals/${appeal_id}/submit`, { appeal_token, consent: { version, accepted: consent } }));
    },
  });
}

const submitted = ({ appeal_id, appeal_token }, { due_at }) => [
  notice("good", t("appeal.sent"), h("p", {}, t("appeal.due", { time: instant(due_at) }))),
  h("p", {}, t("appeal.keep")),
  facts([
    [t("appeal.number"), h("span", { class: "number" }, appeal_id)],
    [t("appeal.token"), h("span", { class: "number" }, appeal_token)],
  ]),
];

export async function appealStatus() {
  const place = h("div", { class: "stack" });
  const look = async ({ appeal_id, appeal_token }) => {
    const headers = { "Appeal-Token": appeal_token };
    const path = `/appeals/${encodeURIComponent(appeal_id)}`;
    const found = await ask("GET", path, { headers });
    const again = () => look({ appeal_id, appeal_token });
    const open = !["approved", "rejected", "withdrawn"].includes(found.status);
    fill(
      place,
      facts([
        [t("appeal.status"), h("span", { class: `badge ${found.status}` }, t(`appeal.status.${found.status}`))],
        [t("appeal.dueAt"), found.due_at && instant(found.due_at)],
        [t("appeal.why"), found.reason_code && (hasText(`reason.${found.reason_code}`) ? t(`reason.${found.reason_code}`) : found.reason_code)],
      ]),
      found.upload && pictureForm({ appeal_id, appeal_token }, found.upload, again),
      open && actionButton(t("appeal.withdraw"), async () => {
        await ask("DELETE", path, { headers });
        await again();
      }, { confirm: t("appeal.withdraw.sure") }),
    );
  };
  fill(
    place,
    form({
      fields: [
        field({ name: "appeal_id", label: t("appeal.number"), maxlength: 64, autocomplete: "off", class: "number" }),
        field({ name: "appeal_token", label: t("appeal.token"), maxlength: 256, autocomplete: "off", class: "number" }),
      ],
      action: t("appeal.look"),
      submit: look,
    }),
  );
  return page(t("appeal.statusTitle"), [place], { className: "narrow" });
}

export async function objection({ query }) {
  const place = h("div", { class: "stack" });
  fill(
    place,
    form({
      fields: [field({ name: "reason", label: t("objection.reason"), kind: "textarea", maxlength: 1000 })],
      action: t("objection.send"),
      submit: async ({ reason }, key) => {
        await post(`/appeals/${encodeURIComponent(query.get("appeal") ?? "-")}/objection`, { reason }, { key });
        fill(place, notice("good", t("objection.done"), h("p", {}, t("objection.done.text")), actionButton(t("menu.archive"), async () => go("/archive"))));
      },
    }),
  );
  return page(t("objection.title"), [place], { intro: t("objection.intro"), className: "narrow" });
}
