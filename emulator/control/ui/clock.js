// The clock bar: the world's time, what is due next, and moving the clock. What fell due on the way is listed.

import { control } from "./api.js";
import { button, fill, h, visible } from "./dom.js";
import { panel } from "./panels.js";
import { Poll, act } from "./poll.js";
import { go, listen } from "./state.js";
import { dateTime, duration } from "./units.js";

const SPEEDS = [1, 10, 60, 3600];
const SHOWN = 6; // of what fell due
const LOOKS = 5; // looks at the clock for one at jobs and webhooks, unless what is due has changed
const STEPS = [["+1 s", 1], ["+1 m", 60], ["+1 h", 3600]];
let clock, read, poll, jobs, webhooks, time, next, toNext, failed, fell, known = "", looks = 0;

panel({
  id: "clock",
  title: "Clock",
  place: "bar",
  mount(root) {
    time = h("time", { class: "clock-now" });
    next = h("span", { class: "soft clock-next" });
    toNext = button("To next", () => move({ set: due().at }), { class: "small" });
    const face = h("span", { class: "clock-face" });
    failed = h("div");
    fell = h("div", { class: "fell", role: "status" });
    root.append(h("div", { class: "clock" }, h("span", { class: "soft" }, "World clock"), time, face, next, h("span", { class: "clock-steps" },
      STEPS.map(([label, seconds]) => button(label, () => move({ advance: seconds }), { class: "small" })), toNext)), failed, fell);
    poll = new Poll(face, look, face_of);
    setInterval(tick, 200);
    listen((changed) => { if (changed("world")) fill(fell); });
  },
  show() { poll.start(); },
});

async function look() {
  clock = await control("GET", "/clock");
  read = performance.now();
  const now = `${clock.next} ${clock.pending}`;
  if (now !== known || looks++ % LOOKS === 0) {
    known = now;
    [{ jobs }, { webhooks }] = await Promise.all([control("GET", "/jobs"), control("GET", "/webhooks")]);
  }
  tick();
  return { frozen: clock.frozen, speed: clock.speed, auto: clock.auto };
}

/** Frozen, running or sped up, and the buttons that change it. */
function face_of({ frozen, speed, auto }) {
  const run = (order) => act(failed, () => control("POST", "/clock", { body: order })).then(() => poll.refresh(true));
  return [h("span", { class: "tag", "data-tone": frozen ? "open" : "ok" }, auto ? "Jumps ahead" : frozen ? "Frozen" : speed === 1 ? "Running" : `Sped up ${speed}×`), " ",
    button(frozen ? "Run" : "Freeze", () => run({ freeze: !frozen }), { class: "small", "data-key": "freeze" }), " ",
    frozen ? null : h("select", { class: "small", "aria-label": "Speed of the clock", "data-key": "speed", onchange: (event) => { event.target.blur(); run({ speed: Number(event.target.value) }); } },
      [...new Set([...SPEEDS, speed])].map((each) => h("option", { value: String(each), selected: each === speed }, `${each}×`)))];
}

const current = () => clock.now + (clock.speed * (performance.now() - read)) / 1000;

/** What is due next: {at, what}, or null. States of a job come with its age, whether or not anybody waits for them. */
function due() {
  const now = clock.now + 1e-6;
  const all = [...(jobs ?? []).flatMap((job) => (job.done ? [] : job.history.map(({ state, at }) => ({ at, what: `${job.kind} ${job.id} becomes ${state}` })))),
    ...latest().map(({ id, url, next_at: at }) => ({ at, what: `webhook ${id} to ${url} is tried again` })),
    ...(clock.next === null ? [] : [{ at: clock.next, what: "an open response goes on" }])];
  return all.filter(({ at }) => at > now).reduce((first, each) => (first && first.at <= each.at + 1e-6 ? first : each), null);
}

/** The last attempt of each webhook that is to be tried again. */
const latest = () => [...new Map((webhooks ?? []).map((each) => [each.id, each])).values()].filter(({ next_at: at }) => at !== null);

function tick() {
  if (!clock) return;
  const now = current();
  fill(time, dateTime(Math.floor(now)));
  time.title = dateTime(now);
  const first = due();
  toNext.disabled = !first;
  fill(next, first ? `Next in ${duration(Math.max(0, first.at - now))}: ${visible(first.what)}` : "Nothing is due");
}

async function move(order) {
  let before, after;
  await act(failed, async () => {
    before = (await control("GET", "/clock")).now;
    after = (await control("POST", "/clock", { body: order })).now;
    const ended = `{{ outcome != 'open' and at + took > ${before} and at + took <= ${after} }}`;
    const [{ exchanges }] = await Promise.all([control("GET", "/exchanges", { query: { filter: ended, last: 100 } }), (looks = 0, poll.refresh(true))]);
    const passed = ({ at }) => at > before && at <= after + 1e-6;
    const to = (view, more) => () => go({ view, ...more }, { push: true });
    told(after - before, [
      ...jobs.flatMap((job) => job.history.filter(passed).map(({ state, at }) => ({ at, what: `${job.kind} ${job.id}: ${state}`, open: to("jobs") }))),
      ...webhooks.filter(passed).map((each) => ({ at: each.at, what: `webhook ${each.id}, attempt ${each.attempt}: ${each.status ?? "no response"}`, open: to("webhooks") })),
      ...exchanges.map(({ number, at, took, method, path }) => ({ at: at + took, what: `#${number} ${method} ${path} ended`, open: to("", { exchange: number }) }))]);
  });
}

function told(moved, all) {
  all.sort((one, other) => one.at - other.at);
  fill(fell, h("div", { class: "clock" }, h("span", null, `Moved ${duration(moved)}. ${all.length ? "Fell due:" : "Nothing fell due."}`),
    all.slice(0, SHOWN).map(({ at, what, open }) => button(visible(what.slice(0, 120)), open, { class: "link", title: dateTime(at) })),
    all.length > SHOWN ? h("span", { class: "soft" }, `and ${all.length - SHOWN} more`) : null,
    button("✕", () => fill(fell), { class: "icon small", "aria-label": "Close the list of what fell due" })));
}
