/** The terms and the privacy notice, and the separate consent to a scan. */

import { get } from "../api.js";
import { h } from "../dom.js";
import { page } from "../person.js";
import { t } from "../texts.js";

export async function terms({ query }) {
  const { version, texts } = await get("/consents");
  const wanted = query.get("kind") === "document_scan" ? "document_scan" : "terms";
  const [title, ...blocks] = read(texts[wanted]);
  return page(title.textContent, [...blocks, h("p", { class: "quiet" }, t("terms.version", { version }))], { className: "prose" });
}

/** Headings, paragraphs, lists and tables of a Markdown text as elements. */
function read(markdown) {
  return markdown.trim().split(/\n{2,}/).map((block) => {
    const lines = block.split("\n");
    const heading = /^(#+) (.*)$/.exec(lines[0]);
    if (heading) return h(heading[1].length === 1 ? "h1" : "h2", {}, heading[2]);
    if (lines.every((line) => line.startsWith("* "))) return h("ul", {}, ...lines.map((line) => h("li", {}, line.slice(2))));
    if (lines.every((line) => line.startsWith("|"))) return table(lines);
    return h("p", {}, lines.join(" "));
  });
}

function table(lines) {
  const cells = (line) => line.split("|").slice(1, -1).map((cell) => cell.trim());
  const [head, , ...rows] = lines;
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": cells(head).join(", ") },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...cells(head).map((cell) => h("th", { scope: "col" }, cell)))),
      h("tbody", {}, ...rows.map((row) => h("tr", {}, ...cells(row).map((cell) => h("td", {}, cell))))),
    ),
  );
}
