/** Elements without markup in strings: text is always text. */

/**
 * An element. `properties`: `on` maps events to listeners; `hidden`, `value`, `disabled` and the
 * like are set as properties, everything else as attributes; null, undefined and false are left out.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...flat(children));
  return element;
}

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "required", "multiple", "textContent"]);

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Put other children in place of what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

let last = 0;

/** An id for a label, a description or a heading; unique in this page. */
export function newId(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}

/** Say something to a screen reader without moving the focus. */
export function announce(text) {
  const place = document.getElementById("announcer");
  place.textContent = "";
  setTimeout(() => {
    place.textContent = text;
  }, 50);
}
