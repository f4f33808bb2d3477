/** Calls of the API: tokens, language, retries, and problems as errors. */

import { languageTag } from "./texts.js";

const BASE = "/api";

/** What the API answered instead of success; `code` is the contract's, `errors` name fields. */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.code ?? "unavailable");
    this.status = status;
    this.code = body.code ?? "unavailable";
    this.detail = body.detail ?? "";
    this.errors = body.errors ?? [];
    this.links = body.links ?? {};
    this.requestId = body.request_id;
    this.retryAfter = retryAfter;
  }
}

/** No answer came: the network is down, or the request took too long. */
export class NoAnswer extends Error {}

const NO_ANSWER_AFTER = 35_000;

let session = null;
let whenExpired = async () => false;
let refreshing = null;
const watchers = new Set();

/** The account of the person who is signed in, or null. */
export const account = () => session?.account ?? null;

/** Whether somebody is signed in. */
export const isSignedIn = () => session !== null;

/** Be told when somebody signs in or out, or the account changes. */
export function watchSession(act) {
  watchers.add(act);
}

/** How to get a session again when it has expired: a promise of whether there is one. */
export function onExpired(act) {
  whenExpired = act;
}

const HINT = "session-kept";

/** Whether this browser may hold a session: a hint, so that a first visit asks for none. */
export const mayResume = () => localStorage.getItem(HINT) !== null;

function take(answer) {
  if (answer === null) localStorage.removeItem(HINT);
  else localStorage.setItem(HINT, "1");
  session = answer === null ? null : { token: answer.access_token, account: answer.account };
  for (const watch of watchers) watch(session?.account ?? null);
}

/** Take a changed account. */
export function accountChanged(changed) {
  session = { ...session, account: changed };
  for (const watch of watchers) watch(changed);
}

/**
 * Begin a session from an answer of the API. The refresh token goes into a cookie that no script
 * can read, so that the session survives a reload; the access token stays in memory.
 */
export async function begin(answer) {
  take(answer);
  const { refresh_token, device_token } = answer;
  const body = device_token ? { refresh_token, device_token } : { refresh_token };
  try {
    await send("PUT", "/sessions/browser", { body });
  } catch (error) {
    if (!(error instanceof NoAnswer) && !(error instanceof Problem)) throw error;
    console.warn("this session will not survive a reload");
  }
}

/** Take up the session that the browser's cookie holds. Answers whether there was one. */
export function resume() {
  refreshing ??= resumed().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function resumed() {
  try {
    const answer = await send("POST", "/sessions/browser/refresh");
    take(answer);
    return answer !== null;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) take(null);
    else if (!(error instanceof Problem) && !(error instanceof NoAnswer)) throw error;
    return false;
  }
}

/** Sign out here, whatever the network does. */
export async function signOut() {
  try {
    await send("DELETE", "/sessions/current");
  } catch (error) {
    if (!(error instanceof Problem) && !(error instanceof NoAnswer)) throw error;
  }
  take(null);
}

/** Forget the session, which the API has ended. */
export const forget = () => take(null);

/**
 * Ask the API. `body` is sent as JSON; `query` as parameters; `key` makes a retry safe
 * (`Idempotency-Key`); `as: "blob"` answers the bytes. Raises `Problem` or `NoAnswer`.
 */
export async function ask(method, path, options = {}) {
  try {
    return await send(method, path, options);
  } catch (error) {
    const expired = error instanceof Problem && error.status === 401 && error.code === "unauthenticated";
    if (!expired) throw error;
    if ((await resume()) || (await whenExpired())) return send(method, path, options);
    throw error;
  }
}

export const get = (path, query) => ask("GET", path, { query });
export const post = (path, body, options = {}) => ask("POST", path, { body, ...options });
export const put = (path, body) => ask("PUT", path, { body });
export const remove = (path, body) => ask("DELETE", path, { body });

/** Every item of a list, page by page, up to `most`. */
export async function all(path, most = 500, query = {}) {
  const items = [];
  let cursor;
  do {
    const page = await get(path, { limit: 100, ...query, cursor });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor && items.length < most);
  return items;
}

async function send(method, path, { body, query, key, headers = {}, as = "json" } = {}) {
  const answer = await fetched(address(path, query), {
    method,
    headers: {
      Accept: "application/json",
      "Accept-Language": languageTag(),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(key ? { "Idempotency-Key": key } : {}),
      ...(session ? { Authorization: `Bearer ${session.token}` } : {}),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
    cache: "no-store",
  });
  if (!answer.ok) throw await problemOf(answer);
  if (as === "blob") return answer.blob();
  return answer.headers.get("Content-Type")?.includes("json") ? answer.json() : null;
}

async function fetched(url, options) {
  try {
    return await fetch(url, { ...options, signal: AbortSignal.timeout(NO_ANSWER_AFTER) });
  } catch {
    throw new NoAnswer("no answer");
  }
}

async function problemOf(answer) {
  const body = await answer.json().catch(() => ({}));
  return new Problem(answer.status, body, Number(answer.headers.get("Retry-After")) || null);
}

function address(path, query) {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== "");
  return `${BASE}${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

/** Put a file where a presigned form says. Raises `NoAnswer`. */
export async function upload({ url, fields }, file) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file);
  const answer = await fetched(url, { method: "POST", body: form });
  if (!answer.ok) throw new Problem(answer.status, { code: "file_rejected" }, null);
}
