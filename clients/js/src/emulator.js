import { resolve } from 'node:path';
import { Clock, moment } from './clock.js';
import { checkWords, Control, DEFAULT_WORLD, segment, WORLD_HEADER } from './control.js';
import { environmentOf } from './environment.js';
import { ControlError } from './errors.js';
import { AddedAnswer, armFault } from './faults.js';
import { makeKey } from './keys.js';
import { report } from './report.js';
import { readRequests, waitForRequests } from './requests.js';
import { startServer } from './server.js';

/** @typedef {import('./types.js').Operations} Operations */
/** @typedef {import('./types.js').FaultOptions} FaultOptions */
/** @typedef {import('./types.js').WorldOptions} WorldOptions */

const JOURNAL = { journal_entries: 100_000, journal_bytes: 256 * 2 ** 20 };

/**
 * An emulator, seen from one of its worlds: an isolated state with its own faults, clock, jobs and journal.
 *
 * `Emulator.start()` starts a server, `Emulator.attach()` uses a running one, `world(name)` makes another world of it.
 * Names of data, such as the fields of a request or the parameters of a fault, are those of the control API.
 */
export class Emulator {
  #apis;
  #end;

  /**
   * @param {Control} control
   * @param {import('./types.js').Api[]} apis
   * @param {() => Promise<unknown>} end
   * @private
   */
  constructor(control, apis, end) {
    this.#apis = apis;
    this.#end = end;
    /** The client of the control API, for everything else: `emulator.control.get('/operations')`. */
    this.control = control;
    /** The world's time. */
    this.clock = new Clock(control);
  }

  /**
   * Starts a server on a free port of this machine; it ends with `stop()`, and with this process.
   * @param {import('./types.js').StartOptions} [options]
   */
  static async start(options = {}) {
    const server = await startServer(options);
    return Emulator._open(new Control(server.url, DEFAULT_WORLD, server.token), () => server.stop());
  }

  /**
   * Attaches to a running emulator, by default to the one that `EMULATOR_URL` names.
   * @param {import('./types.js').AttachOptions} [options]
   */
  static async attach({ url, world, token } = {}) {
    const env = process.env;
    const found = url ?? env.EMULATOR_URL;
    if (!found) {
      throw new ControlError('where is the emulator? EMULATOR_URL is not set', {
        hint: 'start one with `emulator serve` and set EMULATOR_URL=http://127.0.0.1:8484, or use Emulator.start()',
      });
    }
    const control = new Control(found, world ?? (env.EMULATOR_WORLD || DEFAULT_WORLD), token ?? env.EMULATOR_CONTROL_TOKEN);
    return Emulator._open(control, async () => {});
  }

  /**
   * @internal
   * @param {Control} control
   * @param {() => Promise<unknown>} end
   */
  static async _open(control, end) {
    try {
      return new Emulator(control, (await control.get('/apis')).apis, end);
    } catch (error) {
      await end();
      throw error;
    }
  }

  /**
   * Another world of this server, with nothing in it; `stop()` deletes it.
   * @param {string} name
   * @param {WorldOptions} [options]
   */
  async world(name, { scenario, scenarios = scenario === undefined ? undefined : [scenario], frozen, ...more } = {}) {
    const body = {
      ...JOURNAL,
      ...more,
      ...(scenarios?.length ? { scenarios: scenarios.map(absolute) } : {}),
      ...(frozen === undefined ? {} : { frozen: typeof frozen === 'boolean' ? frozen : moment(frozen) }),
    };
    const path = `/worlds/${segment(name)}`;
    const { status } = await this.control.send('PUT', path, body);
    if (status !== 201) {
      throw new ControlError(`there is a world '${name}' already`, { status: 409, hint: 'choose another name' });
    }
    return Emulator._open(this.control.of(name), () => this.control.delete(path));
  }

  /** Ends what was started or made: the server, or the world. What was attached to goes on. */
  async stop() {
    const end = this.#end;
    this.#end = async () => {};
    await end();
    this.control.close();
  }

  /** The server's URL, such as `http://127.0.0.1:40123`. */
  get url() {
    return this.control.url;
  }

  /** The world's name. */
  get name() {
    return this.control.world;
  }

