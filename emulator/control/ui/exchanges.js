// The view of exchanges: filter, list, detail, and what stands below the list.

import { Detail } from "./detail.js";
import { button, fill, h, problem, toast } from "./dom.js";
import { Feed } from "./feed.js";
import { Filter } from "./filter.js";
import { List } from "./list.js";
import { panel } from "./panels.js";
import { Rows } from "./rows.js";
import { welcome } from "./start.js";
import { go, listen, state } from "./state.js";
import { count } from "./units.js";

const rows = new Rows();
let list, detail, filter, feed, split;
let refused = false; // the server lets nobody follow: the filter is wrong, or the world is not there

panel({
  id: "exchanges",
  title: "Exchanges",
  mount(root) {
    const tools = h("div.tools");
    const place = h("div.list");
    const aside = h("aside.detail", { "aria-label": "Exchange", hidden: true });
    const fallen = h("span.soft.fallen");
    const follow = button("Follow", () => list.follow(!list.following), {
      class: "follow",
      id: "follow",
      "aria-pressed": "true",
    });
    split = h("div.split", h("div.left", place, h("div.foot", fallen, follow)), aside);
    root.append(tools, split);
    filter = new Filter(tools, rows);
    list = new List(place, rows, {
      chosen: select,
      followed(following, unseen) {
        follow.setAttribute("aria-pressed", String(following));
        fill(follow, following ? "Following" : unseen ? `Follow · ${count(unseen)} new` : "Follow");
      },
    });
    list.follow(true);
    detail = new Detail(aside, { pick: (field, value) => filter.add(field, value), closed: () => select(null) });
    feed = new Feed({
      cleared() {
        rows.clear();
        list.changed();
      },
      reset() {
        this.cleared();
        select(null); // another exchange has that number, or will have it
        toast("The journal begins anew");
      },
      rows(batch) {
        list.changed(rows.put(batch));
        if (
          batch.some(
            (row) => row.number === detail.number && row.outcome !== "open" && detail.exchange?.outcome === "open",
          )
        )
          detail.open(detail.number);
      },
      gone(places) {
        rows.take(places);
        list.changed();
      },
      told({ dropped, missed }) {
        fill(
          fallen,
          dropped ? `${count(dropped)} older ${dropped === 1 ? "exchange" : "exchanges"} left the journal` : "",
          missed ? `, ${count(missed)} of them before this page could show them` : "",
        );
      },
      problem(failure) {
        const ofFilter = !failure || failure.status === 400;
        if (ofFilter) filter.say(failure);
        if (failure) list.say(ofFilter ? [h("p", "The filter is wrong."), clearing()] : problem(failure));
        else if (refused) hint();
        refused = Boolean(failure);
      },
    });
    listen((changed) => {
      if (changed("filter", "world")) {
        feed.restart();
        hint();
      }
      if (changed("exchange")) show();
      else if (changed("tab")) detail.redraw?.();
    });
    hint();
    show();
  },
  show() {
    feed.start();
  },
  hide() {
    feed.stop();
  },
});

const clearing = () => button("Clear the filter", () => go({ filter: "" }));

function hint() {
  list.say(state.filter ? [h("p", "No exchange fits the filter."), clearing()] : welcome());
}

function show() {
  const number = Number(state.exchange) || null;
  detail.root.hidden = number === null;
  split.classList.toggle("with-detail", number !== null);
  list.select(number ?? -1, number !== null);
  if (number === null) detail.close();
  else detail.open(number);
}

export function select(number) {
  go({ exchange: number });
}

/** Selects the exchange before or after the selected one; without one, the newest. */
export function step(by) {
  if (!rows.length) return;
  const index = rows.indexOf(Number(state.exchange));
  const next = index < 0 ? rows.length - 1 : Math.min(rows.length - 1, Math.max(0, index + by));
  select(rows.at(next).number);
}

export const follow = () => list.follow(!list.following);
