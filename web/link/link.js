"use strict";

/** What a link does: nothing happens until the person presses the button, so that mail scanners
 *  that open links change nothing. The token is in the fragment, which no server sees. */
const ACTIONS = {
  "confirm-email": {
    address: "/api/email-confirmations",
    ask: ["确认这是您的电子邮箱？", "Confirm that this is your e-mail address?"],
    act: ["确认邮箱", "Confirm"],
    done: ["邮箱已确认。", "Your address is confirmed."],
  },
  "undo-change": {
    address: "/api/account/contact-undo",
    ask: [
      "撤销更换并恢复原来的手机号码或邮箱？所有设备将退出登录。",
      "Undo the change and put your phone or e-mail back? Every device will be signed out.",
    ],
    act: ["撤销更换", "Undo"],
    done: ["已恢复。请尽快登录并修改密码。", "It is back. Sign in and change your password soon."],
  },
};

/** Links that lead to a page of one's own, after signing in there. */
const PAGES = {
  objection: {
    address: (appeal) => `/#/objection?appeal=${encodeURIComponent(appeal)}`,
    ask: [
      "有人对您账户的证件号码提出申诉。如果该号码属于您，请登录后提出异议。",
      "Somebody claims the document number of your account. If it is yours, sign in and object.",
    ],
    act: ["登录并提出异议", "Sign in and object"],
  },
  "cancel-closing": {
    address: () => "/#/account",
    ask: [
      "您的账户将被注销。如果想保留账户，请登录后取消。",
      "Your account will be closed. To keep it, sign in and cancel.",
    ],
    act: ["登录并取消注销", "Sign in and cancel"],
  },
};

const REFUSED = ["链接已失效或已用过。", "The link has expired or was used."];
const FAILED = ["暂时无法完成，请稍后再试。", "It did not work just now; try again later."];

const find = (id) => document.getElementById(id);

function say(element, [zh, en]) {
  const english = document.createElement("span");
  english.lang = "en";
  english.textContent = en;
  const apart = element.tagName === "BUTTON" ? " ·\u00a0" : document.createElement("br");
  element.replaceChildren(zh, apart, english);
}

async function run(action, token) {
  find("act").disabled = true;
  try {
    const answer = await fetch(action.address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    const used = answer.ok || answer.status < 500;
    say(find("text"), answer.ok ? action.done : used ? REFUSED : FAILED);
    find("act").hidden = used;
  } catch {
    say(find("text"), FAILED);
  }
  find("act").disabled = false;
}

function offer({ ask, act }, press) {
  history.replaceState(null, "", location.pathname);
  say(find("text"), ask);
  say(find("act"), act);
  find("act").hidden = false;
  find("act").addEventListener("click", press);
}

const [kind, token = ""] = location.hash.slice(1).split("=");
const [action, page] = [ACTIONS[kind], PAGES[kind]];
if (action && token) offer(action, () => run(action, token));
else if (page) offer(page, () => location.assign(page.address(token)));
