// The list of exchanges: only the rows in sight are in the page, however many there are. It follows the newest until
// somebody scrolls up, and stays where it is until somebody lets it follow again.

import { fill, h, visible } from "./dom.js";
import { outcomeOf, statusTone } from "./outcome.js";
import { unpressed } from "./press.js";
import { bytes, clockTime, count, duration } from "./units.js";

const ROW = 30; // pixels; style.css has the same
const SPARE = 6; // rows above and below those in sight
const FRESH = 15; // rows that are made in one frame, to be used again

const COLUMNS = [
  ["outcome", "Outcome", ""],
  ["number", "Number", "#"],
  ["at", "Time", "Time (UTC)"],
  ["status", "Status", ""],
  ["call", "Request", "Request"],
  ["tags", "Remarks", ""],
  ["key", "Key", "Key"],
  ["took", "Duration", "Took"],
  ["size", "Size", "Sent"],
];

export class List {
  /** `chosen(number)` is called for a row that is clicked, `followed(following, unseen)` when following changes. */
  constructor(root, rows, { chosen, followed }) {
    this.rows = rows;
    this.chosen = chosen;
    this.followed = followed;
    this.following = true;
    this.unseen = 0;
    this.selected = -1;
    this.pool = new Map();
    this.lines = h("div.lines", { role: "presentation" });
    this.box = h("div.scroll", { role: "presentation" }, this.lines);
    this.grid = h(
      "div.grid",
      { role: "grid", tabindex: "0", "aria-label": "Exchanges", "aria-readonly": "true" },
      h(
        "div.row.head",
        { role: "row", "aria-rowindex": "1" },
        COLUMNS.map(([name, label, shown]) =>
          h("span", { class: `c-${name}`, role: "columnheader" }, shown || h("span.offscreen", label)),
        ),
      ),
      this.box,
    );
    this.empty = h("div.empty", { hidden: true });
    root.append(this.grid, this.empty);
    this.top = 0;
    this.box.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.lines.addEventListener("click", (event) => {
      const line = event.target.closest(".row");
      if (line) this.chosen(Number(line.dataset.number));
    });
    this.height = 0;
    new ResizeObserver(() => {
      this.height = this.box.clientHeight;
      this.changed();
    }).observe(this.box);
  }

  /** To be called when rows were added or changed; draws once a frame, whatever happens in it. */
  changed({ added = 0, removed = 0 } = {}) {
    if (!this.following) {
      this.unseen += added;
      if (removed) this.box.scrollTop = this.top = Math.max(0, this.top - removed * ROW);
      if (added) this.followed(false, this.unseen);
    }
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      unpressed(() => this.draw());
    });
  }

  follow(following) {
    this.following = following;
    this.unseen = 0;
    this.followed(following, 0);
    this.changed();
  }

  /** Marks a row, and brings it into sight when `reveal`. */
  select(number, reveal = false) {
    this.selected = number;
    const index = this.rows.indexOf(number);
    if (reveal && index >= 0) {
      const last = index === this.rows.length - 1;
      if (!last && this.following) this.follow(false);
      const { clientHeight } = this.box;
      const from = index * ROW;
      if (from < this.box.scrollTop) this.box.scrollTop = from;
      else if (from + ROW > this.box.scrollTop + clientHeight) this.box.scrollTop = from + ROW - clientHeight;
      this.top = this.box.scrollTop;
    }
    this.changed();
  }

  scrolled() {
    const { scrollTop } = this.box;
    if (scrollTop === this.top) return; // `draw` has scrolled
    this.height = this.box.clientHeight; // it may just have grown
    if (this.following && scrollTop < this.top - 1 && scrollTop < this.furthest() - 1) this.follow(false);
    this.top = scrollTop;
    this.changed();
  }

  furthest() {
    return Math.max(0, this.rows.length * ROW - this.height);
  }

  draw() {
    this.lines.style.height = `${this.rows.length * ROW}px`;
    this.grid.setAttribute("aria-rowcount", this.rows.length + 1);
    if (this.following) this.top = this.furthest();
    const first = Math.max(0, Math.floor(this.top / ROW) - SPARE);
    const last = Math.min(this.rows.length, Math.ceil((this.top + this.height) / ROW) + SPARE);
    const free = [];
    let room = FRESH;
    for (const [index, line] of this.pool)
      if (index < first || index >= last) {
        this.pool.delete(index);
        free.push(line);
      }
    for (let index = first; index < last; index++) {
      let line = this.pool.get(index);
      if (!line) {
        line = free.pop() ?? (room-- > 0 && newLine());
        if (!line) break;
        this.pool.set(index, line);
        if (!line.parentNode) this.lines.append(line);
        line.style.transform = `translateY(${index * ROW}px)`;
        line.setAttribute("aria-rowindex", index + 2);
      }
      const row = this.rows.at(index);
      if (line.shown !== row) show(line, row);
      const selected = row.number === this.selected;
      if (line.selected !== selected) {
        line.selected = selected;
        line.setAttribute("aria-selected", selected);
      }
    }
    for (const line of free) line.remove();
    if (room < 0) this.changed(); // the others follow in the next frame
    if (this.following) this.box.scrollTop = this.top; // last, since it lays out what there is
    const active = this.pool.get(this.rows.indexOf(this.selected));
    if (active) this.grid.setAttribute("aria-activedescendant", active.id);
    else this.grid.removeAttribute("aria-activedescendant");
    this.empty.hidden = this.rows.length > 0;
  }

  /** Says why there are no rows. */
  say(...children) {
    fill(this.empty, ...children);
  }
}

