/** Proving one's identity, or another name or document. */

import { accountChanged, get, put } from "../api.js";
import { fill, h } from "../dom.js";
import { form } from "../forms.js";
import { documentFields, nameField, notice, page } from "../person.js";
import { instant, t } from "../texts.js";
import { evidenceForm } from "./corrections.js";

export async function changeIdentity() {
  const place = h("div", { class: "stack" });
  fill(
    place,
    form({
      fields: [nameField(), ...documentFields()],
      action: t("identity.send"),
      submit: async (values) => {
        const answer = await put("/account/identity", { ...values, evidence: true });
        if (answer.account) {
          accountChanged(answer.account);
          return fill(place, notice("good", t("identity.proved"), h("p", {}, h("a", { class: "button main", href: "#/archive" }, t("menu.archive")))));
        }
        return fill(place, notice("", t("identity.evidence"), h("p", {}, t("identity.evidence.text"))), evidence(place, answer));
      },
    }),
  );
  return page(t("account.identity"), [place], { back: ["#/account", t("menu.account")], intro: t("identity.intro"), className: "narrow" });
}

function evidence(place, { review_id, upload }) {
  const path = `/account/identity/${review_id}`;
  return evidenceForm(`${path}/submit`, upload, async () => {
    const { due_at } = await get(path);
    fill(place, notice("good", t("identity.sent"), h("p", {}, t("identity.due", { time: instant(due_at) }))));
  });
}
