"use strict";

/** Accepts an invitation: a password and, for staff, an authenticator app. The token is in the
 *  fragment, which no server sees, and leaves the address bar at once. */
const REFUSED = ["链接已失效或已用过。", "The link has expired or was used."];
const FAILED = ["暂时无法完成，请稍后再试。", "It did not work just now; try again later."];
const WELCOME = ["账户", "Account"];
const DONE = ["密码已设置，现在可以登录。", "Your password is set; you can sign in now."];

const find = (id) => document.getElementById(id);

function say([zh, en]) {
  const english = document.createElement("span");
  english.lang = "en";
  english.textContent = en;
  find("text").replaceChildren(`${zh} `, english);
}

async function send(path, body) {
  const answer = await fetch(`/api/invitations${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": navigator.language },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

function show(invitation) {
  say([`${WELCOME[0]}：${invitation.name}`, `${WELCOME[1]}: ${invitation.username}`]);
  if (invitation.authenticator) {
    find("secret").textContent = invitation.authenticator.secret.match(/.{1,4}/g).join(" ");
    find("address").href = invitation.authenticator.address;
    find("code").required = true;
    find("app").hidden = find("code-row").hidden = false;
  }
  find("form").hidden = false;
}

function finish(accepted) {
  say(DONE);
  find("form").hidden = true;
  for (const code of accepted.recovery_codes) {
    const item = document.createElement("li");
    item.textContent = code;
    find("codes").append(item);
  }
  find("recovery").hidden = accepted.recovery_codes.length === 0;
}

async function accept(token) {
  const code = find("code").required ? { code: find("code").value } : {};
  try {
    const { status, body } = await send("/accept", {
      token,
      password: find("password").value,
      ...code,
    });
    if (status === 200) finish(body);
    else if (body.code === "code_invalid") say(REFUSED);
    else {
      const detail = body.errors?.map((error) => error.detail).join(" ") || body.detail;
      find("text").textContent = detail;
    }
  } catch {
    say(FAILED);
  }
}

async function open(token) {
  try {
    const { status, body } = await send("", { token });
    if (status !== 200) return say(status === 422 ? REFUSED : FAILED);
    show(body);
    find("form").addEventListener("submit", (event) => {
      event.preventDefault();
      accept(token);
    });
  } catch {
    say(FAILED);
  }
}

const token = location.hash.slice(1);
if (token) {
  history.replaceState(null, "", location.pathname);
  open(token);
}