let lines = 0;

function newLine() {
  const cells = Object.fromEntries(
    COLUMNS.map(([name]) => [name, h("span", { class: `c-${name}`, role: "gridcell" })]),
  );
  cells.verb = cells.call.appendChild(h("b"));
  cells.path = cells.call.appendChild(h("bdi"));
  const line = h("div.row", { role: "row", id: `line-${++lines}` }, COLUMNS.map(([name]) => cells[name]));
  line.cells = cells;
  return line;
}

const put = (cell, text) => {
  if (cell.said !== text) cell.textContent = cell.said = text;
};

function show(line, row) {
  line.shown = row;
  line.dataset.number = row.number;
  const outcome = outcomeOf(row, row.events);
  const { cells } = line;
  if (cells.outcome.title !== outcome.word) {
    cells.outcome.dataset.tone = outcome.tone;
    cells.outcome.title = outcome.word;
    cells.outcome.setAttribute("aria-label", outcome.word);
  }
  put(cells.outcome, outcome.sign);
  put(cells.number, String(row.number));
  put(cells.at, clockTime(row.at));
  put(cells.status, row.status ? String(row.status) : "–");
  cells.status.dataset.tone = statusTone(row.status);
  put(cells.verb, visible(row.method));
  put(cells.path, visible(row.path.slice(0, 300)));
  const tags = tagsOf(row, outcome);
  const said = tags.join("\n");
  if (cells.tags.said !== said) {
    cells.tags.said = said;
    fill(
      cells.tags,
      tags.map(([tone, text]) =>
        h("span", tone ? { class: "tag", "data-tone": tone } : { class: "op" }, visible(text)),
      ),
    );
  }
  put(cells.key, visible(row.key || "–"));
  put(cells.took, row.outcome === "open" ? "…" : duration(row.took));
  put(cells.size, row.events ? `${count(row.events_sent)}/${count(row.events)} ev` : bytes(row.bytes_sent));
}

/** The remarks on a row, each with its tone: faults, an unusual end, and the operation. */
function tagsOf(row, outcome) {
  const tags = row.faults.slice(0, 2).map((name) => ["cut", name]);
  if (["left", "open", "stopped"].includes(row.outcome)) tags.push([outcome.tone, outcome.word]);
  if (row.unmatched) tags.push(["client", "no rule"]);
  return [...tags, row.operation ? ["", row.operation] : ["none", "no operation"]];
}
