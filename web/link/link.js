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

const REFUSED = ["链接已失效或已用过。", "The link has expired or was used."];
const FAILED = ["暂时无法完成，请稍后再试。", "It did not work just now; try again later."];

const find = (id) => document.getElementById(id);

function say(element, [zh, en]) {
  const english = document.createElement("span");
  english.lang = "en";
  english.textContent = en;
  element.replaceChildren(`${zh} `, english);
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

const [kind, token] = location.hash.slice(1).split("=");
const action = ACTIONS[kind];
if (action && token) {
  history.replaceState(null, "", location.pathname);
  say(find("text"), action.ask);
  say(find("act"), action.act);
  find("act").hidden = false;
  find("act").addEventListener("click", () => run(action, token));
}
