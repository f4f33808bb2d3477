/** The help page: both languages stand in the page itself; the other one is hidden. */

import { prepare } from "./shell.js";
import { currentLanguage, t } from "./texts.js";

function showLanguage() {
  for (const article of document.querySelectorAll("main > article")) {
    article.hidden = article.lang.slice(0, 2) !== currentLanguage();
  }
  document.title = `${t("menu.help")} · ${t("brand")}`;
}

await prepare({
  menu: () => [
    ["/", t("brand")],
    ["/verify/", t("menu.verify")],
    ["/help/", t("menu.help")],
  ],
  again: showLanguage,
});
showLanguage();
