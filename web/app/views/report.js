/** One report: share it, see who looked, extend it, close it. */

import { all, ask, get, remove } from "../api.js";
import { announce, h } from "../dom.js";
import { actionButton, field, form } from "../forms.js";
import { facts, notice, page } from "../person.js";
import { save } from "../records.js";
import { again } from "../router.js";
import { day, instant, t } from "../texts.js";

export async function report({ id, query }) {
  const path = `/reports/${id}`;
  const [one, views] = await Promise.all([get(path), all(`${path}/views`, 200)]);
  const live = one.status === "valid";
  return page(t(`report.kind.${one.kind}`), [
    query.get("new") && notice("good", t("report.issued"), h("p", {}, t("report.issued.text"))),
    facts([
      [t("report.state"), h("span", { class: `badge ${one.status}` }, t(`report.status.${one.status}`))],
      [t("report.number"), h("span", { class: "number" }, one.report_number)],
      [t("report.issuedAt"), instant(one.issued_at)],
      [t("report.validUntil"), instant(one.valid_until)],
      [t("report.language"), t(`language.${one.language}`)],
    ]),
    live && sharing(one, path),
    lookers(views),
    ["valid", "expired"].includes(one.status) && control(one, path),
  ], { back: ["#/reports", t("menu.reports")] });
}

function sharing(one, path) {
  const said = h("p", { class: "quiet", role: "status" });
  const copy = (text) => async () => {
    await navigator.clipboard.writeText(text);
    said.textContent = t("copied");
  };
  return h(
    "section",
    { class: "card share" },
    h("h2", {}, t("report.share")),
    h("p", {}, t("report.share.text")),
    h("p", { class: "code big", id: "verification-code" }, one.verification_code),
    h(
      "div",
      { class: "actions" },
      actionButton(t("report.copyLink"), copy(one.verification_url)),
      actionButton(t("report.copyCode"), copy(one.verification_code)),
      navigator.share && actionButton(t("report.send"), () => navigator.share({ url: one.verification_url }).catch(() => {})),
      actionButton(t("report.pdf"), () => save(`${path}/pdf`, `${one.report_number}.pdf`), { className: "main" }),
    ),
    said,
    h("p", {}, h("a", { href: one.verification_url, target: "_blank", rel: "noopener" }, t("report.see"))),
  );
}

const lookers = (views) =>
  h(
    "section",
    { class: "stack" },
    h("h2", {}, t("report.lookers")),
    views.length
      ? h(
          "ol",
          { class: "plain lines" },
          ...views.map(({ at, origin, purpose }) => h("li", {}, h("time", { datetime: at }, instant(at)), h("span", {}, [purpose, origin].filter(Boolean).join(" · ") || t("report.lookers.unknown")))),
        )
      : h("p", { class: "quiet" }, t("report.lookers.none")),
  );

function control(one, path) {
  const close = actionButton(
    t("report.close"),
    async () => {
      await remove(path);
      announce(t("report.closed"));
      again();
    },
    { className: "danger", confirm: t("report.close.sure") },
  );
  const extend = form({
    fields: [
      field({
        name: "extend_months",
        label: t("report.extend"),
        help: t("report.extend.help"),
        kind: "select",
        options: [1, 2, 3, 4, 5, 6].map((count) => [String(count), t("months", { count })]),
      }),
    ],
    action: t("report.extend.do"),
    submit: async ({ extend_months }) => {
      const changed = await ask("PATCH", path, { body: { extend_months: Number(extend_months) } });
      announce(t("report.extended", { day: day(changed.valid_until) }));
      again();
    },
  });
  return h("section", { class: "card" }, h("h2", {}, t("report.control")), extend, one.status === "valid" && close);
}
