/** Verifying a report: by its code, by a scan, or many at once. */

import { NoAnswer, Problem, ask, get } from "./api.js";
import { fill, h } from "./dom.js";
import { DISCLOSABLE } from "./fields.js";
import { explanation, field, form } from "./forms.js";
import { facts, page } from "./person.js";
import { label, value } from "./records.js";
import { prepare } from "./shell.js";
import { checkToken, factsAgree, publishedKeys } from "./tokens.js";
import { instant, t } from "./texts.js";

const FAMILY_OF = { enrollment: "enrollments", credential: "credentials", degree: "degrees" };
const CHECKS = ["signature", "validity", "status", "currency"];

let outcome;
let present = null;

function draw() {
  outcome = h("section", { class: "outcome", tabindex: "-1", "aria-live": "polite", hidden: true });
  const main = document.getElementById("main");
  fill(
    main,
    page(t("verify.title"), [codeForm(), scanner(), outcome, bulk(), genuine()], { intro: t("verify.intro") }),
  );
  document.title = `${t("verify.title")} · ${t("brand")}`;
}

const codeForm = () =>
  form({
    fields: [
      field({ name: "code", label: t("verify.code"), help: t("verify.code.help"), autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 40, class: "number", value: present?.code ?? "" }),
      field({ name: "purpose", label: t("verify.purpose"), help: t("verify.purpose.help"), maxlength: 200, autocomplete: "off", optional: true }),
    ],
    action: t("verify.check"),
    submit: ({ code, purpose }) => check(code, purpose),
  });

/** The code and the signed token of an address or a QR code's text. */
export function readText(text) {
  const rest = text.includes("#") ? text.slice(text.indexOf("#") + 1) : text;
  const [code, ...token] = decodeURIComponent(rest).split(".");
  return { code: code.trim(), token: token.length === 3 ? token.join(".") : null };
}

async function check(code, purpose, token) {
  outcome.hidden = false;
  outcome.className = "outcome waiting";
  fill(outcome, h("p", { role: "status" }, t("verify.checking")));
  const local = token ? await checkToken(token, await publishedKeys()) : null;
  try {
    const normal = encodeURIComponent(code.replace(/[\s-]/g, ""));
    const answer = await get(`/verifications/${normal}`, { purpose });
    await show(answer, local, code);
  } catch (error) {
    if (!(error instanceof Problem) && !(error instanceof NoAnswer)) throw error;
    const known = error instanceof Problem && ["report_not_found", "code_malformed"].includes(error.code);
    if (known && !local) {
      outcome.hidden = true;
      throw Object.assign(error, { errors: [{ field: "code", detail: error.detail }] });
    }
    showUnanswered(error, local, known);
  }
  outcome.focus();
}

/** What can be said without an answer: a signature that holds is one thing, the status another. */
function showUnanswered(error, local, known) {
  const failed = known || local?.outcome === "failed";
  outcome.className = `outcome ${failed ? "bad" : "waiting"}`;
  fill(
    outcome,
    h("h2", {}, t(known ? "verify.unknown" : "verify.unanswered")),
    !known && h("p", {}, t("verify.unanswered.text")),
    ...explanation(error),
    local && checkList({ signature: local.outcome, validity: validityOf(local.claims), status: "not_checked", currency: "not_checked" }),
    local?.claims && facts([[t("report.number"), local.claims.report], [t("report.validUntil"), instant(local.claims.exp * 1000)]]),
  );
}

const validityOf = (claims) => (claims ? (Date.now() < claims.exp * 1000 ? "passed" : "failed") : "not_checked");

async function show(answer, local, code) {
  const { result, report } = answer;
  const mine = await ownCheck(answer, local);
  const checks = { ...answer.checks, signature: mine === "failed" ? "failed" : answer.checks.signature };
  const good = result === "valid" && mine !== "failed";
  outcome.className = `outcome ${good ? "good" : "bad"}`;
  fill(
    outcome,
    h("h2", {}, t(mine === "failed" ? "verify.forged" : `verify.result.${result}`)),
    h("p", {}, t(mine === "failed" ? "verify.forged.text" : `verify.result.${result}.text`)),
    checkList(checks, mine),
    report && mine !== "failed" && content(answer),
    answer.pdf_url && h("p", { class: "actions" }, h("a", { class: "button", href: answer.pdf_url }, t("report.pdf")), h("button", { type: "button", on: { click: () => print() } }, t("verify.print"))),
    h("p", { class: "quiet" }, t("verify.checkedAt", { time: instant(answer.checked_at) })),
  );
  present = { code };
}

/** This page's own check of the signature, by the published keys. */
async function ownCheck(answer, scanned) {
  if (scanned?.outcome === "failed") return "failed";
  if (!answer.token || !answer.report) return "not_checked";
  const { outcome: found, claims } = await checkToken(answer.token, await publishedKeys());
  if (found !== "passed") return found;
  const same = await factsAgree(answer.report, claims);
  // Of one report, though not the same facts: an extended one was signed anew with its new date.
  const printed = !scanned?.claims || scanned.claims.report === claims.report;
  return same && printed ? "passed" : "failed";
}

