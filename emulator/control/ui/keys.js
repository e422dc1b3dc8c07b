// The keyboard. No key does anything that can't be taken back: nothing is cleared, disarmed or deleted by one.

import { byId, button, h } from "./dom.js";
import { follow, select, step } from "./exchanges.js";
import { go, state } from "./state.js";

const onExchanges = () => !state.view || state.view === "exchanges";

// [keys as shown, what they do, the keys, the action]
const KEYS = [
  ["j  ↓", "next exchange", ["j", "ArrowDown"], () => step(1)],
  ["k  ↑", "previous exchange", ["k", "ArrowUp"], () => step(-1)],
  ["Enter", "go to the detail", ["Enter"], () => (state.exchange ? byId("tab-body")?.focus() : step(1))],
  ["Esc", "back: from the detail to the list, then close it", ["Escape"], back],
  ["/", "filter", ["/"], () => byId("filter").focus()],
  ["f", "follow the newest, or stop", ["f"], follow],
  ["c", "copy as …", ["c"], () => openMenu()],
  ["r", "replay the exchange", ["r"], () => replay()],
  ["?", "this help", ["?"], () => help()],
];

export function start() {
  byId("help").addEventListener("click", help);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const typing = event.target.closest("input, textarea, select");
    if (typing) {
      if (event.key === "Escape") typing.blur();
      return;
    }
    if (event.key === "Enter" && event.target.closest("button, summary, a")) return;
    if (["ArrowDown", "ArrowUp"].includes(event.key) && !event.target.closest("[role=grid], body:not(:has(:focus))"))
      return;
    const key = KEYS.find(([, , keys]) => keys.includes(event.key));
    if (!key || (event.key !== "?" && !onExchanges())) return;
    event.preventDefault();
    key[3]();
  });
}

function back() {
  const grid = document.querySelector("[role=grid]");
  if (document.activeElement?.closest(".detail")) grid.focus();
  else if (state.exchange) {
    select(null);
    grid.focus();
  }
}

function openMenu() {
  const menu = byId("copy-menu");
  if (!menu) return;
  menu.open = true;
  menu.querySelector(".menu-items button").focus();
}

function replay() {
  if (!state.exchange) return;
  go({ tab: "replay" });
  byId("replay-send")?.focus();
}

function help() {
  const dialog = h(
    "dialog.dialog",
    { "aria-labelledby": "help-title", onclose: () => dialog.remove() },
    h("h2", { id: "help-title" }, "Keyboard"),
    h(
      "dl.shortcuts",
      KEYS.map(([shown, what]) => [h("dt", shown.split("  ").map((key) => h("kbd", key))), h("dd", what)]),
    ),
    h("div.actions", button("Close", () => dialog.close(), { class: "primary" })),
  );
  document.body.append(dialog);
  dialog.showModal();
}
