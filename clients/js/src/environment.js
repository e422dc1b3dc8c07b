import { ControlError } from './errors.js';

/**
 * The variables by which a process calls a world: its own, and those that each API's client reads.
 * @param {import('./emulator.js').Emulator} world
 * @param {import('./types.js').Api[]} apis
 * @param {{api?: string, tier?: string}} options
 */
export async function environmentOf(world, apis, { api, tier }) {
  if (api !== undefined) world.baseUrl(api); // says which there are
  /** @type {Record<string, string>} */
  const found = {};
  /** @type {Map<string, string>} */
  const wantedBy = new Map();
  for (const each of apis.filter((one) => api === undefined || one.api === api)) {
    for (const [name, value] of Object.entries(await variablesOf(world, each, tier))) {
      const other = wantedBy.get(name);
      if (other !== undefined) {
        throw new ControlError(`${other} and ${each.api} want the variable ${name}; say which gets it with api: '${each.api}'`);
      }
      wantedBy.set(name, each.api);
      found[name] = value;
    }
  }
  return { ...world.env, ...found };
}

/**
 * The variables of one API, with a key of a tier: by default that of the key which its clients get anyway.
 * @param {import('./emulator.js').Emulator} world
 * @param {import('./types.js').Api} each
 * @param {string | undefined} tier
 * @returns {Promise<Record<string, string>>}
 */
async function variablesOf(world, { api, keys, client_key: usual, environment }, tier) {
  const wanted = tier ?? (usual ? keys[usual]?.tier : undefined);
  if (wanted === undefined) return environment;
  const key = await world.key(wanted, { api });
  return (await world.control.get('/apis', { api, key })).apis[0]?.environment ?? {};
}
