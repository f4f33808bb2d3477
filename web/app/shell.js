/** What every page has around it: brand, menu, language, the specimen mark, a line for readers. */

import { h } from "./dom.js";
import { currentLanguage, switchLanguage, t, useLanguage } from "./texts.js";

let settings = {};

/** The stage's settings: `specimen`, `operator`, and what only a local run has. */
export const stage = () => settings;

/**
 * Prepare a page: settings and texts. `menu` answers the links of the menu as [address, text] and
 * `again` shows the page anew after a change of language.
 */
export async function prepare({ menu, again }) {
  [settings] = await Promise.all([readSettings(), useLanguage()]);
  const main = document.getElementById("main");
  main.tabIndex = -1;
  const parts = () => [skipLink(), header(menu()), h("div", { id: "announcer", class: "unseen", "aria-live": "polite" })];
  const redraw = () => {
    document.querySelectorAll("body > .skip, body > header, body > #announcer, body > footer").forEach((one) => one.remove());
    main.before(...parts());
    main.after(footer(async (language) => {
      await switchLanguage(language);
      redraw();
      again();
    }));
  };
  redraw();
  if (settings.panel) import(settings.panel).then((panel) => panel.open());
  return { redraw };
}

async function readSettings() {
  try {
    const answer = await fetch("/config.json");
    return answer.ok ? await answer.json() : {};
  } catch {
    return {};
  }
}

const skipLink = () => {
  const link = h("a", { class: "skip", href: "#main" }, t("skip"));
  link.addEventListener("click", (event) => {
    event.preventDefault(); // the fragment names the page shown
    document.getElementById("main").focus();
  });
  return link;
};

function header(links) {
  const name = settings.operator?.[currentLanguage() === "zh" ? "name_zh" : "name_en"] ?? t("brand");
  return h(
    "header",
    { class: "top" },
    h("a", { class: "brand", href: "/" }, h("span", { class: "mark", "aria-hidden": "true" }), name),
    settings.specimen && h("p", { class: "specimen", title: t("specimen.what") }, t("specimen")),
    h("nav", { "aria-label": t("menu") }, h("ul", {}, ...links.map(menuItem))),
  );
}

function menuItem([address, text, act]) {
  const present = address === location.hash || (address === location.pathname && !address.startsWith("#"));
  if (act) return h("li", {}, h("button", { type: "button", class: "link", on: { click: act } }, text));
  return h("li", {}, h("a", { href: address, "aria-current": present ? "page" : null }, text));
}

function footer(onLanguage) {
  const other = currentLanguage() === "zh" ? "en" : "zh";
  const names = { zh: "中文", en: "English" };
  return h(
    "footer",
    {},
    h(
      "ul",
      {},
      h("li", {}, h("a", { href: "/verify/" }, t("menu.verify"))),
      h("li", {}, h("a", { href: "/help/" }, t("menu.help"))),
      h("li", {}, h("a", { href: "/#/terms" }, t("menu.terms"))),
      h("li", {}, h("a", { href: "/staff/" }, t("menu.staff"))),
      h("li", {}, h("button", { type: "button", class: "link", lang: other === "zh" ? "zh-CN" : "en", on: { click: () => onLanguage(other) } }, names[other])),
    ),
    h("p", { class: "quiet" }, t("footer.free")),
  );
}
