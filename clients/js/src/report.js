import { DEFAULT_WORLD } from './control.js';

/** @typedef {import('./control.js').Control} Control */
/** @typedef {import('./types.js').RecordedRequest} RecordedRequest */

const SHOWN = 20;

/**
 * What happened in a world, as text for the report of a failed test; never throws.
 * @param {Control} control
 * @returns {Promise<string>}
 */
export async function report(control) {
  try {
    const { exchanges, total } = await control.get('/exchanges', { last: SHOWN });
    const earlier = total > exchanges.length ? [`… ${total - exchanges.length} earlier ones`] : [];
    const lines = [...earlier, ...exchanges.flatMap(linesOf)];
    if (exchanges.length === 0) lines.push(`no request came to the world ${control.world}`, ...await strays(control));
    for (const { played, fault, on } of (await control.get('/faults')).armed) {
      if (!played) lines.push(`never played: ${fault}${on ? ` (on: ${on})` : ''}`);
    }
    return lines.join('\n');
  } catch (error) {
    return `the requests can't be read: ${error instanceof Error ? error.message : error}`;
  }
}

/** @param {RecordedRequest} each */
function linesOf(each) {
  const about = [each.operation || 'no operation'];
  if (each.faults?.length) about.push(`faults: ${each.faults.join(', ')}`);
  if (each.outcome && each.outcome !== 'complete') about.push(each.outcome);
  const lines = [`${each.number}  ${each.method} ${each.path} → ${each.status} in ${each.took.toFixed(3)} s  (${about.join('; ')})`];
  const misses = /** @type {any[]} */ (each.near_misses ?? []);
  if (each.status >= 400 && misses.length === 0) lines.push(`     ${each.error || JSON.stringify(each.reply_body)}`);
  for (const { name, file, line, differences } of misses) {
    const why = differences.map((/** @type {any} */ one) => `${one.field}: expected ${one.wanted}, found ${one.found}`);
    lines.push(`     near miss: ${name || `${file}:${line}`}: ${why.join('; ')}`);
  }
  return lines;
}

/** The last request to the default world, for a client that sends no key or header of its test. @param {Control} control */
async function strays(control) {
  if (control.world === DEFAULT_WORLD) return [];
  const [last] = (await control.of(DEFAULT_WORLD).get('/exchanges', { last: 1 })).exchanges;
  if (last === undefined) return [];
  const key = last.key ? `the key ${last.key}` : 'no key';
  return [`the last one to the world ${DEFAULT_WORLD} was ${last.method} ${last.path} with ${key};`
    + ' send a key from `emulator.key(tier)`, or the header in `emulator.headers`'];
}
