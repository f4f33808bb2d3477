/** "A record is missing": binding by hand, or asking the institution. */

import { post } from "../api.js";
import { fill, h } from "../dom.js";
import { choices, field, form } from "../forms.js";
import { notice, page } from "../person.js";
import { institutionField } from "../records.js";
import { t } from "../texts.js";

export async function missing() {
  const card = (href, title, text) => h("li", { class: "card" }, h("h2", {}, h("a", { href }, title)), h("p", {}, text));
  return page(t("missing.record"), [
    h("p", { class: "intro" }, t("missing.intro")),
    h(
      "ul",
      { class: "cards" },
      card("#/missing/bind", t("bind.title"), t("bind.text")),
      card("#/missing/ask", t("missing.ask"), t("missing.ask.text")),
      card("#/account/identity", t("missing.changed"), t("missing.changed.text")),
    ),
  ], { back: ["#/archive", t("menu.archive")] });
}

export async function bind() {
  const place = h("div", { class: "stack" });
  const bindForm = form({
    fields: [
      choices({
        name: "family",
        label: t("bind.family"),
        value: "credentials",
        options: ["credentials", "degrees"].map((family) => [family, t(`family.${family}`)]),
      }),
      field({ name: "certificate_number", label: t("bind.number"), help: t("bind.number.help"), autocomplete: "off", maxlength: 40, class: "number" }),
      field({ name: "graduation_year", label: t("bind.year"), help: t("bind.year.help"), inputmode: "numeric", maxlength: 4, class: "short" }),
      institutionField("institution", t("bind.institution"), t("bind.institution.help")),
    ],
    action: t("bind.find"),
    submit: async ({ family, certificate_number, graduation_year, institution_text }, key) => {
      const body = { family, certificate_number, graduation_year: Number(graduation_year) || 0, institution: institution_text };
      const answer = await post("/bindings", body, { key });
      fill(place, answer.status === "review_required" ? inReview() : bound(answer));
    },
  });
  place.append(bindForm);
  return page(t("bind.title"), [place], { back: ["#/missing", t("missing.record")], intro: t("bind.intro"), className: "narrow" });
}

const bound = ({ family, record_id, matched_number }) =>
  notice(
    "good",
    t("bind.done"),
    matched_number && h("p", {}, t(`bind.matched.${matched_number}`)),
    h("p", { class: "actions" }, h("a", { class: "button main", href: `#/archive/${family}/${record_id}` }, t("bind.show"))),
  );

const inReview = () => notice("", t("bind.review"), h("p", {}, t("bind.review.text")));
