// What the package does, against a real server: node --test, with EMULATOR_COMMAND naming the server's command.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { ControlError, Emulator } from 'ai-api-emulator';

const MESSAGE = { model: 'apex-haiku-4-20250401', messages: [{ role: 'user', content: 'Hello!' }] };

/** @type {Emulator} */
let server;
before(async () => { server = await Emulator.start(); });
after(() => server.stop());

/** A test with a world of its own. */
function inWorld(name, options, run) {
  test(name, async () => {
    const world = await server.world(name.replaceAll(/\W/g, '-').slice(0, 60), options);
    try {
      await run(world);
    } finally {
      await world.stop();
    }
  });
}

async function call(emulator, path, { body, ...options } = {}) {
  const headers = { 'X-API-Key': await emulator.key('pro'), 'Content-Type': 'application/json', ...options.headers };
  const method = body === undefined ? 'GET' : 'POST';
  return fetch(emulator.baseUrl('aiexport') + path, { method, headers, body: JSON.stringify(body) });
}

const ask = (emulator, body = MESSAGE) => call(emulator, '/messages', { body });
const refused = (status, message) => (error) => {
  assert.ok(error instanceof ControlError, String(error));
  assert.equal(error.status, status);
  assert.match(error.message, message);
  return true;
};

inWorld('a world sees the requests with its own key and no others', {}, async (emulator) => {
  const other = await server.world('another');
  assert.notEqual(await other.key('pro'), await emulator.key('pro'));
  await ask(other);
  await ask(emulator);
  await fetch(`${emulator.baseUrl('aiexport')}/models`, { headers: { ...emulator.headers, 'X-API-Key': 'axp_test_pro' } });
  assert.deepEqual((await emulator.requests()).map((each) => each.operation), ['messages.create', 'models.list']);
  assert.equal((await other.requests()).length, 1);
  await other.stop();
  await assert.rejects(server.control.get('/worlds/another'), refused(404, /no world .*another/));
});

inWorld('a key is the same whenever it is asked for and belongs to one api', {}, async (emulator) => {
  assert.equal(await emulator.key('pro'), await emulator.key('pro'));
  assert.notEqual(await emulator.key('pro'), await emulator.key('pro', { name: 'second' }));
  assert.match(await emulator.key('standard', { api: 'aixplain' }), /^aix_test_demo_/);
  assert.equal(await server.key('free'), 'axp_test_free');
  await assert.rejects(emulator.key('gold'), refused(0, /no key has the tier 'gold'; expected .*'pro'/));
  await assert.rejects(emulator.key('pro', { api: 'nobody' }), refused(0, /no API with keys is called 'nobody'/));
});

inWorld('faults play as often as they were told to', {}, async (emulator) => {
  const fault = await emulator.fail('messages.create', { status: 429, retry_after: '7s', times: 1 });
  const response = await ask(emulator);
  assert.deepEqual([response.status, response.headers.get('Retry-After')], [429, '7']);
  assert.equal(await fault.played(), 1);
  assert.equal((await ask(emulator)).status, 200);
  await fault.disarm();
  await fault.disarm();
  await assert.rejects(fault.played(), refused(404, /is not armed any more/));

  await emulator.arm('error_event', 'messages.stream', { params: { after: 2 }, times: 1 });
  await emulator.slow('models.*', { delay: '1s', every: 2 });
  assert.deepEqual((await emulator.faults()).map((each) => each.fault), ['error_event', 'latency']);
  await emulator.disarm();
  assert.deepEqual(await emulator.faults(), []);
});

inWorld('a number of events is not taken for a time', {}, async (emulator) => {
  await assert.rejects(emulator.cutStream('messages.stream', { after: 3 }), /'3s'.*events: 3/);
});

inWorld('a stream is cut after so many events', {}, async (emulator) => {
  await emulator.cutStream('messages.stream', { events: 3 });
  const response = await call(emulator, '/messages/stream', { body: MESSAGE });
  await assert.rejects(response.text());
  const [request] = await emulator.waitForRequests('messages.stream');
  assert.equal(request.events_sent, 3);
});

