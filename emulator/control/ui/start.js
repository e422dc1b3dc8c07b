// What stands where no exchange is yet: what is served, and a request to copy.

import { copy } from "./copy.js";
import { button, facts, fill, h, problem, visible } from "./dom.js";

/** What is served here, with a command to try. */
export function welcome() {
  const place = h("div", { class: "welcome" }, h("h2", null, "Waiting for the first request"));
  fetch("/", { headers: { Accept: "application/json", ...(sessionStorage.getItem("emulator-control-token") ? { Authorization: `Bearer ${sessionStorage.getItem("emulator-control-token")}` } : {}) }, cache: "no-store" })
    .then((response) => response.json()).then((told) => place.append(...told.apis.map(card), h("p", { class: "soft" }, h("a", { href: "/?about" }, "What is served, on one page")))).catch((error) => place.append(problem(error)));
  return place;
}

function card(api) {
  return h("section", { class: "card" }, h("h3", null, visible(api.title), " ", h("span", { class: "soft" }, visible(api.version))),
    facts(["Base URL", h("code", null, visible(api.base_url))], ["In place of", api.hosts.map(visible).join(", ")],
      ["Keys", h("span", { class: "keys" }, Object.entries(api.keys).slice(0, 6).map(([key, plan]) => h("span", null, h("code", null, visible(key)), " ", h("span", { class: "soft" }, visible(plan)))))]),
    api.try_it ? h("div", { class: "try" }, h("pre", { class: "raw", tabindex: "0" }, visible(api.try_it)), button("Copy", () => copy(api.try_it, "curl"), { class: "small" })) : null);
}
