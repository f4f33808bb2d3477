/**
 * The signed token of a report (docs/verification.md): a compact JWS with ES256, checked here, by
 * the published keys. Nothing is sent for this; keys that were read once serve without a network.
 */

const TYPE = "report+jwt";
const KEYS = "published-keys";

/** A text is no token, or none of the kind that is asked for. */
export class Malformed extends Error {}

/** The bytes of base64url; only its one canonical form is read. */
export function decode(text) {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw new Malformed("base64url");
  const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  if (encode(bytes) !== text) throw new Malformed("base64url");
  return bytes;
}

const encode = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** Canonical JSON (RFC 8785). */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

/** The published keys: fresh ones where the network answers, else those read last. */
export async function publishedKeys() {
  try {
    const answer = await fetch("/api/.well-known/jwks.json");
    if (!answer.ok) throw new Error("no keys");
    const { keys } = await answer.json();
    localStorage.setItem(KEYS, JSON.stringify(keys));
    return keys;
  } catch {
    return JSON.parse(localStorage.getItem(KEYS) ?? "[]");
  }
}

/**
 * What a token says, once its signature holds: `{ report, facts, iat, exp }`. Answers
 * `{ outcome: "passed" | "failed" | "not_checked", claims }`; without a key nothing is said.
 */
export async function checkToken(token, keys) {
  let parts;
  try {
    parts = token.split(".");
    if (parts.length !== 3) throw new Malformed("parts");
    const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(decode(part))));
    if (header.alg !== "ES256" || header.typ !== TYPE || Object.keys(header).length !== 3) throw new Malformed("header");
    const key = keys.find(({ kid }) => kid === header.kid);
    if (!key) return { outcome: "not_checked" };
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    const imported = await crypto.subtle.importKey("jwk", { kty: key.kty, crv: key.crv, x: key.x, y: key.y }, curve, false, ["verify"]);
    const holds = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, imported, decode(parts[2]), new TextEncoder().encode(`${parts[0]}.${parts[1]}`));
    const inTime = key.nbf <= claims.iat && claims.iat < key.exp;
    return holds && inTime ? { outcome: "passed", claims } : { outcome: "failed" };
  } catch (error) {
    if (error instanceof Malformed || error instanceof SyntaxError || error instanceof TypeError || error instanceof DOMException) return { outcome: "failed" };
    throw error;
  }
}

/** Whether the facts shown are those that the token signs. */
export async function factsAgree(report, claims) {
  const { photo_url: _, ...signed } = report;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical(signed)));
  return encode(new Uint8Array(digest)) === claims.facts;
}