inWorld('an answer is given to its prompt until it is removed', {}, async (emulator) => {
  const text = async () => (await (await ask(emulator)).json()).content[0].text;
  const added = await emulator.answer('Hello!', 'Good morning.');
  assert.equal(await text(), 'Good morning.');
  await emulator.answer({ contains: 'Hello', answer: 'Good evening.' });
  assert.equal(await text(), 'Good evening.');
  await emulator.clearAnswers();
  await added.remove();
  assert.notEqual(await text(), 'Good morning.');
});

inWorld('the clock is frozen at a time and advanced', { frozen: new Date('2026-01-01T00:00:00Z') }, async (emulator) => {
  assert.equal(await emulator.clock.iso(), '2026-01-01T00:00:00.000Z');
  await emulator.clock.advance('61s');
  assert.equal((await emulator.clock.state()).now, Date.parse('2026-01-01T00:01:01Z') / 1000);
  await emulator.clock.set(new Date('2026-02-01T00:00:00Z'));
  assert.equal(await emulator.clock.iso(), '2026-02-01T00:00:00.000Z');
  assert.equal((await emulator.clock.run()).frozen, false);
  assert.equal((await emulator.clock.freeze('2026-03-01T00:00:00Z')).iso, '2026-03-01T00:00:00.000Z');
  assert.equal((await emulator.clock.speed(10)).speed, 10);
  assert.equal((await emulator.clock.auto()).auto, true);
  await assert.rejects(emulator.clock.advance('soon'), refused(400, /soon/));
});

inWorld('requests are found by operation and by whatever a rule may ask', {}, async (emulator) => {
  await emulator.fail('messages.create', { status: 503, times: 1 });
  await ask(emulator);
  await ask(emulator);
  assert.deepEqual((await emulator.requests('messages.*')).map((each) => each.status), [503, 200]);
  assert.equal((await emulator.requests('messages.create', { status: 200 })).length, 1);
  assert.equal((await emulator.requests(undefined, { 'body.model': MESSAGE.model, status: { gte: 500 } })).length, 1);
  assert.deepEqual((await emulator.requests('messages.create')).at(-1)?.body, MESSAGE);
  await assert.rejects(emulator.requests('mesages.create'), refused(400, /mesages\.create[^]*messages\.create/));
  await emulator.clearRequests();
  assert.deepEqual(await emulator.requests(), []);
  await assert.rejects(emulator.waitForRequests('messages.create', { timeout: 0.01 }), refused(408, /messages\.create/));
});

inWorld('more requests than fit a page are all there', {}, async (emulator) => {
  for (let at = 0; at < 21; at += 1) await Promise.all(Array.from({ length: 50 }, () => call(emulator, '/models')));
  assert.equal((await emulator.requests('models.list')).length, 1050);
});

inWorld('requests that the journal has dropped are not passed over', { journal_entries: 1 }, async (emulator) => {
  await call(emulator, '/models');
  await call(emulator, '/models');
  await assert.rejects(emulator.requests(), refused(0, /dropped 1 older exchanges/));
});

inWorld('webhooks are waited for and sent again', { frozen: true }, async (emulator) => {
  const received = [];
  const receiver = createServer((request, response) => {
    received.push(request.headers['webhook-id']);
    response.writeHead(204).end();
  });
  await new Promise((done) => { receiver.listen(0, '127.0.0.1', () => done(undefined)); });
  const url = `http://127.0.0.1:${receiver.address().port}/`;
  const batch = await (await call(emulator, '/batch', { body: { requests: [MESSAGE], webhook_url: url } })).json();
  await emulator.clock.advance('1m');
  const [attempt] = await emulator.waitForWebhooks({ delivered: true });
  assert.deepEqual([attempt.status, JSON.parse(attempt.body).data.id], [204, batch.id]);
  await emulator.redeliver(attempt.id);
  await emulator.waitForWebhooks({ count: 2 });
  assert.deepEqual(received, [attempt.id, attempt.id]);
  assert.equal((await emulator.webhooks()).length, 2);
  assert.equal((await emulator.job(batch.id)).state, 'completed');
  assert.deepEqual((await emulator.jobs()).map(({ id }) => id), [batch.id]);
  await new Promise((done) => { receiver.close(done); });
});

