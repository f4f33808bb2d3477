"use strict";

const FAMILIES = {
  enrollments: "学籍",
  credentials: "学历",
  degrees: "学位",
  admissions: "招生录取",
  exams: "考试成绩",
  loans: "助学贷款",
  aids: "资助",
};

const DOCUMENTS = {
  resident_id: "居民身份证",
  residence_permit: "港澳台居民居住证",
  mainland_travel_permit_hk_mo: "港澳居民来往内地通行证",
  mainland_travel_permit_tw: "台湾居民来往大陆通行证",
  passport: "护照",
  permanent_resident_card: "外国人永久居留身份证",
};

const PAGE = 12;
const find = (id) => document.getElementById(id);

/** An element with text; the text is never read as markup. */
function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

/** Chinese text with its English in a quieter voice after it. */
function say(element, zh, en) {
  const english = make("span", en);
  english.lang = "en";
  element.replaceChildren(`${zh} `, english);
}

async function read(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

function personCard(person) {
  const card = make("li");
  const facts = make("dl");
  const rows = [
    [DOCUMENTS[person.document_type] ?? person.document_type, person.document_number],
    ["手机", person.phone],
  ];
  for (const [label, value] of rows) {
    facts.append(make("dt", label), make("dd", value ?? "—", "number"));
  }
  const holds = make("ul", undefined, "holds");
  for (const [family, count] of Object.entries(person.holds ?? {})) {
    if (count) holds.append(make("li", `${FAMILIES[family] ?? family} ${count}`));
  }
  for (const [family, count] of Object.entries(person.held ?? {})) {
    if (count) holds.append(make("li", `${FAMILIES[family] ?? family} 暂不显示 ${count}`, "held"));
  }
  const byHand = person.manual_bindings?.length;
  if (byHand) holds.append(make("li", `手动绑定 ${byHand}`));
  card.append(make("h3", person.name), facts, holds);
  return card;
}

function messageCard(message) {
  const card = make("li");
  const meta = make("p", undefined, "meta");
  const time = make("time", new Date(message.sent_at).toLocaleString("zh-CN", { hour12: false }));
  time.dateTime = message.sent_at;
  const channel = message.channel === "sms" ? "短信" : "邮件";
  meta.append(make("span", `${channel} · ${message.to}`), time);
  card.append(meta);
  if (message.subject) card.append(make("p", message.subject, "subject"));
  card.append(make("p", message.body, "body"));
  return card;
}

let nextPeople = "0";

async function showPeople() {
  const note = find("people-note");
  try {
    const page = await read(`/local/people?limit=${PAGE}&cursor=${nextPeople}`);
    find("people").append(...page.items.map(personCard));
    nextPeople = page.next;
    find("more-people").hidden = page.next === null;
    const empty = find("people").childElementCount === 0;
    note.hidden = !empty;
    if (empty) say(note, "还没有演示数据。", "No demo data yet.");
  } catch {
    say(note, "暂时读不到人物列表。", "The list of people cannot be read just now.");
  }
}

async function showMessages() {
  const note = find("messages-note");
  try {
    const page = await read("/local/messages?limit=20");
    find("messages").replaceChildren(...page.items.map(messageCard));
    note.hidden = page.items.length > 0;
    say(note, "还没有发出过短信或邮件。", "Nothing has been sent yet.");
  } catch {
    note.hidden = false;
    say(note, "暂时读不到消息。", "Messages cannot be read just now.");
  }
}

async function showState() {
  const state = find("state");
  const good = await fetch("/api/health").then((answer) => answer.ok, () => false);
  state.className = `state ${good ? "good" : "waiting"}`;
  if (good) {
    say(state, "服务已就绪", "Ready");
    if (nextPeople === "0" || find("people").childElementCount === 0) {
      nextPeople = "0";
      await showPeople();
    }
    return;
  }
  say(state, "正在载入演示数据，请稍候", "Loading the demo data");
  setTimeout(showState, 1500);
}

find("more-people").addEventListener("click", showPeople);
find("refresh").addEventListener("click", showMessages);
showState();
showMessages();
