/** Forms: labels, help, what is wrong next to the field, and nothing typed is ever lost. */

import { NoAnswer, Problem } from "./api.js";
import { announce, fill, h, newId } from "./dom.js";
import { t } from "./texts.js";

/**
 * A field: a label, a control, help and a place for what is wrong.
 * `kind`: an input's type, `select` or `textarea`; `options`: [value, text] pairs of a select;
 * everything else is an attribute of the control.
 */
export function field({ name, label, help, kind = "text", options, optional, after, ...attributes }) {
  const id = newId("field");
  const control = makeControl(kind, options, { id, name, ...attributes });
  if (!optional && kind !== "checkbox") control.required = true;
  const described = [help && `${id}-help`, `${id}-wrong`].filter(Boolean).join(" ");
  control.setAttribute("aria-describedby", described);
  const caption = h("label", { for: id }, label, optional && h("span", { class: "quiet" }, ` ${t("optional")}`));
  const parts = kind === "checkbox" ? [h("div", { class: "tick" }, control, caption)] : [caption, wrapped(control, after)];
  return h(
    "div",
    { class: "field", "data-field": name },
    ...parts,
    help && h("p", { id: `${id}-help`, class: "help" }, help),
    h("p", { id: `${id}-wrong`, class: "wrong", hidden: true }),
  );
}

function makeControl(kind, options, attributes) {
  if (kind === "textarea") return h("textarea", { rows: 4, ...attributes });
  if (kind !== "select") return h("input", { type: kind, ...attributes });
  const { value, ...others } = attributes;
  const choices = options.map(([key, text]) => h("option", { value: key, selected: key === value }, text));
  return h("select", others, ...choices);
}

const wrapped = (control, after) => (after ? h("div", { class: "with-button" }, control, after) : control);

/** A password field with a button that shows what was typed. */
export function passwordField(settings) {
  const toggle = h("button", { type: "button", class: "quiet-button", "aria-pressed": "false" }, t("password.show"));
  const element = field({ kind: "password", maxlength: 128, ...settings, after: toggle });
  toggle.addEventListener("click", () => {
    const input = element.querySelector("input");
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    toggle.textContent = t(shown ? "password.hide" : "password.show");
    toggle.setAttribute("aria-pressed", String(shown));
  });
  return element;
}

/** A group of choices of which one is taken: `options` are [value, text, note?]. */
export function choices({ name, label, options, value, help }) {
  const rows = options.map(([key, text, note]) => {
    const id = newId("choice");
    return h(
      "div",
      { class: "choice" },
      h("input", { type: "radio", id, name, value: key, checked: key === value, required: true }),
      h("label", { for: id }, text, note && h("span", { class: "help" }, note)),
    );
  });
  return h(
    "fieldset",
    { class: "field", "data-field": name },
    h("legend", {}, label),
    help && h("p", { class: "help" }, help),
    ...rows,
    h("p", { class: "wrong", hidden: true }),
  );
}

/**
 * A form. `submit(values, key)` gets the values by name and a key that stays the same while the
 * same values are sent again, so that a retry after a lost answer has one effect.
 * What goes wrong is shown next to the field it concerns, else above the button.
 */
export function form({ fields, action, submit, cancel, danger }) {
  const button = h("button", { type: "submit", class: danger ? "danger" : "main" }, action);
  const wrong = h("div", { class: "alert", role: "alert", hidden: true });
  const element = h(
    "form",
    { novalidate: true, class: "stack" },
    ...fields,
    wrong,
    h("div", { class: "actions" }, button, cancel && h("a", { class: "button quiet-button", href: cancel }, t("cancel"))),
  );
  const keys = stableKeys();
  element.addEventListener("input", (event) => clear(event.target.closest("[data-field]")));
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    element.querySelectorAll("[data-field]").forEach(clear);
    wrong.hidden = true;
    if (!allGiven(element)) return;
    const values = valuesOf(element);
    await busy(button, async () => {
      try {
        await submit(values, keys(values));
      } catch (error) {
        showProblem(element, wrong, error);
      }
    });
  });
  return element;
}

/** Run something while a button shows that it works; a second click does nothing. */
export async function busy(button, act) {
  if (button.disabled) return;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    await act();
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
}