const checkList = (checks, mine) =>
  h(
    "ul",
    { class: "checks" },
    ...CHECKS.map((name) =>
      h(
        "li",
        { class: checks[name] },
        h("b", {}, t(`check.${name}`)),
        h("span", {}, t(`check.${checks[name]}`), name === "signature" && mine === "passed" && ` · ${t("check.here")}`),
        h("span", { class: "help" }, t(`check.${name}.${checks[name]}`)),
      )),
  );

function content({ report, photo_url }) {
  const family = FAMILY_OF[report.kind];
  const rows = DISCLOSABLE[report.kind].filter((name) => name !== "photo" && report[name] !== undefined).map((name) => [label(family, name), both(report, name)]);
  return [
    h("h3", {}, report.title_en ? [report.title, " ", h("span", { lang: "en" }, report.title_en)] : report.title),
    photo_url && h("img", { src: photo_url, class: "photo", alt: t("verify.photo") }),
    facts([
      ...rows,
      [t("report.number"), report.report_number],
      [t("report.issuedAt"), instant(report.issued_at)],
      [t("report.validUntil"), instant(report.valid_until)],
    ]),
  ];
}

function both(report, name) {
  const zh = value(name, report[name]);
  const en = report.english?.[name];
  return en && en !== zh ? [zh, " ", h("span", { lang: "en", class: "quiet" }, en)] : zh;
}

/** Scanning: the camera where the browser reads codes by itself, a picture otherwise. */
function scanner() {
  if (!("BarcodeDetector" in globalThis)) return null;
  const said = h("p", { class: "wrong", role: "alert", hidden: true });
  const video = h("video", { class: "camera", hidden: true, muted: true, playsinline: true, "aria-label": t("verify.camera") });
  const found = (text) => {
    stop();
    const { code, token } = readText(text);
    document.querySelector("main [name=code]").value = code;
    return check(code, "", token);
  };
  const tell = (key) => {
    said.textContent = t(key);
    said.hidden = false;
  };
  let stream = null;
  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.hidden = true;
  };
  const look = async (detector) => {
    if (!stream) return;
    const [one] = await detector.detect(video).catch(() => []);
    if (one) await found(one.rawValue);
    else requestAnimationFrame(() => look(detector));
  };
  const useCamera = async () => {
    said.hidden = true;
    if (stream) return stop();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      return tell("verify.noCamera");
    }
    video.srcObject = stream;
    video.hidden = false;
    await video.play();
    return look(new BarcodeDetector({ formats: ["qr_code"] }));
  };
  const usePicture = async (event) => {
    said.hidden = true;
    const [file] = event.target.files;
    const bitmap = file && (await createImageBitmap(file).catch(() => null));
    const [one] = bitmap ? await new BarcodeDetector({ formats: ["qr_code"] }).detect(bitmap) : [];
    if (one) await found(one.rawValue);
    else tell("verify.noCode");
  };
  return h(
    "section",
    {},
    h("h2", {}, t("verify.scan")),
    h(
      "div",
      { class: "actions" },
      navigator.mediaDevices && h("button", { type: "button", on: { click: useCamera } }, t("verify.camera")),
      h("label", { class: "button" }, t("verify.picture"), h("input", { type: "file", accept: "image/*", class: "unseen", on: { change: usePicture } })),
    ),
    video,
    said,
  );
}

/** Many codes from a CSV file, and the answers as one. */
function bulk() {
  const place = h("div", { class: "stack" });
  const send = form({
    fields: [field({ name: "list", label: t("verify.bulk.file"), help: t("verify.bulk.help"), kind: "file", accept: ".csv,text/csv" })],
    action: t("verify.bulk.check"),
    submit: async ({ list }) => {
      const codes = codesOf(await list.text());
      const { results } = await ask("POST", "/verifications", { body: { codes } });
      fill(place, bulkTable(codes, results));
    },
  });
  return h("details", { class: "card" }, h("summary", {}, t("verify.bulk")), send, place);
}

const codesOf = (text) =>
  text.split(/\r?\n/).map((line) => line.split(",")[0].replace(/^\uFEFF|"/g, "").trim()).filter((cell) => /\d/.test(cell) && cell.length >= 16);

const bulkTable = (codes, results) =>
  h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": t("verify.bulk") },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...["verify.code", "report.state", "name", "report.number"].map((key) => h("th", { scope: "col" }, t(key))))),
      h(
        "tbody",
        {},
        ...results.map((one, place) =>
          h(
            "tr",
            {},
            h("td", { class: "number" }, codes[place]),
            h("td", {}, one.result ? t(`verify.result.${one.result}`) : one.detail),
            h("td", {}, one.report?.name ?? ""),
            h("td", {}, one.report?.report_number ?? ""),
          )),
      ),
    ),
  );

const genuine = () =>
  h("details", { class: "card" }, h("summary", {}, t("verify.genuine")), h("p", {}, t("verify.genuine.text", { host: location.host })), h("p", {}, h("a", { href: "/help/" }, t("menu.help"))));

const scanned = location.hash.slice(1) ? readText(location.hash) : null;
history.replaceState(null, "", location.pathname); // the address bar keeps no code
if (scanned) present = { code: scanned.code };
await prepare({
  menu: () => [
    ["/", t("brand")],
    ["/verify/", t("menu.verify")],
    ["/help/", t("menu.help")],
  ],
  again: draw,
});
draw();
if (scanned) {
  try {
    await check(scanned.code, "", scanned.token);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    showUnanswered(error, null, true);
    outcome.hidden = false;
  }
}
