import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { Emulator } from './emulator.js';
import { ControlError } from './errors.js';

/** @typedef {import('./types.js').WorldOptions} WorldOptions */

/** What marks the worlds of one run, so that they can be deleted if a worker was killed. */
export const OWNER = 'EMULATOR_TEST_RUN';

/**
 * A world for one test. It has the same name in each run, because all chance is derived from it.
 * @param {{file: string, title: string, setup: string}} test
 * @param {WorldOptions} options
 */
export async function worldFor({ file, title, setup }, options) {
  const server = await attached(setup);
  try {
    const id = createHash('sha256').update(`${relative('.', file)}::${title}`).digest('hex').slice(0, 8);
    const name = `${plain(title)}-${id}`;
    const given = { owner: process.env[OWNER] ?? '', ...beside(dirname(file), options) };
    try {
      return await server.world(name, given);
    } catch (error) {
      if (!(error instanceof ControlError) || error.status !== 409) throw error;
      // The same test runs elsewhere on this server, or was interrupted there.
      return await server.world(`${name}-${randomBytes(4).toString('hex')}`, given);
    }
  } finally {
    await server.stop();
  }
}

/** Throws an Error if the expectations of a world are not met. @param {Emulator} emulator */
export async function checkExpectations(emulator) {
  const { ok, text } = await emulator.expectations();
  if (!ok) throw new Error(text);
}

/** @param {string} setup */
async function attached(setup) {
  if (!process.env.EMULATOR_URL) {
    throw new ControlError('no emulator runs for these tests: EMULATOR_URL is not set', {
      hint: `add globalSetup: '${setup}' to the configuration to have one started,`
        + ' or start one with `emulator serve` and set EMULATOR_URL',
    });
  }
  return Emulator.attach({ world: 'default' });
}

/** @param {string} title */
function plain(title) {
  return title.replace(/[^A-Za-z0-9]/g, '-').slice(0, 60).replace(/^-+|-+$/g, '') || 'test';
}

/**
 * The options with paths of scenarios taken from the test's folder, if they are there.
 * @param {string} folder
 * @param {WorldOptions} options
 * @returns {WorldOptions}
 */
function beside(folder, { scenario, scenarios = scenario === undefined ? undefined : [scenario], ...options }) {
  if (scenarios === undefined) return options;
  /** @param {string} name */
  const found = (name) => (existsSync(resolve(folder, name)) ? resolve(folder, name) : name);
  return { ...options, scenarios: scenarios.map(found) };
}
