// One message by Node's fetch, whole and refused, and streamed through eventsource-parser.
const { createParser } = require("eventsource-parser");

const base = process.env.AIEXPORT_BASE_URL;
const headers = { "X-API-Key": process.env.AIEXPORT_API_KEY, "Content-Type": "application/json" };
const message = {
  model: "apex-sonnet-4-20250501",
  max_tokens: 200,
  messages: [{ role: "user", content: "What are the colours of the rainbow? ✓" }],
};

const post = (path, body) => fetch(base + path, { method: "POST", headers, body: JSON.stringify(body) });

async function streamed(path, body) {
  const events = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const answer = await post(path, body);
  const decoder = new TextDecoder();
  for await (const chunk of answer.body) parser.feed(decoder.decode(chunk, { stream: true }));
  const names = events.map((event) => event.event);
  const deltas = events.filter((event) => event.event === "content_block_delta");
  return {
    events: names.filter((name, at) => at === 0 || names[at - 1] !== name),
    text: deltas.map((event) => JSON.parse(event.data).delta.text).join(""),
  };
}

(async () => {
  const whole = await (await post("/messages", message)).json();
  const refused = await post("/messages", { ...message, messages: [] });
  console.log(JSON.stringify({
    fetch: whole.content[0].text,
    refused: [refused.status, (await refused.json()).error.param],
    streamed: await streamed("/messages", { ...message, stream: true }),
    "own route": await streamed("/messages/stream", message),
  }));
})();
