import { Agent as HttpAgent, request as httpRequest, validateHeaderValue } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { ControlError } from './errors.js';

export const TIMEOUT = 'EMULATOR_CLIENT_TIMEOUT';
export const DEFAULT_WORLD = 'default';
export const WORLD_HEADER = 'X-Emulator-World';

/** @typedef {import('./types.js').Paths} Paths */
/** @typedef {Record<string, string | number | boolean | null | undefined>} Query */
/**
 * What `METHOD /_emulator/PATH` returns, where the path is one of the control API's.
 * @template {string} Path
 * @template {string} Method
 * @typedef {`/_emulator${Path}` extends keyof Paths
 *   ? Paths[`/_emulator${Path}`] extends Record<Method, {responses: infer R}>
 *     ? R extends Record<200 | 201, {content: {'application/json': infer Body}}> ? Body
 *     : R extends Record<200, {content: {'application/json': infer Body}}> ? Body
 *     : R extends Record<201, {content: {'application/json': infer Body}}> ? Body : any
 *     : any
 *   : any} Returned
 */

/**
 * The client of the control API, on behalf of one world.
 *
 * It uses `node:http` and not `fetch`, which tests replace, and which environments such as jsdom lack.
 */
export class Control {
  #url;
  #agent;
  #token;
  #timeout;

  /**
   * @param {string} url
   * @param {string} [world]
   * @param {string} [token]
   */
  constructor(url, world = DEFAULT_WORLD, token = undefined) {
    this.#url = parsed(url);
    this.#agent = new (this.#url.protocol === 'https:' ? HttpsAgent : HttpAgent)({ keepAlive: true });
    this.#token = token;
    this.#timeout = chosenTimeout(process.env[TIMEOUT]);
    if (!isHeaderValue(world)) throw new ControlError(`the world ${JSON.stringify(world)} has a character that no header can have`);
    if (!isHeaderValue(token ?? '')) throw new ControlError('the control token has a character that no header can have');
    /** The name of the world. */
    this.world = world;
  }

  /** The server's URL, without a slash at its end. */
  get url() {
    return this.#url.href.replace(/\/+$/, '');
  }

  /** The token that it sends, if any. */
  get token() {
    return this.#token;
  }

