/** One record: its facts, photo, proofreading, earlier versions, and a report on it. */

import { all, get, put } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { FIELDS, REPORT_KINDS } from "../fields.js";
import { actionButton, choices, field, form } from "../forms.js";
import { facts, notice, page } from "../person.js";
import { isReportable, label, picture, recordFacts, titleOf, value } from "../records.js";
import { again } from "../router.js";
import { instant, t } from "../texts.js";

export async function record({ family, id }) {
  const path = `/archive/${family}/${id}`;
  const found = await get(path);
  const back = ["#/archive", t("menu.archive")];
  if (found.held) {
    return page(t(`family.${family}`), [
      notice("warm", t("held.title"), h("p", {}, found.hold_reason), h("p", {}, t("held.text"))),
    ], { back });
  }
  const versions = await all(`${path}/versions`, 50);
  return page(titleOf(family, found), [
    h("p", { class: "kind" }, t(`family.${family}`)),
    found.lost_void && notice("warm", t("record.lost"), h("p", {}, t("record.lost.text"))),
    found.revoked && notice("warm", t("record.revoked"), h("p", {}, t("record.revoked.text"))),
    REPORT_KINDS[family] && isReportable(found) && reportLink(family, id),
    photos(family, found, path),
    recordFacts(family, found),
    h("p", { class: "quiet" }, t("record.version", { version: found.version, time: instant(found.updated_at) })),
    proofreading(family, found, path),
    versions.length > 0 && earlier(family, found, versions),
  ], { back });
}

const reportLink = (family, id) =>
  h("p", { class: "actions" }, h("a", { class: "button main", href: `#/reports/new?family=${family}&record=${id}` }, t("report.new")));

function photos(family, found, path) {
  const place = h("div", { class: "photos" });
  for (const kind of found.photos) {
    const caption = t(`photo.${kind}`);
    const figure = h("figure", {}, h("figcaption", {}, caption));
    place.append(figure);
    picture(`${path}/photo`, { kind }, caption).then((image) => figure.prepend(image), () => figure.prepend(h("p", { class: "quiet" }, t("photo.failed"))));
  }
  if (family === "enrollments" && found.photos.length) place.append(photoVerdict(found, path));
  return found.photos.length ? place : null;
}

function photoVerdict(found, path) {
  const place = h("details", {}, h("summary", {}, found.photo_verdict ? t("photo.said", { verdict: t(`photo.${found.photo_verdict}`) }) : t("photo.ask")));
  place.append(
    form({
      fields: [
        choices({
          name: "verdict",
          label: t("photo.question"),
          value: found.photo_verdict,
          options: ["mine", "not_mine", "unclear"].map((one) => [one, t(`photo.${one}`)]),
        }),
        field({ name: "reason", label: t("photo.reason"), kind: "textarea", maxlength: 1000, optional: true }),
      ],
      action: t("send"),
      submit: async ({ verdict, reason }) => {
        await put(`${path}/photo-confirmation`, reason ? { verdict, reason } : { verdict });
        announce(t("saved"));
        again();
      },
    }),
  );
  return place;
}

function proofreading(family, found, path) {
  const confirmed = found.confirmed_version === found.version;
  const place = h("div", {});
  const state = confirmed
    ? h("p", { class: "good" }, t("proof.confirmed", { time: instant(found.confirmed_at) }))
    : actionButton(t("proof.right"), async () => {
        await put(`${path}/confirmation`, undefined);
        announce(t("proof.thanks"));
        fill(place, h("p", { class: "good" }, t("proof.thanks")));
      });
  place.append(state);
  return h(
    "section",
    { class: "card wide" },
    h("h2", {}, t("proof.title")),
    h("p", {}, t("proof.text")),
    h("div", { class: "actions" }, place, h("a", { class: "button", href: `#/archive/${family}/${found.record_id}/correct` }, t("proof.wrong"))),
  );
}

function earlier(family, found, versions) {
  const rows = versions.map((old, place) => {
    const next = place === 0 ? found : versions[place - 1].facts;
    const changed = FIELDS[family].filter((name) => same(old.facts[name]) !== same(next[name]));
    return h(
      "li",
      {},
      h("p", {}, h("b", {}, t("version.number", { version: old.version })), ` · ${t("version.until", { time: instant(old.replaced_at) })}`),
      h("p", { class: "quiet" }, [old.replaced_by, old.reason].filter(Boolean).join(" · ")),
      facts(changed.map((name) => [label(family, name), `${value(name, old.facts[name]) ?? "—"} → ${value(name, next[name]) ?? "—"}`])),
    );
  });
  return h("details", { class: "card wide" }, h("summary", {}, t("version.title", { count: versions.length })), h("ol", { class: "plain stack" }, ...rows));
}

const same = (given) => JSON.stringify(given ?? null);
