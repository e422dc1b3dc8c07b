import { test as base } from '@playwright/test';
import { fileURLToPath } from 'node:url';
import { checkExpectations, worldFor } from './worlds.js';

/** @typedef {import('./emulator.js').Emulator} Emulator */
/** @typedef {import('./types.js').WorldOptions} WorldOptions */
/** @typedef {{emulatorOptions: WorldOptions, emulator: Emulator}} EmulatorFixtures */

export { expect } from '@playwright/test';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** The path for `globalSetup` of the configuration, which starts one server for all tests. */
export const globalSetup = fileURLToPath(new URL('./setup.js', import.meta.url));

/**
 * Playwright's `test` with the fixture `emulator`: a world of its own for each test, to which all calls of the test's
 * pages go. `test.use({ emulatorOptions: { frozen: true } })` says what it plays.
 * @type {import('@playwright/test').TestType<
 *   import('@playwright/test').PlaywrightTestArgs & import('@playwright/test').PlaywrightTestOptions & EmulatorFixtures,
 *   import('@playwright/test').PlaywrightWorkerArgs & import('@playwright/test').PlaywrightWorkerOptions>}
 */
export const test = base.extend(/** @type {import('@playwright/test').Fixtures<EmulatorFixtures, {},
  import('@playwright/test').PlaywrightTestArgs, {}>} */ ({
  emulatorOptions: [{}, { option: true }],
  emulator: async ({ emulatorOptions }, use, testInfo) => {
    const title = [testInfo.project.name, ...testInfo.titlePath.slice(1), testInfo.repeatEachIndex || ''].join(' ').trim();
    const place = { file: testInfo.file, title, setup: 'globalSetup of ai-api-emulator/playwright' };
    const world = await worldFor(place, emulatorOptions);
    try {
      await use(world);
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach('emulator exchanges', { body: await world.report(), contentType: 'text/plain' });
      } else {
        await checkExpectations(world);
      }
    } finally {
      await world.stop();
    }
  },
  context: async ({ context, emulator }, use) => {
    await context.route((url) => isOf(url, new URL(emulator.url)), (route) =>
      route.continue({ headers: { ...route.request().headers(), ...emulator.headers } }));
    await use(context);
    await context.unrouteAll({ behavior: 'ignoreErrors' });
  },
}));

/**
 * Whether a URL is the server's, by whatever name of this machine.
 * @param {URL} url
 * @param {URL} server
 */
function isOf(url, server) {
  return url.host === server.host
    || (url.port === server.port && LOOPBACK.has(url.hostname) && LOOPBACK.has(server.hostname));
}
