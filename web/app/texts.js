/** The person's language and the texts in it. */

const LANGUAGES = { zh: "zh-CN", en: "en" };
let texts = {};
let language = "zh";
const dictionaries = [""];

/** Have the texts of another part of the site as well, from the next `useLanguage` on. */
export const useDictionary = (part) => dictionaries.push(`${part}.`);

/** The language that was chosen here before; else Chinese, unless the browser prefers English. */
function preferred() {
  const chosen = localStorage.getItem("language");
  if (chosen in LANGUAGES) return chosen;
  const spoken = navigator.languages.find((tag) => /^(zh|en)\b/i.test(tag)) ?? "zh";
  return spoken.toLowerCase().startsWith("en") ? "en" : "zh";
}

/** Load the texts of a language (the preferred one if none is named) and make it the page's. */
export async function useLanguage(chosen = preferred()) {
  const loaded = await Promise.all(dictionaries.map((part) => import(`./texts/${part}${chosen}.js`)));
  texts = Object.assign({}, texts, ...loaded.map((one) => one.default));
  language = chosen;
  document.documentElement.lang = LANGUAGES[chosen];
}

/** Take another language and remember it. */
export async function switchLanguage(chosen) {
  localStorage.setItem("language", chosen);
  await useLanguage(chosen);
}

/** `zh` or `en`. */
export const currentLanguage = () => language;

/** What to send as `Accept-Language`. */
export const languageTag = () => LANGUAGES[language];

/** The text of a key; `{name}` in it stands for a value. A missing text shows its key. */
export function t(key, values = {}) {
  const text = texts[key];
  if (text === undefined) {
    console.error(`no text: ${key}`);
    return key;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Whether there is a text of this key. */
export const hasText = (key) => key in texts;

/** An instant as date and time of this device, to the minute. */
export function instant(text) {
  return new Date(text).toLocaleString(languageTag(), { dateStyle: "medium", timeStyle: "short" });
}

/** An instant as a date of this device. */
export function day(text) {
  return new Date(text).toLocaleDateString(languageTag(), { dateStyle: "long" });
}

/** A recorded date (`YYYY-MM-DD`), which belongs to no time zone, in words. */
export function recordedDate(text) {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? "");
  if (!match) return text ?? "";
  const date = new Date(Date.UTC(+match[1], match[2] - 1, +match[3]));
  return date.toLocaleDateString(languageTag(), { dateStyle: "long", timeZone: "UTC" });
}
