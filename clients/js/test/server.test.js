// How a server is found, started and ended.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Emulator } from 'ai-api-emulator';

const served = (url) => new Promise((resolve) => {
  get(`${url}/_emulator/health`, (response) => response.resume().on('end', () => resolve(true))).on('error', () => resolve(false));
});

async function gone(url) {
  while (await served(url)) await new Promise((done) => { setImmediate(done); });
}

function inFolder(name, run) {
  test(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'emulator-'));
    try {
      await run(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test('it takes the options of serve and ends when it is stopped', async () => {
  const emulator = await Emulator.start({ args: ['--scenario', 'free-tier'], env: { EMULATOR_SEED: '7' } });
  const world = await emulator.control.get('/worlds/default');
  assert.deepEqual([world.scenarios, world.seed], [['free-tier'], 7]);
  assert.equal(await served(emulator.url), true);
  await emulator.stop();
  assert.equal(await served(emulator.url), false);
  await emulator.stop();
});

test('it listens where EMULATOR_LISTEN says', async () => {
  const listener = createServer();
  await new Promise((done) => { listener.listen(0, '127.0.0.1', () => done(undefined)); });
  const address = `127.0.0.1:${listener.address().port}`;
  await new Promise((done) => { listener.close(done); });
  const emulator = await Emulator.start({ env: { EMULATOR_LISTEN: address } });
  assert.equal(emulator.url, `http://${address}`);
  await emulator.stop();
});

test('a server that takes too long to start says so', async () => {
  const late = Emulator.start({ env: { EMULATOR_CLIENT_TIMEOUT: '0.001' } });
  await assert.rejects(late, /^ControlError: the emulator did not accept requests within 0\.001 seconds/);
});

test('a limit may be longer than the timers of Node can be', async () => {
  const emulator = await Emulator.start({ env: { EMULATOR_CLIENT_TIMEOUT: '2147484' } });
  await emulator.stop();
});

test('a server that does not start says why', async () => {
  const started = Emulator.start({ args: ['--scenario', 'no-such-scenario'] });
  await assert.rejects(started, /^ControlError: the emulator ended with exit status 2: [^]*no-such-scenario/);
});

inFolder('the virtual environment of the project is looked for first', async (folder) => {
  const bin = join(folder, '.venv', 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'ai-api-emulator'), `#!/bin/sh\nexec ${process.env.EMULATOR_COMMAND} "$@"\n`, { mode: 0o755 });
  mkdirSync(join(folder, 'web'));
  const emulator = await Emulator.start({ cwd: join(folder, 'web'), env: { EMULATOR_COMMAND: '', PATH: '/usr/bin:/bin' } });
  await emulator.stop();
});

inFolder('where nothing is installed it says what was looked for', async (folder) => {
  const env = { EMULATOR_COMMAND: '', PATH: folder, PYTHONPATH: '' };
  const tried = /no emulator is installed: tried `ai-api-emulator`, `python3 -m emulator`, .*\ninstall it with /;
  await assert.rejects(Emulator.start({ cwd: folder, env }), tried);
});

for (const [given, args, env] of [
  ['an option', ['--control-token', 'token-of-an-option'], {}],
  ['a variable', [], { EMULATOR_CONTROL_TOKEN: 'token-of-a-variable' }],
  ['the server, which listens for other machines', ['--listen', '0.0.0.0:0'], { EMULATOR_CONTROL_TOKEN: '' }],
]) {
  test(`the control token of ${given} is sent`, async () => {
    const emulator = await Emulator.start({ args, env });
    assert.match(emulator.control.token, /^\S{8,}$/);
    await (await emulator.world('with-a-token')).stop();
    await emulator.stop();
  });
}

inFolder('a working folder that is not there is named', async (folder) => {
  const cwd = join(folder, 'missing');
  await assert.rejects(Emulator.start({ cwd }), new RegExp(`^ControlError: the working folder ${cwd} is missing`));
});

inFolder('a command is a list of words, of a program that can be run', async (folder) => {
  const text = /** @type {any} */ ('emulator');
  await assert.rejects(Emulator.start({ command: text }), /^ControlError: command: expected a list of strings; found "emulator"/);
  await assert.rejects(Emulator.start({ command: [folder] }), new RegExp(`^ControlError: \`${folder} serve .*\` can't be run: spawn .*EACCES`));
});

inFolder('a Python without the package is passed over', async (folder) => {
  for (const name of ['python3', 'python']) {
    writeFileSync(join(folder, name), '#!/bin/sh\necho "$0: No module named emulator" >&2\nexit 1\n', { mode: 0o755 });
  }
  const env = { EMULATOR_COMMAND: '', PATH: folder, PYTHONPATH: '' };
  await assert.rejects(Emulator.start({ cwd: folder, env }), /no emulator is installed/);
});

const program = (end) => [
  '--input-type=module', '-e',
  `import { Emulator } from 'ai-api-emulator'; const { url } = await Emulator.start(); console.log(url); ${end}`,
];

function started(words) {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  return { child, url: new Promise((resolve) => { child.stdout.once('data', (part) => resolve(String(part).trim())); }) };
}

test('it ends with a program that is killed', async () => {
  const { child, url } = started(program('setInterval(() => {}, 1000);'));
  assert.equal(await served(await url), true);
  child.kill('SIGKILL');
  await gone(await url);
});

test('it keeps no program running that forgets to stop it', async () => {
  const { child, url } = started(program(''));
  assert.equal(await new Promise((done) => { child.on('exit', done); }), 0);
  await gone(await url);
});
