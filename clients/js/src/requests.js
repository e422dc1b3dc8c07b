import { ControlError } from './errors.js';

/** @typedef {import('./control.js').Control} Control */
/** @typedef {import('./types.js').RecordedRequest} RecordedRequest */
/** @typedef {Record<string, unknown>} When */

const PAGE = 1000;

/**
 * All requests of a world that match, the oldest first.
 * @param {Control} control
 * @param {string | undefined} operation
 * @param {When} when
 * @returns {Promise<RecordedRequest[]>}
 */
export async function readRequests(control, operation, when) {
  /** @type {RecordedRequest[]} */
  const found = [];
  let after = 0;
  for (;;) {
    const page = await ask(control, operation, when, { after, limit: PAGE });
    if (page.dropped) throw new ControlError(lost(page.dropped));
    found.push(...page.exchanges);
    if (page.exchanges.length === 0 || found.length >= page.total) return found;
    after = page.next;
  }
}

/**
 * Waits until `count` requests have come.
 * @param {Control} control
 * @param {string | undefined} operation
 * @param {import('./types.js').WaitOptions & {when?: When}} options
 * @returns {Promise<RecordedRequest[]>}
 */
export async function waitForRequests(control, operation, { count = 1, timeout = '5s', when = {} }) {
  const body = { count, timeout, when: conditions(operation, when) };
  return (await control.send('POST', '/exchanges/wait', body, true)).body.exchanges;
}

/**
 * @param {Control} control
 * @param {string | undefined} operation
 * @param {When} when
 * @param {{after: number, limit: number}} page
 */
function ask(control, operation, when, page) {
  // The control API knows the operations, and says so if there is none of this name.
  if (Object.keys(when).length === 0 && !operation?.includes('*')) {
    return control.get('/exchanges', { operation, ...page });
  }
  return control.post('/exchanges/query', { when: conditions(operation, when), ...page });
}

/**
 * `messages.*` means what it means in the `on` of a rule.
 * @param {string | undefined} operation
 * @param {When} when
 */
function conditions(operation, when) {
  if (operation === undefined) return when;
  if (!operation.includes('*')) return { ...when, operation };
  const parts = operation.split('*').map((part) => part.replace(/[^\w]/g, '\\$&'));
  return { ...when, operation: { matches: `^${parts.join('.*')}$` } };
}

/** @param {number} dropped */
function lost(dropped) {
  return `the journal of this world has dropped ${dropped} older exchanges, so not all that came is known;`
    + ' give it more room with journal_entries and journal_bytes, or clear it before';
}
