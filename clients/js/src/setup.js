import { randomUUID } from 'node:crypto';
import { Emulator } from './emulator.js';
import { OWNER } from './worlds.js';

/**
 * The global set-up of vitest and Playwright: starts one server for all tests, on a free port, and returns what stops
 * it. If `EMULATOR_URL` is set, it uses the one that runs there, and fails if none does.
 */
export default async function setUp() {
  process.env[OWNER] = randomUUID();
  if (process.env.EMULATOR_URL) {
    const attached = await Emulator.attach({ world: 'default' });
    return async () => {
      await deleteWorlds(attached, process.env[OWNER]);
      await attached.stop();
    };
  }
  const given = process.env.EMULATOR_CONTROL_TOKEN;
  const server = await Emulator.start();
  process.env.EMULATOR_URL = server.url;
  if (server.control.token) process.env.EMULATOR_CONTROL_TOKEN = server.control.token; // of emulator.yaml, or its own
  return async () => {
    delete process.env.EMULATOR_URL;
    if (given === undefined) delete process.env.EMULATOR_CONTROL_TOKEN;
    await server.stop();
  };
}

/**
 * Deletes what a killed worker has left.
 * @param {Emulator} server
 * @param {string | undefined} owner
 */
async function deleteWorlds(server, owner) {
  for (const world of (await server.control.get('/worlds')).worlds) {
    if (world.owner === owner) await server.control.delete(`/worlds/${encodeURIComponent(world.name)}`);
  }
}
