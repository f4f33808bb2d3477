/** The account. */

import { accountChanged, get, post } from "../api.js";
import { h } from "../dom.js";
import { actionButton } from "../forms.js";
import { facts, notice, page } from "../person.js";
import { again } from "../router.js";
import { instant, t } from "../texts.js";

export async function accountPage() {
  const account = await get("/account");
  accountChanged(account);
  const { eligible } = account.proof_level === "phone" ? { eligible: null } : await get("/account/upgrade-eligibility");
  const link = (name) => h("li", {}, h("a", { href: `#/account/${name}` }, t(`account.${name}`)));
  return page(t("menu.account"), [
    account.closes_at && closing(account),
    account.proof_level === "phone" && notice("warm", t("unproved.title"), h("p", {}, t("unproved.text")), h("p", {}, h("a", { class: "button", href: "#/account/identity" }, t("unproved.prove")))),
    facts([
      [t("name"), account.name],
      [t(`document.${account.document_type}`), h("span", { class: "number" }, account.document_number)],
      [t("account.level"), t(`level.${account.proof_level}`)],
      [t("phone"), h("span", { class: "number" }, account.phone)],
      [t("email"), email(account)],
      [t("account.since"), instant(account.created_at)],
      eligible !== null && [t("account.upgrade"), t(eligible ? "account.upgrade.yes" : "account.upgrade.no")],
    ].filter(Boolean)),
    h("h2", {}, t("account.change")),
    h("ul", { class: "links" }, ...["phone", "email", "password", "identity"].map(link)),
    h("h2", {}, t("account.safety")),
    h("ul", { class: "links" }, ...["authenticator", "sessions", "activity"].map(link)),
    h("h2", {}, t("account.leaving")),
    h("ul", { class: "links" }, ...["consents", "export", "close"].map(link)),
  ]);
}

function email(account) {
  if (account.email_confirmed) return [account.email, " ", h("span", { class: "badge valid" }, t("email.confirmed"))];
  return [
    account.email,
    " ",
    h("span", { class: "badge" }, t("email.unconfirmed")),
    actionButton(t("email.resend"), async () => {
      await post("/email-confirmations/resend", {});
      document.getElementById("announcer").textContent = t("email.resent");
    }, { className: "quiet-button" }),
  ];
}

const closing = (account) =>
  notice(
    "warm",
    t("closing.title"),
    h("p", {}, t("closing.text", { time: instant(account.closes_at) })),
    actionButton(t("closing.cancel"), async () => {
      await post("/account/closing/cancel", undefined);
      again();
    }, { className: "main" }),
  );
