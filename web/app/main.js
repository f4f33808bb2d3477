/** The student's pages. */

import { account, isSignedIn, mayResume, onExpired, resume, signOut, watchSession } from "./api.js";
import { again, go, here, start } from "./router.js";
import { prepare } from "./shell.js";
import { t } from "./texts.js";

const page = (name, view) => async () => (await import(`./views/${name}.js`))[view];

const OPEN = {
  "/": page("start", "start"),
  "/register": page("register", "register"),
  "/sign-in": page("sign_in", "signIn"),
  "/recover": page("recover", "recover"),
  "/recover/username": page("recover", "recoverUsername"),
  "/recover/password": page("recover", "resetPassword"),
  "/appeal": page("appeal", "appeal"),
  "/appeal/status": page("appeal", "appealStatus"),
  "/terms": page("terms", "terms"),
};

const OWN = {
  "/archive": page("archive", "archive"),
  "/archive/:family/:id": page("record", "record"),
  "/archive/:family/:id/correct": page("corrections", "correctRecord"),
  "/missing": page("missing", "missing"),
  "/missing/bind": page("missing", "bind"),
  "/missing/ask": page("corrections", "askForRecord"),
  "/corrections": page("corrections", "corrections"),
  "/corrections/:id": page("corrections", "correction"),
  "/reports": page("reports", "reports"),
  "/reports/new": page("new_report", "newReport"),
  "/reports/:id": page("report", "report"),
  "/account": page("account", "accountPage"),
  "/account/phone": page("contacts", "changePhone"),
  "/account/email": page("contacts", "changeEmail"),
  "/account/password": page("contacts", "changePassword"),
  "/account/identity": page("identity", "changeIdentity"),
  "/account/authenticator": page("authenticator", "authenticator"),
  "/account/sessions": page("sessions", "sessions"),
  "/account/activity": page("activity", "activity"),
  "/account/consents": page("consents", "consents"),
  "/account/export": page("leaving", "exportPage"),
  "/account/close": page("leaving", "closeAccount"),
  "/objection": page("appeal", "objection"),
};

function menu() {
  if (!account()) {
    return [
      ["#/register", t("menu.register")],
      ["#/sign-in", t("menu.signIn")],
      ["/verify/", t("menu.verify")],
      ["/help/", t("menu.help")],
    ];
  }
  return [
    ["#/archive", t("menu.archive")],
    ["#/reports", t("menu.reports")],
    ["#/corrections", t("menu.corrections")],
    ["#/account", t("menu.account")],
    [null, t("menu.signOut"), leave],
  ];
}

async function leave() {
  await signOut();
  go("/");
}

/** Own pages need somebody signed in; others do not need to. Answers where to go instead. */
function guard(path) {
  if (account()?.role) location.replace("/staff/");
  const own = Object.keys(OWN).some((pattern) => path === pattern || path.startsWith(pattern.split("/:")[0]));
  if (own && !isSignedIn()) return `/sign-in?next=${encodeURIComponent(location.hash.slice(1))}`;
  if (path === "/" && isSignedIn()) return "/archive";
  return null;
}

async function open() {
  const { path } = here();
  const first = { ...OPEN, ...OWN }[path] ?? OPEN["/"];
  first(); // its script loads while texts and session do
  const [shell] = await Promise.all([prepare({ menu, again }), mayResume() && resume()]);
  shell.redraw();
  watchSession(() => shell.redraw());
  addEventListener("hashchange", () => shell.redraw());
  onExpired(async () => (await import("./views/sign_in.js")).signInAgain());
  await start({ ...OPEN, ...OWN }, document.getElementById("main"), guard);
}

open();
