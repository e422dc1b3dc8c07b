// A message by fetch, as Deno and Bun have it: whole, refused, and streamed; or, of each URL that is given, the status.
const deno = globalThis.Deno;
const urls = deno ? deno.args : process.argv.slice(2);
const env = (name) => (deno ? deno.env.get(name) : process.env[name]);

for (const url of urls)
  try {
    const answer = await fetch(url, { headers: { 'X-API-Key': 'any' } });
    console.log(url, answer.status);
    await answer.text();
  } catch (error) {
    console.log(url, error.message);
  }

async function post(path, messages) {
  const headers = { 'X-API-Key': env('AIEXPORT_API_KEY'), 'Content-Type': 'application/json' };
  const body = JSON.stringify({ model: 'apex-haiku-4-20250401', messages });
  const answer = await fetch(env('AIEXPORT_BASE_URL') + path, { method: 'POST', headers, body });
  return [answer.status, await answer.text()];
}

if (urls.length === 0) {
  const question = [{ role: 'user', content: 'What is 2 + 2?' }];
  const [status, text] = await post('/messages', question);
  const [refused, error] = await post('/messages', []);
  const [streamed, lines] = await post('/messages/stream', question);
  const events = [...lines.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data));
  console.log(JSON.stringify({
    whole: [status, JSON.parse(text).content[0].text],
    refused: [refused, JSON.parse(error).error.param],
    streamed: [streamed, events.map((event) => event.delta?.text ?? '').join('')],
  }));
}
