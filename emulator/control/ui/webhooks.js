// Webhooks: every attempt with its signature and what the receiver said, when the next try is due, and sending again.

import { control } from "./api.js";
import { button, facts, h, section, text, visible } from "./dom.js";
import { panel } from "./panels.js";
import { Poll, act } from "./poll.js";
import { dateTime, duration } from "./units.js";

let poll, problems;

panel({
  id: "webhooks",
  title: "Webhooks",
  mount(root) {
    const place = h("div");
    problems = h("div");
    root.append(problems, place);
    poll = new Poll(place, async () => {
      const [{ webhooks, dropped }, { now }] = await Promise.all([control("GET", "/webhooks"), control("GET", "/clock")]);
      return { webhooks, dropped, now };
    }, draw);
  },
  show() { poll.start(); },
  hide() { poll.stop(); },
});

function draw({ webhooks, dropped, now }) {
  const messages = Object.entries(Object.groupBy(webhooks, ({ id }) => id)).reverse();
  return [messages.length ? messages.map(([id, attempts]) => message(id, attempts, now)) : h("p", { class: "soft" }, "No webhook was sent in this world. One is sent when a job ends that was started with an address for it."),
    dropped ? h("p", { class: "soft" }, `${dropped} older attempts are not kept any more.`) : null];
}

function message(id, attempts, now) {
  const last = attempts.at(-1);
  const send = () => act(problems, () => control("POST", `/webhooks/${encodeURIComponent(id)}/redeliver`), `${id} is sent again`).then(() => poll.refresh(true));
  return h("article", { class: "card" }, h("div", { class: "quota-head" }, h("span", null, h("code", null, visible(id)), " ", h("span", { class: "soft" }, "to "), text(last.url, 300)),
    button("Redeliver", send, { class: "small", "data-key": id, "aria-label": `Redeliver ${id}` })),
  last.next_at === null ? null : h("p", null, `Next try ${last.next_at > now ? `in ${duration(last.next_at - now)}` : "now"}, at ${dateTime(last.next_at)}.`),
  attempts.map((each) => attempt(id, each)));
}

const delivered = (status) => status >= 200 && status < 300;

function attempt(id, each) {
  const signatures = Object.entries(each.headers).filter(([name]) => /signature/i.test(name));
  const lines = (headers) => h("pre", { class: "raw", tabindex: "0" }, text(Object.entries(headers).map(([name, line]) => `${name}: ${line}`).join("\n")));
  return h("details", { "data-key": `${id} ${each.attempt} ${each.at}`, class: "attempt" },
    h("summary", null, `Attempt ${each.attempt}: `, h("span", { class: "outcome", "data-tone": delivered(each.status) ? "ok" : "cut" }, each.status === null ? "no response" : `${each.status} ${delivered(each.status) ? "delivered" : "refused"}`),
      h("span", { class: "soft" }, ` ${dateTime(each.at)}, took ${duration(each.took)} `), each.faults.map((name) => h("span", { class: "tag", "data-tone": "cut" }, visible(name)))),
    each.error ? h("p", { class: "error-line" }, text(each.error, 500)) : null,
    facts(...signatures.map(([name, line]) => [visible(name), h("code", null, text(line, 300))])),
    section("Sent", lines(each.headers), h("pre", { class: "raw", tabindex: "0" }, text(each.body))),
    each.status === null ? null : section("Response", lines(each.reply_headers), each.reply_body ? h("pre", { class: "raw", tabindex: "0" }, text(each.reply_body)) : null));
}
