// The clock bar: the world's time, what is due next, and moving the clock. What fell due on the way is listed.

import { control } from "./api.js";
import { button, fill, h, option, visible } from "./dom.js";
import { panel } from "./panels.js";
import { Poll } from "./poll.js";
import { go, listen } from "./state.js";
import { dateTime, duration } from "./units.js";

const SPEEDS = [1, 10, 60, 3600];
const SHOWN = 6; // of what fell due
const STEPS = [["+1 s", 1], ["+1 m", 60], ["+1 h", 3600]];
const time = h("time.clock-now");
const next = h("span.soft.clock-next");
const toNext = button("To next", () => move({ set: due.at }), { class: "small" });
const failed = h("div");
const fell = h("div.fell", { role: "status" });
let clock, due, read, poll; // `due`: what is due next, or undefined; `read`: when the page last read the clock

panel({
  id: "clock",
  title: "Clock",
  place: "bar",
  mount(root) {
    const face = h("span.clock-face");
    const steps = STEPS.map(([label, seconds]) => button(label, () => move({ advance: seconds }), { class: "small" }));
    const bar = [h("span.soft", "World clock"), time, face, next, h("span.clock-steps", steps, toNext)];
    root.append(h("div.clock", bar), failed, fell);
    poll = new Poll(face, look, faceOf);
    setInterval(tick, 200);
    listen((changed) => {
      if (changed("world")) fill(fell);
    });
    return [poll];
  },
});

async function look() {
  const [told, { due: all }] = await Promise.all([
    control("GET", "/clock"),
    control("GET", "/clock/due", { query: { count: 1 } }),
  ]);
  [clock, due, read] = [told, all[0], performance.now()];
  tick();
  return { frozen: clock.frozen, speed: clock.speed, auto: clock.auto };
}

/** Frozen, running or sped up, and the buttons that change it. */
function faceOf({ frozen, speed, auto }) {
  const run = (order) => poll.act(failed, () => control("POST", "/clock", { body: order }));
  return [
    h(
      "span.tag",
      { "data-tone": frozen ? "open" : "ok" },
      auto ? "Jumps ahead" : frozen ? "Frozen" : speed === 1 ? "Running" : `Sped up ${speed}×`,
    ),
    " ",
    button(frozen ? "Run" : "Freeze", () => run({ freeze: !frozen }), { class: "small", "data-key": "freeze" }),
    " ",
    frozen
      ? null
      : h(
          "select.small",
          {
            "aria-label": "Speed of the clock",
            "data-key": "speed",
            onchange: (event) => {
              event.target.blur();
              run({ speed: Number(event.target.value) });
            },
          },
          [...new Set([...SPEEDS, speed])].map((each) =>
            option(String(each), `${each}×`, { selected: each === speed }),
          ),
        ),
  ];
}

const current = () => clock.now + (clock.speed * (performance.now() - read)) / 1000;

function tick() {
  if (!clock || document.hidden) return;
  const now = current();
  fill(time, dateTime(Math.floor(now)));
  time.title = dateTime(now);
  toNext.disabled = !due;
  const words = due && `Next in ${duration(Math.max(0, due.at - now))}: ${due.what}`;
  fill(next, due ? visible(words) : "Nothing is due");
}

/** Moves the clock, and lists what fell due on the way. */
const move = (order) =>
  poll.act(failed, async () => {
    const { now: before, due: ahead } = await control("GET", "/clock/due", { query: { count: 1000 } });
    const { now: after } = await control("POST", "/clock", { body: order });
    const ended = `{{ outcome != 'open' and at + took > ${before} and at + took <= ${after} }}`;
    const [{ jobs }, { webhooks }, { exchanges }] = await Promise.all([
      control("GET", "/jobs"),
      control("GET", "/webhooks"),
      control("GET", "/exchanges", { query: { filter: ended, last: 100 } }),
    ]);
    const passed = ({ at }) => at > before && at <= after + 1e-6;
    const to = (view, more) => () => go({ view, ...more }, { push: true });
    const states = jobs.flatMap(({ kind, id, history }) => history.map((each) => ({ ...each, job: `${kind} ${id}` })));
    told(after - before, [
      ...states.filter(passed).map(({ at, job, state }) => ({ at, what: `${job}: ${state}`, open: to("jobs") })),
      ...webhooks.filter(passed).map(({ at, id, attempt, status }) => ({
        at,
        what: `webhook ${id}, attempt ${attempt}: ${status ?? "no response"}`,
        open: to("webhooks"),
      })),
      ...exchanges.map(({ number, at, took, method, path }) => ({
        at: at + took,
        what: `#${number} ${method} ${path} ended`,
        open: to("", { exchange: number }),
      })),
      ...ahead.filter((each) => each.kind === "limit" && passed(each)).map((each) => ({ ...each, open: to("limits") })),
    ]);
  });

function told(moved, all) {
  all.sort((one, other) => one.at - other.at);
  fill(
    fell,
    h(
      "div.clock",
      h("span", `Moved ${duration(moved)}. ${all.length ? "Fell due:" : "Nothing fell due."}`),
      all
        .slice(0, SHOWN)
        .map(({ at, what, open }) => button(visible(what.slice(0, 120)), open, { class: "link", title: dateTime(at) })),
      all.length > SHOWN ? h("span.soft", `and ${all.length - SHOWN} more`) : null,
      button("✕", () => fill(fell), { class: "icon small", "aria-label": "Close the list of what fell due" }),
    ),
  );
}
