// How an exchange ended, in words, with a sign and a tone.

import { count } from "./units.js";

/** {sign, tone, word, words}: `word` for the list, `words` for the detail. Of a stream, `events` is how many it has. */
export function outcomeOf(exchange, events = 0) {
  const sent = exchange.events_sent;
  const at = sent || events ? `after event ${count(sent)}${events ? ` of ${count(events)}` : ""}` : "before the end of the response";
  switch (exchange.outcome) {
    case "open": return { sign: "●", tone: "open", word: "open", words: sent ? `open, ${count(sent)} events sent so far` : "open: the response is still on its way" };
    case "left": return { sign: "↩", tone: "left", word: "client left", words: `client left ${at}` };
    case "cut": return { sign: "✂", tone: "cut", word: "cut by a fault", words: `cut by a fault ${at}` };
    case "stopped": return { sign: "■", tone: "cut", word: "stopped", words: `stopped by the server ${at}` };
    default: return { sign: "✓", tone: "ok", word: "complete", words: events ? `complete: all ${count(events)} events sent` : "complete" };
  }
}

/** The tone of a status: ok, client, server, or none. */
export function statusTone(status) {
  if (!status) return "none";
  return status < 400 ? "ok" : status === 429 ? "limit" : status < 500 ? "client" : "server";
}
