/** Signing in as staff, and where somebody without a role is sent. */

import { h } from "../dom.js";
import { notice, page } from "../person.js";
import { go } from "../router.js";
import { t } from "../texts.js";
import { signInSteps } from "../views/sign_in.js";

export async function signIn() {
  return page(t("staff.signIn"), [signInSteps(() => go("/")), h("p", { class: "quiet" }, t("staff.signIn.help"))], { className: "narrow" });
}

/** Only somebody without a role gets here: the others are led to their first page. */
export async function home() {
  return page(t("staff.title"), [
    notice("warm", t("staff.noRole"), h("p", {}, t("staff.noRole.text")), h("p", {}, h("a", { class: "button", href: "/" }, t("menu.archive")))),
  ]);
}
