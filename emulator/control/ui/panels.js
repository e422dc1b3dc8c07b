// The registry of panels. A panel is a module that calls `panel({…})` when it is imported; app.js imports them all.
//
//   panel({
//     id: "faults",            // its name in the address bar: ?view=faults
//     title: "Faults",         // on its tab
//     place: "tab",            // "tab": a view of its own; "bar": a strip below the header; "dock": below the list
//     mount(root) {…},         // fills `root` once, when it is first shown
//     show() {…}, hide() {…},  // optional: begin and end what costs something, such as asking the server
//   });

import { byId, button, fill, h } from "./dom.js";
import { go, listen, state } from "./state.js";

const panels = [];
const FIRST = "exchanges";

/** Adds a panel. */
export function panel(definition) {
  panels.push({ place: "tab", show() {}, hide() {}, ...definition });
}

/** Shows the tabs, the bars and the view that the address bar names. */
export function start() {
  const tabs = panels.filter((each) => each.place === "tab");
  const links = tabs.map((each) => button(each.title, () => go({ view: each.id === FIRST ? "" : each.id }, { push: true })));
  fill(byId("tabs"), links);
  for (const each of tabs) {
    each.root = h("div", { class: `view view-${each.id}`, id: `view-${each.id}`, hidden: true }, each.id === FIRST ? null : h("h2", { class: "offscreen" }, each.title));
    byId("view").append(each.root);
  }
  for (const each of panels.filter((one) => one.place === "bar")) open(each, byId("bars"));
  let shown = null;
  const choose = () => {
    const wanted = tabs.find((each) => each.id === (state.view || FIRST)) ?? tabs[0];
    if (wanted === shown) return;
    if (shown) { shown.root.hidden = true; shown.hide(); }
    shown = wanted;
    tabs.forEach((each, index) => (each === wanted ? links[index].setAttribute("aria-current", "page") : links[index].removeAttribute("aria-current")));
    wanted.root.hidden = false;
    if (!wanted.mounted) { wanted.mounted = true; wanted.mount(wanted.root); }
    wanted.show();
  };
  listen((changed) => { if (changed("view")) choose(); });
  choose();
}

/** Opens the panels whose place is the dock below the list. */
export function openDock(place) {
  for (const each of panels.filter((one) => one.place === "dock")) open(each, place);
}

function open(each, place) {
  each.root = h("section", { class: `${each.place} ${each.place}-${each.id}`, "aria-label": each.title });
  place.append(each.root);
  each.mount(each.root);
  each.show();
}
