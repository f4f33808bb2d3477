/** The operator's list of the staff. */

import { post, remove } from "../api.js";
import { h } from "../dom.js";
import { actionButton, field, form } from "../forms.js";
import { page } from "../person.js";
import { again } from "../router.js";
import { t } from "../texts.js";
import { queue } from "./queues.js";

export async function colleagues() {
  return page(t("staff.colleagues"), [invitation(), ...(await queue("/operator/staff", {}, item, t("staff.nothing")))], { intro: t("staff.colleagues.intro") });
}

function invitation() {
  const scope = h("div", {});
  const draw = (role) => scope.replaceChildren(...scopeField(role));
  const element = form({
    fields: [
      field({ name: "name", label: t("name"), maxlength: 50 }),
      field({ name: "email", label: t("email"), kind: "email", maxlength: 254 }),
      field({ name: "role", label: t("staff.role"), kind: "select", value: "registrar", options: ["registrar", "reviewer", "operator"].map((one) => [one, t(`staff.role.${one}`)]) }),
      scope,
    ],
    action: t("staff.invite"),
    submit: async (values, key) => {
      await post("/operator/staff", values, { key });
      again();
    },
  });
  element.querySelector("[name=role]").addEventListener("change", (event) => draw(event.target.value));
  draw("registrar");
  return h("details", { class: "card" }, h("summary", {}, t("staff.invite.new")), element);
}

function scopeField(role) {
  if (role === "registrar") return [field({ name: "institution_code", label: t("staff.institution"), maxlength: 5, inputmode: "numeric", class: "short" })];
  if (role === "reviewer") return [field({ name: "province", label: t("staff.province"), maxlength: 20 })];
  return [];
}

function item(one) {
  const path = `/operator/staff/${one.staff_id}`;
  return h(
    "li",
    { class: "card" },
    h("h2", {}, one.name, " ", h("span", { class: `badge ${one.status === "active" ? "valid" : ""}` }, t(`staff.status.${one.status}`))),
    h("p", { class: "quiet" }, [t(`staff.role.${one.role}`), one.institution_code ?? one.province, one.email].filter(Boolean).join(" · ")),
    one.status !== "deactivated" && h(
      "div",
      { class: "actions" },
      actionButton(t("staff.invite.again"), async () => {
        await post(`${path}/invitation`, undefined, { key: crypto.randomUUID() });
        again();
      }, { confirm: t("staff.invite.again.sure") }),
      actionButton(t("staff.deactivate"), async () => {
        await remove(path);
        again();
      }, { className: "danger", confirm: t("staff.deactivate.sure") }),
    ),
  );
}
