/**
 * What a mailed link does. Nothing happens until the person presses the button, so that mail
 * scanners that open links change nothing. The token is in the fragment, which no server sees.
 */

import { Problem, post } from "./api.js";
import { fill, h } from "./dom.js";
import { actionButton } from "./forms.js";
import { notice, page } from "./person.js";
import { prepare } from "./shell.js";
import { t } from "./texts.js";

/** Links that do something by their token. */
const ACTIONS = {
  "confirm-email": "/email-confirmations",
  "undo-change": "/account/contact-undo",
};

/** Links that lead to a page of one's own, after signing in there. */
const PAGES = {
  objection: (appeal) => `/#/objection?appeal=${encodeURIComponent(appeal)}`,
  "cancel-closing": () => "/#/account",
};

const [kind, token = ""] = location.hash.slice(1).split("=");
history.replaceState(null, "", location.pathname);

function draw() {
  const place = h("div", { class: "stack" });
  document.title = `${t("link.title")} · ${t("brand")}`;
  fill(document.getElementById("main"), page(t("link.title"), [place], { className: "narrow" }));
  if (Object.hasOwn(ACTIONS, kind) && token) fill(place, h("p", {}, t(`link.${kind}`)), actionButton(t(`link.${kind}.act`), () => run(place), { className: "main" }));
  else if (Object.hasOwn(PAGES, kind)) fill(place, h("p", {}, t(`link.${kind}`)), h("p", {}, h("a", { class: "button main", href: PAGES[kind](token) }, t(`link.${kind}.act`))));
  else fill(place, notice("warm", t("link.broken"), h("p", {}, t("link.broken.text"))));
}

async function run(place) {
  try {
    await post(ACTIONS[kind], { token }, { key: crypto.randomUUID() });
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500 || error.status === 429) throw error;
    return fill(place, notice("warm", t("link.refused"), h("p", {}, error.code === "code_invalid" ? t("link.refused.text") : error.detail)));
  }
  return fill(place, notice("good", t(`link.${kind}.done`), h("p", {}, h("a", { class: "button", href: "/#/sign-in" }, t("menu.signIn")))));
}

await prepare({ menu: () => [["/", t("brand")], ["/help/", t("menu.help")]], again: draw });
draw();
