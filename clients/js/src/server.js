import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { TIMEOUT, checkWords, chosenTimeout, milliseconds } from './control.js';
import { ControlError } from './errors.js';

/** @typedef {import('./types.js').StartOptions} StartOptions */
/** @typedef {import('node:child_process').ChildProcessWithoutNullStreams} Child */

const READY = /^Ready on (\S+?),? [^]*^Ctrl-C stops it/m;
const TOKEN = /^ +send +Authorization: Bearer (\S+)$/m;
const MISSING = /No module named '?emulator/;
// A test asks for all that it has sent, so the journal is larger than that of `emulator serve`.
const JOURNAL = { JOURNAL_ENTRIES: '100000', JOURNAL_BYTES: '256MiB' };

/**
 * A server that ends with this process: it stops when its standard input closes, however this process ends.
 */
export class Server {
  #child;

  /**
   * @param {Child} child
   * @param {string} url
   * @param {string} [token]
   */
  constructor(child, url, token = undefined) {
    this.#child = child;
    /** The token of its control API, if it has one: that of its options, or one of its own. */
    this.token = token;
    /** The server's URL, such as `http://127.0.0.1:40123`. */
    this.url = url;
    child.stdout.resume(); // a full pipe would block the server
    child.stderr.resume();
    for (const each of [child, child.stdin, child.stdout, child.stderr]) {
      /** @type {{unref?: () => void}} */ (each).unref?.(); // nothing here keeps this process running
    }
  }

  /** Stops it, and waits until it has ended. */
  async stop() {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const ended = new Promise((done) => child.once('exit', done));
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    child.stdin.end();
    await ended;
    clearTimeout(late);
  }
}

/**
 * Starts a server on a free port, and returns when it accepts requests.
 *
 * Throws an Error that says what was looked for if there is no emulator, and what it wrote if it did not start.
 * @param {StartOptions} [options]
 */
export async function startServer(options = {}) {
  const env = { ...process.env, ...options.env };
  const cwd = resolve(options.cwd ?? '.');
  if (!existsSync(cwd)) throw new ControlError(`the working folder ${cwd} is missing`);
  checkWords('command', options.command);
  const chosen = options.command ?? env.EMULATOR_COMMAND?.split(/\s+/).filter(Boolean);
  const commands = chosen?.length ? [chosen] : commandsFrom(cwd);
  const timeout = options.timeout ?? chosenTimeout(env[TIMEOUT]);
  for (const command of commands) {
    const server = await startWith([...command, ...serve(env), ...(options.args ?? [])], cwd, env, timeout);
    if (server) return server;
  }
  const tried = commands.map((command) => `\`${command.join(' ')}\``).join(', ');
  throw new ControlError(`no emulator is installed: tried ${tried}`, {
    hint: 'install it with `pip install .` in a checkout, name its command in EMULATOR_COMMAND, or start one with'
      + ' `emulator serve` and set EMULATOR_URL',
  });
}

/**
 * Where an emulator may be: the virtual environment of the project first. Its shorter command, `emulator`, is not
 * looked for, because that of the Android SDK has the same name.
 * @param {string} folder
 */
export function commandsFrom(folder) {
  const commands = [['ai-api-emulator'], ['python3', '-m', 'emulator'], ['python', '-m', 'emulator']];
  for (let parent = folder; ; parent = dirname(parent)) {
    const command = join(parent, '.venv', 'bin', 'ai-api-emulator');
    if (existsSync(command)) return [[command], ...commands];
    if (dirname(parent) === parent) return commands;
  }
}

/** @param {Record<string, string | undefined>} env */
function serve(env) {
  const listen = env.EMULATOR_LISTEN ? [] : ['--listen', '127.0.0.1:0'];
  const journal = Object.entries(JOURNAL).flatMap(([name, value]) =>
    env[`EMULATOR_${name}`] ? [] : [`--${name.toLowerCase().replace('_', '-')}`, value]);
  return ['serve', '--stop-with-stdin', '--quiet', '--log', 'text', ...listen, ...journal];
}

/**
 * @param {string[]} command
 * @param {string} cwd
 * @param {Record<string, string | undefined>} env
 * @param {number} timeout
 * @returns {Promise<Server | undefined>} nothing if there is no such command
 */
function startWith([name = '', ...args], cwd, env, timeout) {
  const child = spawn(name, args, { cwd, env, stdio: 'pipe' });
  return new Promise((resolve, reject) => {
    let output = '';
    let said = '';
    const overdue = () => fail(`did not accept requests within ${timeout} seconds`);
    const late = timeout === 0 ? undefined : setTimeout(overdue, milliseconds(timeout));
    /** @param {string} why */
    const fail = (why) => {
      clearTimeout(late);
      child.kill('SIGKILL');
      reject(new ControlError(`the emulator ${why}: ${said.trim() || `\`${[name, ...args].join(' ')}\``}`));
    };
    child.stdin.on('error', () => {}); // it has ended, which `exit` reports
    child.stderr.on('data', (part) => { said += part; });
    child.stdout.on('data', (part) => {
      output += part;
      const url = READY.exec(output)?.[1];
      if (!url) return;
      clearTimeout(late);
      for (const stream of [child.stdout, child.stderr]) stream.removeAllListeners('data');
      child.removeAllListeners('close');
      resolve(new Server(child, url, TOKEN.exec(output)?.[1]));
    });
    child.on('error', (error) => {
      clearTimeout(late);
      if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') resolve(undefined);
      else reject(new ControlError(`\`${[name, ...args].join(' ')}\` can't be run: ${error.message}`, { cause: error }));
    });
    child.on('close', (status, signal) => {
      clearTimeout(late);
      if (MISSING.test(said)) resolve(undefined);
      else fail(signal ? `was ended by ${signal}` : `ended with exit status ${status}`);
    });
  });
}