/** A button that does something by itself, with a place below it for what goes wrong. */
export function actionButton(text, act, { className = "", confirm } = {}) {
  const wrong = h("div", { class: "alert", role: "alert", hidden: true });
  const button = h("button", { type: "button", class: className }, text);
  button.addEventListener("click", async () => {
    wrong.hidden = true;
    if (confirm && !(await confirmed(confirm, text))) return;
    await busy(button, async () => {
      try {
        await act();
      } catch (error) {
        explain(wrong, error);
      }
    });
  });
  return h("div", { class: "action" }, button, wrong);
}

/** Ask before something that cannot be undone. */
export function confirmed(question, action) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { class: "sheet", "aria-labelledby": "question" },
      h("p", { id: "question" }, question),
      h(
        "form",
        { method: "dialog", class: "actions" },
        h("button", { value: "yes", class: "danger" }, action),
        h("button", { value: "no" }, t("cancel")),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

function stableKeys() {
  let sent = null;
  let key = null;
  return (values) => {
    const now = JSON.stringify(values, (_, value) => (value instanceof File ? value.name : value));
    if (now !== sent) [sent, key] = [now, crypto.randomUUID()];
    return key;
  };
}

function valuesOf(element) {
  const values = {};
  for (const control of element.elements) {
    if (!control.name || control.disabled) continue;
    if (control.type === "radio") {
      if (control.checked) values[control.name] = control.value;
    } else if (control.type === "checkbox") {
      if (!control.value || control.value === "on") values[control.name] = control.checked;
      else if (control.checked) (values[control.name] ??= []).push(control.value);
    } else if (control.type === "file") values[control.name] = control.files[0] ?? null;
    else values[control.name] = control.type === "password" ? control.value : control.value.trim();
  }
  return values;
}

function allGiven(element) {
  const missing = [...element.elements].filter((control) => control.required && isEmpty(element, control));
  for (const control of missing) markWrong(control.closest("[data-field]"), t("required"));
  missing[0]?.focus();
  return missing.length === 0;
}

function isEmpty(element, control) {
  if (control.type === "checkbox") return !control.checked;
  if (control.type === "radio") return !element.querySelector(`[name="${control.name}"]:checked`);
  return control.type === "password" ? control.value === "" : control.value.trim() === "";
}

function clear(place) {
  const text = place?.querySelector(".wrong");
  if (!text || text.hidden) return;
  text.hidden = true;
  place.querySelectorAll("[aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
}

function markWrong(place, text) {
  const shown = place.querySelector(".wrong");
  shown.textContent = text;
  shown.hidden = false;
  place.querySelectorAll("input, select, textarea").forEach((one) => one.setAttribute("aria-invalid", "true"));
}

/** Show what the API refused: next to the fields it names, the rest in `wrong`. */
export function showProblem(element, wrong, error) {
  const errors = error instanceof Problem ? error.errors : [];
  const placed = errors.filter(({ field: name, detail }) => {
    const place = element.querySelector(`[data-field="${CSS.escape(name.split(/[.[]/)[0])}"]`);
    if (place) markWrong(place, detail);
    return Boolean(place);
  });
  const first = element.querySelector("[aria-invalid]");
  if (first) first.focus();
  if (placed.length === 0 || placed.length < errors.length) explain(wrong, error);
  else announce(placed.map(({ detail }) => detail).join(" "));
}

/** Say in an element what went wrong, in the person's words. */
export function explain(element, error) {
  fill(element, ...explanation(error));
  element.hidden = false;
}

/** What went wrong, as paragraphs. Anything unforeseen is raised again, to be seen. */
export function explanation(error) {
  if (error instanceof NoAnswer) return [h("p", {}, t("error.offline"))];
  if (!(error instanceof Problem)) throw error;
  const lines = [h("p", {}, error.detail || t("error.unavailable"))];
  for (const { field: name, detail } of error.errors) lines.push(h("p", {}, `${name}: ${detail}`));
  if (error.retryAfter) lines.push(h("p", {}, t("error.wait", { time: duration(error.retryAfter) })));
  if (error.status >= 500 && error.requestId) lines.push(h("p", { class: "quiet" }, `${t("error.request")} ${error.requestId}`));
  return lines;
}

/** Seconds in words. */
export function duration(seconds) {
  if (seconds < 90) return t("seconds", { count: Math.ceil(seconds) });
  if (seconds < 5400) return t("minutes", { count: Math.ceil(seconds / 60) });
  return t("hours", { count: Math.ceil(seconds / 3600) });
}
