// Server-sent events as data: reads a stream's text, and puts together what it says.

/** The events of a text as the WHATWG HTML standard reads them: {type, id, data, size, raw}; `whole`: it ended. */
export function parse(source) {
  const events = [];
  let rest = source;
  while (rest) {
    const end = /\r\n\r\n|\n\n|\r\r/.exec(rest);
    const raw = end ? rest.slice(0, end.index + end[0].length) : rest;
    events.push({ ...fields(raw), raw, size: new TextEncoder().encode(raw).length, whole: Boolean(end) });
    rest = rest.slice(raw.length);
  }
  return events;
}

function fields(raw) {
  const event = { type: "message", id: "", data: null };
  const lines = [];
  for (const line of raw.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(":");
    if (colon === 0 || !line) continue;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (name === "data") lines.push(value);
    else if (name === "event") event.type = value;
    else if (name === "id") event.id = value;
  }
  event.data = lines.length ? lines.join("\n") : null;
  return event;
}

/** What an event's data is: JSON as a value, anything else as text. */
export function content(event) {
  try {
    return JSON.parse(event.data);
  } catch {
    return event.data ?? "";
  }
}

// Where the piece of text stands in an event, by the forms that streams of language models have.
const PIECES = [
  (data) => data?.delta?.text,
  (data) => data?.choices?.[0]?.delta?.content,
  (data) => data?.choices?.[0]?.text,
  (data) => (typeof data?.delta === "string" ? data.delta : undefined),
  (data) => (typeof data?.data === "string" ? data.data : undefined),
  (data) => data?.token,
  (data) => data?.text,
  (data) => data?.content,
];

/** The piece of text that an event adds to the answer; "" when it adds none. */
export function piece(data) {
  if (data === null || typeof data !== "object") return "";
  for (const find of PIECES) {
    const found = find(data);
    if (typeof found === "string") return found;
  }
  return "";
}
