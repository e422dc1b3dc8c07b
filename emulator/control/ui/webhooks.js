// Webhooks: every attempt with its signature and what the receiver said, when the next try is due, and sending again.

import { control } from "./api.js";
import { button, facts, groups, h, pre, section, tag, text, visible } from "./dom.js";
import { panel } from "./panels.js";
import { Poll } from "./poll.js";
import { dateTime, duration } from "./units.js";

let poll, problems;

panel({
  id: "webhooks",
  title: "Webhooks",
  mount(root) {
    const place = h("div");
    problems = h("div");
    root.append(problems, place);
    poll = new Poll(
      place,
      async () => {
        const [{ webhooks, dropped }, { now }] = await Promise.all([
          control("GET", "/webhooks"),
          control("GET", "/clock"),
        ]);
        return { webhooks, dropped, now };
      },
      draw,
    );
    return [poll];
  },
});

function draw({ webhooks, dropped, now }) {
  const messages = groups(webhooks, ({ id }) => id).reverse();
  return [
    messages.length
      ? messages.map(([id, attempts]) => message(id, attempts, now))
      : h(
          "p.soft",
          "No webhook was sent in this world. One is sent when a job ends that was started with an address for it.",
        ),
    dropped ? h("p.soft", `${dropped} older attempts are not kept any more.`) : null,
  ];
}

function message(id, attempts, now) {
  const last = attempts.at(-1);
  const next = last.next_at > now ? `in ${duration(last.next_at - now)}` : "now";
  const order = () => control("POST", `/webhooks/${encodeURIComponent(id)}/redeliver`);
  const send = () => poll.act(problems, order, `${id} is sent again`);
  return h(
    "article.card",
    h(
      "div.quota-head",
      h("span", h("code", visible(id)), " ", h("span.soft", "to "), text(last.url, 300)),
      button("Redeliver", send, { class: "small", "data-key": id, "aria-label": `Redeliver ${id}` }),
    ),
    last.next_at !== null && h("p", `Next try ${next}, at ${dateTime(last.next_at)}.`),
    attempts.map((each) => attempt(id, each)),
  );
}

const delivered = (status) => status >= 200 && status < 300;

function attempt(id, each) {
  const signatures = Object.entries(each.headers).filter(([name]) => /signature/i.test(name));
  const lines = (headers) =>
    pre(
      text(
        Object.entries(headers)
          .map(([name, line]) => `${name}: ${line}`)
          .join("\n"),
      ),
    );
  return h(
    "details",
    { "data-key": `${id} ${each.attempt} ${each.at}`, class: "attempt" },
    h(
      "summary",
      `Attempt ${each.attempt}: `,
      h(
        "span.outcome",
        { "data-tone": delivered(each.status) ? "ok" : "cut" },
        each.status === null ? "no response" : `${each.status} ${delivered(each.status) ? "delivered" : "refused"}`,
      ),
      h("span.soft", ` ${dateTime(each.at)}, took ${duration(each.took)} `),
      each.faults.map((name) => tag(name, "cut")),
    ),
    each.error ? h("p.error-line", text(each.error, 500)) : null,
    facts(...signatures.map(([name, line]) => [visible(name), h("code", text(line, 300))])),
    section("Sent", lines(each.headers), pre(text(each.body))),
    each.status === null
      ? null
      : section("Response", lines(each.reply_headers), each.reply_body ? pre(text(each.reply_body)) : null),
  );
}
