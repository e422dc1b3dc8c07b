import { checkExpectations, worldFor } from './worlds.js';

/** @typedef {import('./emulator.js').Emulator} Emulator */
/** @typedef {import('./types.js').WorldOptions} WorldOptions */
/**
 * @template {unknown[]} Row
 * @typedef {(emulator: Emulator, ...row: Row) => unknown} Run
 */

/**
 * A test with a world of its own: `test('…', withEmulator(async (emulator) => { … }))`.
 *
 * Options say what it plays: `withEmulator({ frozen: true }, async (emulator) => { … })`. What `test.each` passes
 * follows the emulator.
 * @template {unknown[]} Row
 * @overload
 * @param {Run<Row>} run
 * @returns {(...row: Row) => Promise<void>}
 */
/**
 * @template {unknown[]} Row
 * @overload
 * @param {WorldOptions} options
 * @param {Run<Row>} run
 * @returns {(...row: Row) => Promise<void>}
 */
/**
 * @param {WorldOptions | Run<unknown[]>} options
 * @param {Run<unknown[]>} [run]
 * @returns {(...row: unknown[]) => Promise<void>}
 */
export function withEmulator(options, run) {
  const [given, body] = typeof options === 'function' ? [{}, options] : [options, run];
  return async (...row) => {
    const { testPath = '', currentTestName = '' } = state();
    const place = { file: testPath, title: currentTestName, setup: 'ai-api-emulator/jest/setup' };
    const world = await worldFor(place, given);
    try {
      await body?.(world, ...row);
      await checkExpectations(world);
    } catch (error) {
      console.error(`emulator exchanges of ${world.name}:\n${await world.report()}`);
      throw error;
    } finally {
      await world.stop();
    }
  };
}

/** What jest knows of the running test. @returns {{testPath?: string, currentTestName?: string}} */
function state() {
  const { expect } = /** @type {any} */ (globalThis);
  if (typeof expect?.getState !== 'function') throw new Error("withEmulator needs jest's global `expect`; set injectGlobals");
  return expect.getState();
}
