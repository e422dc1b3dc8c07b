export { expect } from "@playwright/test";
/** The path for `globalSetup` of the configuration, which starts one server for all tests. */
export const globalSetup: string;
/**
 * Playwright's `test` with the fixture `emulator`: a world of its own for each test, to which all calls of the test's
 * pages go. `test.use({ emulatorOptions: { frozen: true } })` says what it plays.
 * @type {import('@playwright/test').TestType<
 *   import('@playwright/test').PlaywrightTestArgs & import('@playwright/test').PlaywrightTestOptions & EmulatorFixtures,
 *   import('@playwright/test').PlaywrightWorkerArgs & import('@playwright/test').PlaywrightWorkerOptions>}
 */
export const test: import("@playwright/test").TestType<import("@playwright/test").PlaywrightTestArgs & import("@playwright/test").PlaywrightTestOptions & EmulatorFixtures, import("@playwright/test").PlaywrightWorkerArgs & import("@playwright/test").PlaywrightWorkerOptions>;
export type Emulator = import("./emulator.js").Emulator;
export type WorldOptions = import("./types.js").WorldOptions;
export type EmulatorFixtures = {
    emulatorOptions: WorldOptions;
    emulator: Emulator;
};
