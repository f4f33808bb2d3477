/** What the staff's queues have in common. */

import { get, post } from "../api.js";
import { fill, h } from "../dom.js";
import { actionButton, choices, explain, field, form } from "../forms.js";
import { facts } from "../person.js";
import { label, value } from "../records.js";
import { t } from "../texts.js";

/** A queue that loads page by page; `row` makes a list item, `empty` says that nothing waits. */
export async function queue(path, query, row, empty) {
  const list = h("ul", { class: "stack" });
  const more = h("div", {});
  const load = async (cursor) => {
    const { items, next } = await get(path, { ...query, limit: 20, cursor });
    list.append(...items.map(row));
    fill(more, next && actionButton(t("more"), () => load(next)));
    return items.length;
  };
  const found = await load();
  return found ? [list, more] : [h("p", { class: "notice" }, empty)];
}

/** Fields with what the record says and what it should say. */
export const differences = (family, changes) =>
  facts(
    changes.map(({ field: name, present, proposed }) => [
      label(family, name),
      h("span", {}, h("del", {}, value(name, present) ?? "—"), " → ", h("ins", {}, value(name, proposed) ?? "—")),
    ]),
  );

/** Yes or no with a note; the note is needed to refuse. */
export function acceptOrRefuse(path, done) {
  return form({
    fields: [
      choices({ name: "decision", label: t("staff.decision"), options: ["accept", "refuse"].map((one) => [one, t(`staff.${one}`)]) }),
      field({ name: "note", label: t("staff.note"), help: t("staff.note.help"), kind: "textarea", maxlength: 500, optional: true }),
    ],
    action: t("staff.decide"),
    submit: async ({ decision, note }, key) => {
      done(await post(path, note ? { decision, note } : { decision }, { key }));
    },
  });
}

/** A picture that is fetched only when somebody asks for it: the look is noted. */
export function pictureOnDemand(text, load) {
  const place = h("div", { class: "stack" });
  const wrong = h("div", { class: "alert", role: "alert", hidden: true });
  place.append(
    actionButton(text, async () => {
      try {
        fill(place, await load());
      } catch (error) {
        explain(wrong, error);
        place.append(wrong);
      }
    }),
  );
  return place;
}