inWorld('the verdict says what the client did wrong', {}, async (emulator) => {
  assert.equal((await emulator.verdict()).ok, true);
  const text = /** @type {any} */ ('no_back_off');
  assert.throws(() => emulator.verdict({ ignore: text }), /^ControlError: ignore: expected a list of strings; found "no_back_off"/);
  await emulator.fail('messages.create', { status: 429, retry_after: '60s' });
  await ask(emulator);
  await ask(emulator);
  const verdict = await emulator.verdict();
  assert.equal(verdict.ok, false);
  const rules = verdict.findings.map((each) => each.rule);
  assert.equal((await emulator.verdict({ ignore: rules })).ok, true);
});

inWorld('expectations limits and explanations are those of the world', {}, async (emulator) => {
  await emulator.expect({ on: 'messages.create', times: 1 });
  assert.equal((await emulator.expectations()).ok, false);
  await ask(emulator);
  assert.equal((await emulator.expectations()).ok, true);
  const key = await emulator.key('free');
  await emulator.setLimits(key, { tier: 'pro' });
  assert.equal((await emulator.limits(key)).tier, 'pro');
  const headers = { 'x-api-key': key };
  const explained = await emulator.explain({ method: 'GET', path: '/v2/models', headers });
  assert.equal(explained.operation, 'models.list');
});

inWorld('a scenario is uploaded and used', {}, async (emulator) => {
  const rules = [{ on: 'models.list', reply: { error: 'overloaded' } }];
  await emulator.putScenario('busy', { scenario: 'busy', about: 'Always busy.', extends: 'default', rules });
  await emulator.use('busy');
  assert.equal((await call(emulator, '/models')).status, 503);
  await emulator.reset();
  assert.deepEqual(await emulator.requests(), []);
});

inWorld('an invalid scenario is an error with its place', {}, async (emulator) => {
  const source = 'scenario: wrong\nabout: Wrong.\nrulez: []\n';
  await assert.rejects(emulator.putScenario('wrong', source), (error) => {
    refused(422, /:3:1: unknown key 'rulez'/)(error);
    assert.deepEqual([error.complaints[0].line, error.complaints[0].column], [3, 1]);
    return true;
  });
});

inWorld('a report shows the requests and what never played', {}, async (emulator) => {
  await fetch(`${emulator.baseUrl('aiexport')}/models`, { headers: { 'X-API-Key': 'axp_test_pro' } });
  assert.match(await emulator.report(), /no request came to the world [^]*GET \/v2\/models with the key/);
  await emulator.fail('messages.create', { times: 1 });
  await emulator.fail('models.list');
  await ask(emulator);
  assert.match(await emulator.report(), /POST \/v2\/messages → 503 .*faults: status[^]*never played: status/);
});

inWorld('a process is told where the world is', {}, async (emulator) => {
  assert.deepEqual(Object.keys(emulator.env).sort(), ['AIEXPORT_BASE_URL', 'AIXPLAIN_BASE_URL', 'EMULATOR_URL', 'EMULATOR_WORLD']);
  const attached = await Emulator.attach({ url: emulator.url, world: emulator.name });
  await call(attached, '/models');
  assert.equal((await emulator.requests()).length, 1);
  await attached.stop();
  assert.equal((await emulator.requests()).length, 1);
});

