import { TEAR_DOWN } from './jest-setup.js';

/** The global tear-down of jest. */
export default async function globalTeardown() {
  const tearDown = /** @type {Record<symbol, any>} */ (globalThis)[TEAR_DOWN];
  await tearDown?.();
}
