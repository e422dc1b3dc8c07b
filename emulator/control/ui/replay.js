// Sends the request of an exchange again, as it was or changed, and shows both side by side.

import { requestOf } from "./copy.js";
import { button, fill, h, pre, problem, text } from "./dom.js";
import { ending } from "./outcome.js";
import { RequestForm, exchangeOf } from "./request.js";
import { duration } from "./units.js";

const WAIT = 600; // real seconds that a replay may take

/** A form with the request, and room for both exchanges. */
export function replayView(exchange) {
  const form = new RequestForm("12");
  form.fill({ ...requestOf(exchange), key: exchange.key });
  const result = h("div.replay-result", { "aria-live": "polite" });
  const send = button("Send again", run, { class: "primary", id: "replay-send" });
  async function run() {
    send.disabled = true;
    fill(result, h("p.soft", "Sending…"));
    try {
      const { response, mark } = await form.send();
      response.then((answer) => answer.text()).catch(() => null); // the journal tells how it ended
      fill(result, compare(exchange, await exchangeOf(mark, WAIT, { outcome: { not: "open" } })));
    } catch (error) {
      fill(result, problem(error));
    }
    send.disabled = false;
  }
  const note =
    "The request goes to this emulator. Keys that this world knows are filled in; others stay masked.";
  return h("div.replay", form.root, h("div.actions", send, h("span.soft", note)), result);
}

function compare(before, after) {
  const side = (title, exchange) =>
    h("div", h("h3", title), h("p", ending(exchange), ` in ${duration(exchange.took)}`));
  const [left, right] = [linesOf(before.reply_body), linesOf(after.reply_body)];
  const marks = [differing(left, right), differing(right, left)];
  const pane = (all, mark) =>
    pre(all.map((line, index) => h("span", { class: mark[index] ? "differs" : "" }, text(line, 2000), "\n")));
  return h(
    "div.sides",
    side(`#${before.number}`, before),
    side(`#${after.number}, the replay`, after),
    pane(left, marks[0]),
    pane(right, marks[1]),
  );
}

const linesOf = (body) =>
  (body === null ? [] : typeof body === "string" ? body : JSON.stringify(body, null, 2))
    .toString()
    .split("\n")
    .slice(0, 2000);

/** For each line whether the other side lacks it, as often as it stands here. */
function differing(lines, others) {
  const left = new Map();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.map((line) => {
    const rest = left.get(line) ?? 0;
    left.set(line, rest - 1);
    return rest <= 0;
  });
}
