import { createServer } from 'node:http';
import { withEmulator } from 'ai-api-emulator/jest';
import { Client, isSigned } from './client.js';

const SECRET = 'whsec_ZGVtby13ZWJob29rLXNlY3JldC1vZi1haWV4cG9ydCE=';
const frozen = (run) => withEmulator({ frozen: '2026-01-01T12:00:00Z' }, run);

async function client(emulator) {
  const auth = { 'X-API-Key': await emulator.key('pro') };
  return new Client(emulator.baseUrl('aiexport'), auth, (seconds) => emulator.clock.advance(seconds));
}

test('a client waits as long as a 429 says', frozen(async (emulator) => {
  await emulator.fail('messages.create', { status: 429, retry_after: '30s', times: 1 });

  expect((await (await client(emulator)).ask()).status).toBe(200);
  expect((await emulator.requests('messages.create')).map(({ status }) => status)).toEqual([429, 200]);
  expect(await emulator.clock.iso()).toBe('2026-01-01T12:00:30.000Z');
}));

test('a cut stream is not taken for a whole answer', frozen(async (emulator) => {
  await emulator.cutStream('messages.stream', { events: 3 });

  await expect((await client(emulator)).stream()).rejects.toThrow('the stream is incomplete');
  expect((await emulator.requests('messages.stream'))[0].events_sent).toBe(3);
}));

test('a client gives up on a batch that never ends', frozen(async (emulator) => {
  await emulator.arm('stuck', 'batch.create');

  await expect((await client(emulator)).batch(20)).rejects.toThrow('takes too long');
  expect((await emulator.jobs())[0]).toMatchObject({ state: 'in_progress', polls: 20 });
}));

test('a receiver gets a signed webhook', frozen(async (emulator) => {
  const received = [];
  const receiver = createServer(async (request, response) => {
    const body = (await request.toArray()).join('');
    received.push(isSigned(SECRET, request.headers, body) ? JSON.parse(body) : 'forged');
    response.writeHead(204).end();
  });
  await new Promise((done) => receiver.listen(0, '127.0.0.1', done));

  const id = await (await client(emulator)).batch(20, `http://127.0.0.1:${receiver.address().port}`);
  await emulator.waitForWebhooks({ delivered: true });
  receiver.close();
  expect(received).toMatchObject([{ type: 'batch.completed', data: { id } }]);
}));

test('an expired token is renewed once', frozen(async (emulator) => {
  const models = new Client(emulator.baseUrl('aiexport'), emulator.headers);
  const before = await models.models();
  await emulator.clock.advance('1h');

  expect(await models.models()).toEqual(before);
  expect((await emulator.requests('models.list')).map(({ status }) => status)).toEqual([200, 401, 200]);
}));