  /** The same server and another world. @param {string} world */
  of(world) {
    return new Control(this.url, world, this.#token);
  }

  /**
   * What a resource holds; `path` is that of the control API without `/_emulator`.
   * @template {string} Path
   * @param {Path} path
   * @param {Query} [query]
   * @returns {Promise<Returned<Path, 'get'>>}
   */
  async get(path, query = {}) {
    const given = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== null) given.set(name, String(value));
    }
    return (await this.send('GET', given.size ? `${path}?${given}` : path)).body;
  }

  /**
   * @template {string} Path
   * @param {Path} path
   * @param {unknown} [body]
   * @returns {Promise<Returned<Path, 'post'>>}
   */
  async post(path, body = {}) {
    return (await this.send('POST', path, body)).body;
  }

  /**
   * @template {string} Path
   * @param {Path} path
   * @param {unknown} body
   * @returns {Promise<Returned<Path, 'put'>>}
   */
  async put(path, body) {
    return (await this.send('PUT', path, body)).body;
  }

  /**
   * @template {string} Path
   * @param {Path} path
   * @returns {Promise<Returned<Path, 'delete'>>}
   */
  async delete(path) {
    return (await this.send('DELETE', path)).body;
  }

  /**
   * Any request; a wait, which the server ends by itself, has no time limit here.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {boolean} [waits]
   * @returns {Promise<{status: number, body: any}>}
   */
  async send(method, path, body = undefined, waits = false) {
    const content = body === undefined ? undefined : JSON.stringify(body, finite);
    /** @type {{status: number, text: string}} */
    let response;
    try {
      response = await this.#exchange(method, path, content, waits);
    } catch (error) {
      throw unanswered(this.url, error);
    }
    const value = decoded(response.text);
    if (response.status >= 200 && response.status < 300 && value !== undefined) {
      return { status: response.status, body: value };
    }
    throw refusal(`${method} /_emulator${path.split('?')[0]}`, response, value);
  }

  /** Closes the connections. */
  close() {
    this.#agent.destroy();
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {string | undefined} content
   * @param {boolean} waits
   * @returns {Promise<{status: number, text: string}>}
   */
  #exchange(method, path, content, waits) {
    const headers = {
      [WORLD_HEADER]: this.world,
      ...(this.#token ? { Authorization: `Bearer ${this.#token}` } : {}),
      ...(content === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(content) }),
    };
    const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(`${this.url}/_emulator${path}`, { method, headers, agent: this.#agent }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => { text += part; });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      });
      const late = () => request.destroy(new Error(`no response within ${this.#timeout} s, the limit of ${TIMEOUT}`));
      if (!waits) request.setTimeout(milliseconds(this.#timeout), late); // 0: no limit
      request.on('error', reject);
      request.end(content);
    });
  }
}

/**
 * A name or an id as a part of a path. A URL drops an empty part and dots, and would be that of another route.
 * @param {string} name
 */
export function segment(name) {
  if (typeof name !== 'string' || /^\.{0,2}$/.test(name)) {
    throw new ControlError(`expected a name or an id; found ${JSON.stringify(name)}`);
  }
  return encodeURIComponent(name);
}

/**
 * Refuses text where a list of words belongs, which text would be taken for.
 * @param {string} name
 * @param {unknown} value
 */
export function checkWords(name, value) {
  if (value === undefined || (Array.isArray(value) && value.every((word) => typeof word === 'string'))) return;
  throw new ControlError(`${name}: expected a list of strings; found ${JSON.stringify(value)}`);
}

/**
 * Refuses numbers for which JSON has null, as if they were left out. An invalid `Date` gives one too.
 * @param {string} name
 * @param {unknown} value
 */
function finite(name, value) {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new ControlError(`${name}: expected a number or a valid time; found ${value}`);
  }
  return value;
}

/** A URL of a server. @param {string} url */
function parsed(url) {
  const found = URL.canParse(url) ? new URL(url) : undefined;
  if (found?.protocol !== 'http:' && found?.protocol !== 'https:') {
    const hint = 'give one such as http://127.0.0.1:8484, where `emulator serve` listens';
    throw new ControlError(`${JSON.stringify(url)} is no URL of an emulator`, { hint });
  }
  return found;
}

/** Seconds to wait for a response or a start, 0 for no limit. @param {string | undefined} value */
export function chosenTimeout(value) {
  if (!value) return 30;
  if (/^\d{1,9}(\.\d{1,9})?$/.test(value)) return Number(value);
  throw new ControlError(`${TIMEOUT} is '${value}'; expected a number of seconds from 0, such as 60 or 0.5`);
}

/** Seconds as milliseconds of a timer: Node makes 1 of more than 2 ** 31 - 1. @param {number} seconds */
export function milliseconds(seconds) {
  return Math.min(seconds * 1000, 2 ** 31 - 1);
}

/** @param {string} value */
function isHeaderValue(value) {
  try {
    validateHeaderValue('x', value);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} text */
function decoded(text) {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // something else listens there
  }
}

/**
 * @param {string} url
 * @param {unknown} cause
 */
function unanswered(url, cause) {
  const { code = '', message = String(cause) } = /** @type {{code?: string, message?: string}} */ (cause);
  const why = code === 'ECONNREFUSED' ? 'the connection was refused' : message || code;
  const hint = 'start one with `emulator serve`, or unset EMULATOR_URL to have one started';
  return new ControlError(`no emulator answers at ${url}: ${why}`, { hint, cause });
}

/**
 * @param {string} request
 * @param {{status: number, text: string}} response
 * @param {any} value
 */
function refusal(request, { status, text }, value) {
  const error = value?.error;
  if (typeof error?.message !== 'string') {
    return new ControlError(`${request} returned ${status}: ${text.slice(0, 500)}`, { status });
  }
  return new ControlError(error.message, { status, hint: error.hint, complaints: error.complaints });
}
