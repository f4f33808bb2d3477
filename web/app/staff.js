/** The staff's pages: registrar, reviewer, operator, each with what the role may do. */

import { account, isSignedIn, mayResume, onExpired, resume, signOut, watchSession } from "./api.js";
import { again, go, start } from "./router.js";
import { prepare } from "./shell.js";
import { t, useDictionary } from "./texts.js";

const page = (name, view) => async () => (await import(`./staff/${name}.js`))[view];

const PAGES = {
  "/": page("home", "home"),
  "/sign-in": page("home", "signIn"),
  "/corrections": page("corrections", "corrections"),
  "/records": page("records", "search"),
  "/changes": page("changes", "changes"),
  "/appeals": page("cases", "appeals"),
  "/appeals/:id": page("cases", "appeal"),
  "/reviews": page("cases", "reviews"),
  "/reviews/:id": page("cases", "review"),
  "/colleagues": page("colleagues", "colleagues"),
  "/operations": page("operations", "operations"),
};

/** The pages of each role, in the menu's order. */
const OF_ROLE = {
  registrar: ["corrections", "records"],
  reviewer: ["changes"],
  operator: ["appeals", "reviews", "colleagues", "operations"],
};

const own = () => OF_ROLE[account()?.role] ?? [];

function menu() {
  if (!isSignedIn()) return [["#/sign-in", t("menu.signIn")], ["/help/", t("menu.help")]];
  return [...own().map((name) => [`#/${name}`, t(`staff.${name}`)]), [null, t("menu.signOut"), leave]];
}

async function leave() {
  await signOut();
  go("/sign-in");
}

function guard(path) {
  if (!isSignedIn()) return path === "/sign-in" ? null : "/sign-in";
  if (path === "/sign-in") return "/";
  if (path !== "/" && !own().some((name) => path.startsWith(`/${name}`))) return "/";
  return path === "/" && own().length ? `/${own()[0]}` : null;
}

useDictionary("staff");
const [shell] = await Promise.all([prepare({ menu, again }), mayResume() && resume()]);
shell.redraw();
watchSession(() => shell.redraw());
addEventListener("hashchange", () => shell.redraw());
onExpired(async () => (await import("./views/sign_in.js")).signInAgain());
await start(PAGES, document.getElementById("main"), guard);
