// The registry of panels. A panel is a module that calls `panel({…})` when it is imported; app.js imports them all.
//
//   panel({
//     id: "faults",            // its name in the address bar: ?view=faults
//     title: "Faults",         // on its tab
//     place: "tab",            // "tab": a view of its own; "bar": a strip below the header
//     mount(root) {…},         // fills `root` once, when it is first shown; returns its polls, if it has any
//     show() {…}, hide() {…},  // optional: begin and end what else costs something
//   });

import { byId, button, fill, h } from "./dom.js";
import { go, listen, state } from "./state.js";

const panels = [];
const FIRST = "exchanges";

/** Adds a panel. */
export function panel(definition) {
  panels.push({ place: "tab", show() {}, hide() {}, ...definition });
}

/** A button that opens an exchange. */
export const opens = (number, label = `#${number}`, kind = "link") =>
  button(label, () => go({ view: "", exchange: number, tab: "" }, { push: true }), { class: kind });

/** Shows the tabs, the bars and the view that the address bar names. */
export function start() {
  const tabs = panels.filter((each) => each.place === "tab");
  const links = tabs.map((each) =>
    button(each.title, () => go({ view: each.id === FIRST ? "" : each.id }, { push: true })),
  );
  fill(byId("tabs"), links);
  for (const each of tabs) {
    each.root = h(
      "div",
      { class: `view view-${each.id}`, id: `view-${each.id}`, hidden: true },
      each.id === FIRST ? null : h("h2.offscreen", each.title),
    );
    byId("view").append(each.root);
  }
  for (const each of panels.filter((one) => one.place === "bar")) {
    each.root = h("section", { class: `bar bar-${each.id}`, "aria-label": each.title });
    byId("bars").append(each.root);
    show(each);
  }
  let shown = null;
  const choose = () => {
    const wanted = tabs.find((each) => each.id === (state.view || FIRST)) ?? tabs[0];
    if (wanted === shown) return;
    if (shown) {
      shown.root.hidden = true;
      shown.hide();
      for (const poll of shown.polls) poll.stop();
    }
    shown = wanted;
    tabs.forEach((each, index) =>
      each === wanted
        ? links[index].setAttribute("aria-current", "page")
        : links[index].removeAttribute("aria-current"),
    );
    wanted.root.hidden = false;
    show(wanted);
  };
  listen((changed) => {
    if (changed("view")) choose();
  });
  choose();
}

function show(each) {
  each.polls ??= each.mount(each.root) ?? [];
  each.show();
  for (const poll of each.polls) poll.start();
}
