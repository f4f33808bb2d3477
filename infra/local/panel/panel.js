/** On a local run only: a phone and mailbox that show what was sent, and people to register as. */

import { h } from "/app/dom.js";

const TEXTS = {
  zh: {
    open: "手机与邮箱（演示）",
    close: "收起",
    messages: "收到的消息",
    none: "还没有短信或邮件。",
    people: "可以注册的人物",
    fill: "填入表单",
    use: "填入验证码",
    link: "打开链接",
    more: "更多人物",
    tall: "人物和记录均为虚构，消息只留在本机。",
  },
  en: {
    open: "Phone and mailbox (demo)",
    close: "Close",
    messages: "Messages received",
    none: "No SMS or mail yet.",
    people: "People to register as",
    fill: "Fill the form",
    use: "Use the code",
    link: "Open the link",
    more: "More people",
    tall: "People and records are invented; messages stay on this machine.",
  },
};
const PASSWORD = "correct horse battery staple";

const text = (key) => TEXTS[document.documentElement.lang.startsWith("en") ? "en" : "zh"][key];

/** Put the panel's button on the page. */
export function open() {
  document.head.append(h("link", { rel: "stylesheet", href: "/local/panel.css" }));
  const panel = h("aside", { class: "panel", id: "demo-panel", hidden: true, "aria-label": text("open") });
  const button = h("button", { type: "button", class: "panel-button", "aria-expanded": "false", "aria-controls": "demo-panel" }, text("open"));
  let timer;
  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    button.textContent = text(panel.hidden ? "open" : "close");
    clearInterval(timer);
    if (panel.hidden) return;
    draw(panel);
    timer = setInterval(() => refreshMessages(panel), 2000);
  });
  document.body.append(panel, button);
}

async function draw(panel) {
  panel.replaceChildren(
    h("p", { class: "quiet" }, text("tall")),
    h("h2", {}, text("messages")),
    h("ol", { class: "panel-messages" }),
    h("h2", {}, text("people")),
    h("ul", { class: "panel-people" }),
  );
  await Promise.all([refreshMessages(panel), morePeople(panel, 0)]);
}

async function refreshMessages(panel) {
  const { items } = await read("/local/messages?limit=8");
  const seen = JSON.stringify(items);
  const list = panel.querySelector(".panel-messages");
  if (list.dataset.seen === seen) return;
  list.dataset.seen = seen;
  list.replaceChildren(...(items.length ? items.map(messageItem) : [h("li", { class: "quiet" }, text("none"))]));
}

function messageItem({ channel, to, subject, body, sent_at }) {
  const code = /(?<!\d)\d{6}(?!\d)/.exec(body)?.[0];
  const link = new RegExp(`${location.origin}/\\S*#\\S+`).exec(body)?.[0];
  return h(
    "li",
    {},
    h("p", { class: "quiet" }, `${channel === "sms" ? "SMS" : "E-mail"} · ${to} · ${new Date(sent_at).toLocaleTimeString()}`),
    subject && h("p", {}, h("b", {}, subject)),
    h("p", { class: "kept" }, body),
    code && h("button", { type: "button", on: { click: () => type("code", code) } }, `${text("use")} ${code}`),
    link && h("a", { class: "button", href: link, target: "_blank" }, text("link")),
  );
}

async function morePeople(panel, cursor) {
  const { items, next } = await read(`/local/people?limit=8&cursor=${cursor}`);
  const list = panel.querySelector(".panel-people");
  list.querySelector(".more")?.remove();
  list.append(...items.map(personItem));
  if (next) list.append(h("li", { class: "more" }, h("button", { type: "button", on: { click: () => morePeople(panel, next) } }, text("more"))));
}

function personItem(person) {
  const holds = Object.entries(person.holds ?? {}).filter(([, count]) => count).map(([family, count]) => `${family} ${count}`);
  return h(
    "li",
    {},
    h("p", {}, h("b", {}, person.name), ` ${person.phone ?? ""}`),
    h("p", { class: "quiet" }, person.document_number),
    h("p", { class: "quiet" }, holds.join(", ")),
    h("button", { type: "button", on: { click: () => fillIn(person) } }, text("fill")),
  );
}

/** Fill whatever of a person's data the present form asks for. */
function fillIn(person) {
  type("destination", person.phone);
  type("name", person.name);
  type("document_type", person.document_type);
  type("document_number", person.document_number);
  type("email", `${person.document_number.slice(-8).toLowerCase()}@mail.example`);
  type("username", person.phone);
  for (const name of ["password", "current_password", "new_password"]) type(name, PASSWORD);
}

function type(name, value) {
  for (const control of document.querySelectorAll(`main [name="${name}"], dialog[open] [name="${name}"]`)) {
    control.value = value;
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

async function read(address) {
  const answer = await fetch(address).catch(() => null);
  return answer?.ok ? answer.json() : { items: [], next: null };
}
