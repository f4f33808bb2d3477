/** The archive: a life in education, the latest first. */

import { account, all, get } from "../api.js";
import { h } from "../dom.js";
import { facts, notice, page } from "../person.js";
import { dateOf, noteOf, titleOf } from "../records.js";
import { t } from "../texts.js";

export async function archive() {
  if (account().proof_level === "phone") return unproved();
  const { families } = await get("/archive");
  const filled = families.filter(({ count, held }) => count + held > 0);
  const lists = await Promise.all(filled.map(async ({ family }) => entries(family, await all(`/archive/${family}`))));
  const found = lists.flat();
  const shown = found.filter(({ record }) => !record.held).sort(latestFirst);
  const held = found.filter(({ record }) => record.held);
  return page(t("archive.title", { name: account().name }), [
    h("ul", { class: "counts" }, ...families.map(countItem)),
    shown.length ? timeline(shown) : notice("", t("archive.none"), h("p", {}, t("archive.none.text"))),
    held.length > 0 && withheld(held),
    h(
      "section",
      { class: "card wide" },
      h("h2", {}, t("missing.record")),
      h("p", {}, t("missing.record.text")),
      h("p", {}, h("a", { class: "button", href: "#/missing" }, t("missing.record.find"))),
    ),
  ], { intro: t("archive.intro") });
}

function unproved() {
  return page(t("archive.title", { name: account().name }), [
    notice(
      "warm",
      t("unproved.title"),
      h("p", {}, t("unproved.text")),
      h("p", { class: "actions" }, h("a", { class: "button main", href: "#/account/identity" }, t("unproved.prove"))),
    ),
  ]);
}

const entries = (family, records) => records.map((record) => ({ family, record, date: dateOf(family, record) }));

const latestFirst = (one, other) => other.date.localeCompare(one.date);

function countItem({ family, count, held }) {
  const text = held ? t("archive.countHeld", { count, held }) : String(count);
  return h("li", { class: count + held ? null : "none" }, h("span", {}, t(`family.${family}`)), h("b", {}, text));
}

function timeline(shown) {
  const years = new Map();
  for (const entry of shown) {
    const year = entry.date.slice(0, 4) || t("archive.undated");
    years.set(year, [...(years.get(year) ?? []), entry]);
  }
  return h(
    "ol",
    { class: "timeline" },
    ...[...years].map(([year, group]) => h("li", {}, h("h2", {}, year), h("ul", {}, ...group.map(entryItem)))),
  );
}

function entryItem({ family, record, date }) {
  return h(
    "li",
    { class: `entry ${family}` },
    h(
      "a",
      { href: `#/archive/${family}/${record.record_id}` },
      h("span", { class: "kind" }, t(`family.${family}`)),
      h("strong", {}, titleOf(family, record)),
      h("span", { class: "quiet" }, [noteOf(family, record), date.length > 4 ? date : null].filter(Boolean).join(" · ")),
    ),
  );
}

function withheld(held) {
  return notice(
    "warm",
    t("held.title"),
    h("p", {}, t("held.text")),
    facts(held.map(({ family, record }) => [t(`family.${family}`), record.hold_reason])),
  );
}