inWorld('a program that reads its settings from variables calls the world', {}, async (emulator) => {
  const variables = await emulator.environment();
  assert.equal(variables.API_KEY, await emulator.key('pro'));
  assert.equal(variables.TEAM_API_KEY, await emulator.key('standard', { api: 'aixplain' }));
  assert.equal(variables.BACKEND_URL, emulator.url);
  const free = await emulator.environment({ api: 'aiexport', tier: 'free' });
  assert.equal(free.API_KEY, await emulator.key('free'));
  assert.equal(free.TEAM_API_KEY, undefined);
  assert.equal(free.EMULATOR_WORLD, emulator.name);
  await assert.rejects(emulator.environment({ api: 'nobody' }), refused(0, /no API is called 'nobody'/));
});

test('a world that exists is not made twice', async () => {
  const made = await server.world('taken');
  await assert.rejects(server.world('taken'), refused(409, /taken/));
  await made.stop();
});

test('an api that is not served is named with those that are', () => {
  assert.throws(() => server.baseUrl('aiexprot'), /no API is called 'aiexprot'; expected .*'aiexport'/);
});

test('a time or a number that is none is refused and not left out', async () => {
  await assert.rejects(server.world('no-time', { frozen: new Date('yesterday') }), refused(0, /frozen: expected a number .*; found NaN/));
  await assert.rejects(server.clock.freeze(new Date('yesterday')), refused(0, /set: expected a number .*; found NaN/));
  await assert.rejects(server.clock.advance(Infinity), refused(0, /advance: expected a number .*; found Infinity/));
  assert.equal((await server.clock.state()).frozen, false);
});

test('a name that is none leads to no other route', async () => {
  for (const name of ['', '.', '..', undefined]) {
    const none = refused(0, /^expected a name or an id; found (undefined|"\.{0,2}")$/);
    await assert.rejects(server.world(name), none);
    await assert.rejects(server.job(name), none);
    await assert.rejects(server.redeliver(name), none);
    await assert.rejects(server.putScenario(name, ''), none);
  }
});

test('what no header can carry is named, and the server is not blamed', async () => {
  const { url } = server;
  await assert.rejects(Emulator.attach({ url, world: 'two\nlines' }), refused(0, /^the world "two\\nlines" .* no header can have/));
  await assert.rejects(Emulator.attach({ url, token: 'two\nlines' }), refused(0, /^the control token .* no header can have/));
});

test('without a server there is a sentence that says what to start', async () => {
  const url = 'http://127.0.0.1:9';
  const sentence = /no emulator answers at http:\/\/127\.0\.0\.1:9: the connection was refused\nstart one with `emulator serve`/;
  await assert.rejects(Emulator.attach({ url }), refused(0, sentence));
  await assert.rejects(Emulator.attach({ url: 'localhost' }), refused(0, /"localhost" is no URL of an emulator/));
  await assert.rejects(Emulator.attach(), refused(0, /EMULATOR_URL is not set\nstart one with `emulator serve`/));
});

test('something else that listens there is not taken for an emulator', async () => {
  const other = createServer((_, response) => response.end('<html>'));
  await new Promise((done) => { other.listen(0, '127.0.0.1', () => done(undefined)); });
  const url = `http://127.0.0.1:${other.address().port}`;
  await assert.rejects(Emulator.attach({ url }), refused(200, /GET \/_emulator\/apis returned 200: <html>/));
  await new Promise((done) => { other.close(done); });
});

test('a server that does not respond is waited for as long as a variable says', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  t.after(() => {
    delete process.env.EMULATOR_CLIENT_TIMEOUT;
    silent.closeAllConnections();
    silent.close();
  });
  await new Promise((resolve) => { silent.once('listening', resolve); });
  const attach = (timeout) => {
    process.env.EMULATOR_CLIENT_TIMEOUT = timeout;
    return Emulator.attach({ url: `http://127.0.0.1:${silent.address().port}` });
  };
  await assert.rejects(attach('0.01'), refused(0, /no response within 0\.01 s, the limit of EMULATOR_CLIENT_TIMEOUT/));
  await assert.rejects(attach('2m'), refused(0, /EMULATOR_CLIENT_TIMEOUT is '2m'; expected a number of seconds/));
});
