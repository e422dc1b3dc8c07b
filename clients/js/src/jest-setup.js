import setUp from './setup.js';

export const TEAR_DOWN = Symbol.for('ai-api-emulator.tear-down');

/** The global set-up of jest. */
export default async function globalSetup() {
  /** @type {Record<symbol, unknown>} */ (globalThis)[TEAR_DOWN] = await setUp();
}
