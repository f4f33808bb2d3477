/** What was agreed to, withdrawing it, and agreeing again. */

import { ask, get, put } from "../api.js";
import { fill, h } from "../dom.js";
import { actionButton } from "../forms.js";
import { notice, page } from "../person.js";
import { again } from "../router.js";
import { instant, t } from "../texts.js";

export async function consents() {
  const { items } = await get("/account/consents");
  const place = h("div", { class: "stack" });
  const terms = items.filter(({ kind }) => kind === "terms");
  const withdrawn = terms.length > 0 && terms.every((one) => one.withdrawn);
  const withdraw = (kind) =>
    actionButton(
      t(`consent.withdraw.${kind}`),
      async () => {
        const { follows } = await ask("DELETE", `/account/consents/${kind}`);
        fill(place, notice("warm", t("consent.withdrawn"), h("p", {}, follows)));
      },
      { className: "danger", confirm: t(`consent.withdraw.${kind}.sure`) },
    );
  fill(
    place,
    h(
      "ul",
      { class: "plain lines" },
      ...items.map((one) => h("li", {}, h("time", { datetime: one.at }, instant(one.at)), h("span", {}, t(`consent.${one.kind}`), ` · ${t("terms.version", { version: one.version })}`, one.withdrawn && ` · ${t("consent.withdrawn")}`))),
    ),
    h(
      "div",
      { class: "actions" },
      withdrawn ? agree() : withdraw("terms"),
      items.some(({ kind, withdrawn: gone }) => kind === "document_scan" && !gone) && withdraw("document_scan"),
    ),
  );
  return page(t("account.consents"), [place], { back: ["#/account", t("menu.account")], intro: t("consent.intro") });
}

const agree = () =>
  actionButton(
    t("consent.again"),
    async () => {
      const { version } = await get("/consents");
      await put("/account/consents/terms", { version, accepted: true });
      again();
    },
    { className: "main" },
  );