  /** The header that routes a request to this world, for requests without a key of it, such as one for a token. */
  get headers() {
    return { [WORLD_HEADER]: this.name };
  }

  /** The names of the APIs. */
  get apis() {
    return this.#apis.map(({ api }) => api);
  }

  /** The base URL for a client of an API. @param {string} api */
  baseUrl(api) {
    const found = this.#apis.find((each) => each.api === api);
    if (found === undefined) {
      throw new ControlError(`no API is called '${api}'; expected ${this.apis.map((name) => `'${name}'`).join(', ')}`);
    }
    const { pathname } = new URL(found.base_url);
    return this.url + (pathname === '/' ? '' : pathname);
  }

  /** Variables for a process: `EMULATOR_URL`, `EMULATOR_WORLD`, and `<API>_BASE_URL` of each API. @returns {Record<string, string>} */
  get env() {
    const urls = this.apis.map((api) => [`${api.replace(/[^A-Za-z0-9]/g, '_').toUpperCase()}_BASE_URL`, this.baseUrl(api)]);
    return { EMULATOR_URL: this.url, EMULATOR_WORLD: this.name, ...Object.fromEntries(urls) };
  }

  /**
   * A key of this tier that belongs to this world; the same call returns the same key.
   * @param {string} tier
   * @param {import('./types.js').KeyOptions} [options]
   */
  key(tier, options = {}) {
    return makeKey(this.control, this.#apis, tier, options);
  }

  /**
   * The same, and the variables that each API's own client reads, with a key of this world: those of one API, or of all.
   * @param {{api?: string, tier?: string}} [options]
   * @returns {Promise<Record<string, string>>}
   */
  environment(options = {}) {
    return environmentOf(this, this.#apis, options);
  }

  /**
   * Returns this status, in the API's own error shape: `fail('messages.*', { status: 429, retry_after: '30s' })`.
   * @param {Operations} [on]
   * @param {FaultOptions & {status?: number, retry_after?: string}} [options]
   */
  fail(on, { status = 503, ...options } = {}) {
    return this.arm('status', on, { status, ...options });
  }

  /**
   * Delivers exactly this many events of a stream, then closes the connection.
   * @param {Operations} [on]
   * @param {FaultOptions & {events?: number}} [options]
   */
  cutStream(on, options = {}) {
    return this.arm('cut_after', on, options);
  }

  /**
   * Starts the response later: `slow('models.*', { delay: '2s' })`.
   * @param {Operations} [on]
   * @param {FaultOptions & {delay?: string}} [options]
   */
  slow(on, options = {}) {
    return this.arm('latency', on, options);
  }

  /**
   * Arms any fault, with its parameters by name.
   * @param {string} fault
   * @param {Operations} [on]
   * @param {FaultOptions} [options]
   */
  arm(fault, on, options = {}) {
    return armFault(this.control, fault, on, options);
  }

  /** The armed faults, each with how often it has `played`. */
  async faults() {
    return (await this.control.get('/faults')).armed;
  }

  /** Disarms all faults. */
  async disarm() {
    await this.control.delete('/faults');
  }

  /**
   * Gives this answer to a prompt: `answer('Hello!', 'Good morning.')`, or
   * `answer({ contains: 'refund', answer: 'Refunds take five days.' })`.
   * @param {string | import('./types.js').AnswerEntry} prompt
   * @param {string} [answer]
   */
  async answer(prompt, answer) {
    const entry = typeof prompt === 'string' ? { prompt, answer } : prompt;
    return new AddedAnswer(this.control, (await this.control.post('/answers', entry)).id);
  }

  /** Removes all answers that were added. */
  async clearAnswers() {
    await this.control.delete('/answers');
  }

  /** Uses these scenarios from the next request on; the world's state stays. @param {...string} scenarios */
  async use(...scenarios) {
    await this.control.post('/scenarios/use', { scenarios: scenarios.map(absolute) });
    this.#apis = (await this.control.get('/apis')).apis;
  }

  /** Uploads a scenario, as YAML or as data, for `use`. @param {string} name @param {string | object} source */
  async putScenario(name, source) {
    await this.control.put(`/scenarios/${segment(name)}`, typeof source === 'string' ? { yaml: source } : source);
  }

  /**
   * The requests that came, the oldest first: `requests('messages.*', { status: 429 })`. The second argument is any
   * condition of a scenario's `when`.
   * @param {string} [operation]
   * @param {Record<string, unknown>} [when]
   */
  requests(operation, when = {}) {
    return readRequests(this.control, operation, when);
  }

  /**
   * Waits, in real time, until `count` requests have come, and returns them.
   * @param {string} [operation]
   * @param {import('./types.js').WaitOptions & {when?: Record<string, unknown>}} [options]
   */
  waitForRequests(operation, options = {}) {
    return waitForRequests(this.control, operation, options);
  }

  /** Clears the journal. */
  async clearRequests() {
    await this.control.delete('/exchanges');
  }

  /** Which response a request would get, and why; nothing is sent. @param {import('./types.js').ExplainRequest} request */
  explain(request) {
    return this.control.post('/explain', request);
  }

  /** The attempts to deliver webhooks, the oldest first. */
  async webhooks() {
    const { webhooks, dropped } = await this.control.get('/webhooks');
    if (dropped) throw new ControlError(`this world has dropped ${dropped} older attempts, so not all are known`);
    return webhooks;
  }

  /**
   * Waits, in real time, for this many attempts; with `delivered`, for those that the receiver accepted.
   * @param {import('./types.js').WaitOptions & {delivered?: boolean}} [options]
   * @returns {Promise<import('./types.js').WebhookAttempt[]>}
   */
  async waitForWebhooks({ count = 1, timeout = '5s', delivered = false } = {}) {
    return (await this.control.send('POST', '/webhooks/wait', { count, timeout, delivered }, true)).body.webhooks;
  }

  /** Sends a webhook again, at once. @param {string} id */
  async redeliver(id) {
    await this.control.post(`/webhooks/${segment(id)}/redeliver`);
  }

  /** A job, by its id. @param {string} id @returns {Promise<import('./types.js').Job>} */
  async job(id) {
    return this.control.get(`/jobs/${segment(id)}`);
  }

  /** The jobs. @returns {Promise<import('./types.js').Job[]>} */
  async jobs() {
    return (await this.control.get('/jobs')).jobs;
  }

  /** A key's limits, and how much of each is used. @param {string} key @param {{api?: string}} [options] */
  limits(key, { api } = {}) {
    return this.control.get('/limits', { key, api });
  }

  /**
   * Gives a key another tier or budget from the next request on: `setLimits(key, { tier: 'pro' })`.
   * @param {string} key
   * @param {Omit<import('./types.js').LimitsRequest, 'key'>} limits
   */
  async setLimits(key, limits) {
    await this.control.put('/limits', { key, ...limits });
  }

  /**
   * What the client did wrong: `ok`, `findings`, `text`. Rules can be ignored, and thresholds set:
   * `verdict({ ignore: ['no_back_off'], polls_apart: 0.01 })`.
   * @param {{ignore?: string[]} & Record<string, number | string[] | undefined>} [options]
   * @returns {Promise<import('./types.js').Verdict>}
   */
  verdict({ ignore = [], ...bounds } = {}) {
    checkWords('ignore', ignore);
    const query = /** @type {Record<string, number>} */ (bounds);
    return this.control.get('/verdict', { ignore: ignore.length ? ignore.join(',') : undefined, ...query });
  }

  /** Expects requests by the end of the test: `expect({ on: 'batch.create', times: 1 })`. @param {import('./types.js').Expectation} expectation */
  async expect(expectation) {
    await this.control.post('/expectations', expectation);
  }

  /** Which expectations are met so far: `ok`, `expectations`, `text`. @returns {Promise<import('./types.js').Expectations>} */
  expectations() {
    return this.control.get('/expectations');
  }

  /** Resets the world; only its scenarios, keys and seed stay. */
  async reset() {
    await this.control.post('/reset');
  }

  /** What happened in this world, as text for the report of a failed test; never throws. */
  report() {
    return report(this.control);
  }
}

/** A path of a scenario file as the server can find it. @param {string} scenario */
function absolute(scenario) {
  return /\.ya?ml$/.test(scenario) ? resolve(scenario) : scenario;
}
