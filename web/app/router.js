/** The pages by the address's fragment, which no server sees. */

import { fill, h } from "./dom.js";
import { explanation } from "./forms.js";
import { t } from "./texts.js";

let routes = [];
let showing = 0;
let place;

/** Serve `pages` (pattern → load) in an element. A pattern's `:name` is passed by name. */
export function start(pages, element, guard) {
  place = element;
  routes = Object.entries(pages).map(([pattern, load]) => ({
    expression: new RegExp(`^${pattern.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`),
    load,
  }));
  addEventListener("hashchange", () => show(guard));
  return show(guard);
}

/** Go to a page. */
export function go(path) {
  if (location.hash === `#${path}`) dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = path;
}

/** Go to a page; "back" does not return to the present one. */
export function replace(path) {
  history.replaceState(null, "", `#${path}`);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** The present page's path and parameters. */
export function here() {
  const [path, query] = (location.hash.slice(1) || "/").split("?");
  return { path, query: new URLSearchParams(query) };
}

/** Show the present page again, as after a change of language. */
export const again = () => dispatchEvent(new HashChangeEvent("hashchange"));

async function show(guard) {
  showing += 1;
  const turn = showing;
  const { path, query } = here();
  const elsewhere = guard(path);
  if (elsewhere) return replace(elsewhere);
  const waiting = setTimeout(() => turn === showing && fill(place, loading()), 150);
  let view;
  try {
    view = await loaded(path, query);
  } catch (error) {
    view = failed(error);
  }
  clearTimeout(waiting);
  if (turn !== showing) return undefined;
  fill(place, view);
  place.removeAttribute("aria-busy");
  place.dataset.page = path;
  const heading = place.querySelector("h1");
  document.title = heading ? `${heading.textContent} · ${t("brand")}` : t("brand");
  if (turn > 1 && heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  return undefined;
}

async function loaded(path, query) {
  for (const { expression, load } of routes) {
    const match = expression.exec(path);
    if (match) return (await load())({ ...match.groups, query });
  }
  return h("div", { class: "page" }, h("h1", {}, t("missing.title")), h("p", {}, h("a", { href: "#/" }, t("missing.home"))));
}

function loading() {
  place.setAttribute("aria-busy", "true");
  return h("p", { class: "loading", role: "status" }, t("loading"));
}

function failed(error) {
  return h(
    "div",
    { class: "page" },
    h("h1", {}, t("error.title")),
    h("div", { class: "alert" }, ...explanation(error)),
    h("div", { class: "actions" }, h("button", { type: "button", on: { click: again } }, t("error.again"))),
  );
}
