// How an exchange ended, in words, with a sign and a tone.

import { h } from "./dom.js";
import { count } from "./units.js";

/** {sign, tone, word, words}: `word` for the list, `words` for the detail. Of a stream, `events` is how many it has. */
export function outcomeOf(exchange, events = 0) {
  const sent = exchange.events_sent;
  const at =
    sent || events
      ? `after event ${count(sent)}${events ? ` of ${count(events)}` : ""}`
      : "before the end of the response";
  const lost = exchange.done === false ? "; nothing was done for it" : "";
  switch (exchange.outcome) {
    case "open":
      return {
        sign: "●",
        tone: "open",
        word: "open",
        words: sent ? `open, ${count(sent)} events sent so far` : "open: the response is still on its way",
      };
    case "left":
      return { sign: "↩", tone: "left", word: "client left", words: `client left ${at}${lost}` };
    case "cut":
      return { sign: "✂", tone: "cut", word: "cut by a fault", words: `cut by a fault ${at}${lost}` };
    case "stopped":
      return { sign: "■", tone: "cut", word: "stopped", words: `stopped by the server ${at}` };
    default:
      return { ...(REFUSALS[statusTone(exchange.status)] ?? COMPLETE), words: wordsOf(exchange, events) };
  }
}

/** The status of an exchange, and how it ended. */
export function ending(exchange) {
  const outcome = outcomeOf(exchange, exchange.events);
  return [
    h("span.status", { "data-tone": statusTone(exchange.status) }, String(exchange.status || "no response")),
    " ",
    h(
      "span.outcome",
      { "data-tone": outcome.tone },
      h("span", { "aria-hidden": "true" }, outcome.sign),
      " ",
      outcome.words,
    ),
  ];
}

const COMPLETE = { sign: "✓", tone: "ok", word: "complete" };
// A whole response that says no.
const REFUSALS = {
  limit: { sign: "✗", tone: "limit", word: "refused by a limit" },
  client: { sign: "✗", tone: "client", word: "refused" },
  server: { sign: "✗", tone: "server", word: "failed" },
};

function wordsOf({ status }, events) {
  if (events) return `complete: all ${count(events)} events sent`;
  const word = REFUSALS[statusTone(status)]?.word;
  return word ? `${word}, the response is complete` : "complete";
}

/** The tone of a status: ok, client, server, or none. */
export function statusTone(status) {
  if (!status) return "none";
  return status < 400 ? "ok" : status === 429 ? "limit" : status < 500 ? "client" : "server";
}
