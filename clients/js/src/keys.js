import { createHash } from 'node:crypto';
import { DEFAULT_WORLD } from './control.js';
import { ControlError } from './errors.js';

/** @typedef {import('./types.js').Api} Api */
/** @typedef {import('./types.js').KeyOptions} KeyOptions */

/**
 * A key of a tier that belongs to the world; the same call returns the same key, in each run.
 * @param {import('./control.js').Control} control
 * @param {Api[]} apis
 * @param {string} tier
 * @param {KeyOptions} options
 * @returns {Promise<string>}
 */
export async function makeKey(control, apis, tier, { api, name = '', workspace }) {
  const found = tierOf(apis, tier, api);
  if (control.world === DEFAULT_WORLD && !name && workspace === undefined) return found.like;
  const digest = createHash('sha256').update(JSON.stringify([control.world, found.api, tier, name, workspace]));
  const key = `${found.like}_${digest.digest('hex').slice(0, 12)}`;
  const body = { key, like: found.like, api: found.api, ...(workspace === undefined ? {} : { workspace }) };
  return (await control.post('/keys', body)).key;
}

/**
 * The API that has this tier, and the shortest of its keys that is in use.
 * @param {Api[]} apis
 * @param {string} tier
 * @param {string | undefined} wanted
 */
function tierOf(apis, tier, wanted) {
  const keys = apis.flatMap(({ api, keys: of }) => Object.entries(of)
    .filter(([, about]) => about.status === 'active')
    .map(([like, about]) => ({ api, tier: about.tier, like })));
  const among = keys.filter((each) => wanted === undefined || each.api === wanted);
  if (among.length === 0) {
    throw new ControlError(`no API with keys is called '${wanted}'; expected ${listed(keys.map(({ api }) => api))}`);
  }
  const found = among.filter((each) => each.tier === tier).sort((one, other) => one.like.length - other.like.length);
  const [first] = found;
  if (first === undefined) {
    throw new ControlError(`no key has the tier '${tier}'; expected ${listed(among.map((each) => each.tier))}`);
  }
  const owners = [...new Set(found.map(({ api }) => api))];
  if (owners.length > 1) {
    throw new ControlError(`${owners.join(' and ')} have a tier '${tier}'; say which with api: '${owners[0]}'`);
  }
  return first;
}

/** @param {string[]} names */
function listed(names) {
  return [...new Set(names)].map((name) => `'${name}'`).join(', ');
}
