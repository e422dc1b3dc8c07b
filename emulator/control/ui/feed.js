// The feed: one connection for the page that brings what is new in batches, and goes on where it was after a break.
// It is read with `fetch`, since EventSource sends no token, and closed while the page is hidden.

import { request } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { parse } from "./events.js";
import { state } from "./state.js";

const SILENCE = 45_000; // milliseconds without a byte, pings included, after which the connection counts as lost
const RETRIES = [500, 1000, 2000, 5000]; // milliseconds before each try to connect again; the last one stays
const MANY = 200; // rows of a batch from which on the page is catching up
const CALM = 500; // milliseconds without a batch after which it has caught up

// What a row leaves out when it has the default value.
const DEFAULTS = {
  query: "",
  api: "",
  operation: "",
  rule: "",
  faults: [],
  key: "",
  workspace: "",
  events: 0,
  events_sent: 0,
  bytes_sent: 0,
  tokens: null,
  unmatched: false,
  error: "",
  hint: "",
};

const STATES = {
  live: "Live",
  catching: "Catching up",
  lost: "Connection lost, trying again",
  paused: "Paused",
  wrong: "Filter is wrong",
  refused: "Refused, trying again",
};

export class Feed {
  /**
   * `cleared()`, `rows(rows)`, `gone(places)`, `told({dropped, missed})`, `problem(failure or null)` are called, and
   * `reset()` when the journal begins anew.
   */
  constructor(listener) {
    this.listener = listener;
    this.position = null;
    this.wanted = false;
    document.addEventListener("visibilitychange", () =>
      document.hidden ? this.close("paused") : this.wanted && this.connect(),
    );
  }

  start() {
    this.wanted = true;
    if (!document.hidden) this.connect();
  }

  stop() {
    this.wanted = false;
    this.close("paused");
  }

  /** Begins anew: another filter, or another world. */
  restart() {
    this.position = null;
    this.missed = 0;
    this.listener.cleared();
    if (this.wanted && !document.hidden) this.connect();
  }

  close(name) {
    this.connection?.abort();
    this.connection = null;
    clearTimeout(this.retry);
    clearTimeout(this.calm);
    show(name);
  }

  connect() {
    this.close(this.position ? "catching" : "live");
    const connection = (this.connection = new AbortController());
    this.read(connection)
      .then(() => "lost", (failure) => failure)
      .then((ended) => {
        if (this.connection !== connection) return;
        clearTimeout(this.calm);
        if (ended.status) this.listener.problem(ended);
        show(ended.status === 400 ? "wrong" : ended.status ? "refused" : "lost");
        if (ended.status === 400) return; // another filter begins anew
        this.retry = setTimeout(() => this.connect(), RETRIES[Math.min(this.tries++, RETRIES.length - 1)]);
      });
  }

  async read(connection) {
    const response = await request("GET", "/exchanges/stream", {
      query: { filter: state.filter, after: this.position },
      signal: connection.signal,
    });
    this.listener.problem(null);
    this.tries = 0;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const silence = setTimeout(() => connection.abort(), SILENCE);
      const { done, value } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      rest += value;
      const end = rest.lastIndexOf("\n\n");
      if (end < 0) continue;
      for (const event of parse(rest.slice(0, end + 2))) this.take(event);
      rest = rest.slice(end + 2);
    }
  }

  take(event) {
    if (event.type !== "exchanges") return; // a ping, or the end of the world
    const batch = JSON.parse(event.data);
    this.position = event.id;
    if (batch.reset) this.listener.reset();
    this.missed = (batch.reset ? 0 : (this.missed ?? 0)) + (batch.missed ?? 0);
    if (batch.gone) this.listener.gone(batch.gone);
    this.listener.rows(batch.exchanges.map((row) => ({ ...DEFAULTS, ...row })));
    this.listener.told({ dropped: batch.dropped, missed: this.missed });
    clearTimeout(this.calm);
    if (batch.exchanges.length < MANY) return show("live");
    show("catching");
    this.calm = setTimeout(() => show("live"), CALM);
  }
}

let shown = null;

function show(name) {
  if (name === shown) return;
  shown = name;
  const place = byId("connection");
  place.dataset.state = name;
  fill(place, h("span.dot", { "aria-hidden": "true" }), STATES[name]);
}
