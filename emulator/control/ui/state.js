// What the address bar says: which world, view, filter and exchange. Those who listen learn of every change.

const NAMES = ["world", "view", "filter", "exchange", "tab"];
const listeners = new Set();

/** The state of the page; change it with `go`. */
export const state = {};
read();

function read() {
  const query = new URLSearchParams(location.search);
  for (const name of NAMES) state[name] = query.get(name) ?? "";
}

/** Changes parts of the state: go({exchange: 12}). A link to the page as it is then stands in the address bar. */
export function go(changes, { push = false } = {}) {
  const before = { ...state };
  for (const [name, value] of Object.entries(changes)) state[name] = value == null ? "" : String(value);
  const address = link();
  if (address !== location.pathname + location.search) history[push ? "pushState" : "replaceState"](null, "", address);
  tell(before);
}

/** The address of the page in another state. */
export function link(changes = {}) {
  const all = { ...state, ...changes };
  const query = new URLSearchParams(NAMES.filter((name) => all[name]).map((name) => [name, all[name]]));
  return location.pathname + (query.size ? `?${query}` : "");
}

/** Calls `listener(changed, before)` after each change; `changed(name)` says whether a part has changed. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(before) {
  const changed = (...names) => names.some((name) => before[name] !== state[name]);
  for (const listener of [...listeners]) listener(changed, before);
}

addEventListener("popstate", () => {
  const before = { ...state };
  read();
  tell(before);
});
