// What stands where no exchange is yet: what is served, and a request to copy.

import { authorization } from "./api.js";
import { copy } from "./copy.js";
import { button, facts, h, pre, problem, visible } from "./dom.js";

/** What is served here, with a command to try. */
export function welcome() {
  const place = h("div.welcome", h("h2", "Waiting for the first request"));
  fetch("/", { headers: { Accept: "application/json", ...authorization() }, cache: "no-store" })
    .then((response) => response.json())
    .then((told) =>
      place.append(...told.apis.map(card), h("p.soft", h("a", { href: "/?about" }, "What is served, on one page"))),
    )
    .catch((error) => place.append(problem(error)));
  return place;
}

function card(api) {
  return h(
    "section.card",
    h("h3", visible(api.title), " ", h("span.soft", visible(api.version))),
    facts(
      ["Base URL", h("code", visible(api.base_url))],
      ["In place of", api.hosts.map(visible).join(", ")],
      [
        "Keys",
        h(
          "span.keys",
          Object.entries(api.keys)
            .slice(0, 6)
            .map(([key, plan]) => h("span", h("code", visible(key)), " ", h("span.soft", visible(plan)))),
        ),
      ],
    ),
    api.try_it
      ? h(
          "div.try",
          pre(visible(api.try_it)),
          button("Copy", () => copy(api.try_it, "curl"), { class: "small" }),
        )
      : null,
  );
}
