import { test as base } from 'vitest';
import { checkExpectations, worldFor } from './worlds.js';

/** @typedef {import('./emulator.js').Emulator} Emulator */
/** @typedef {import('./types.js').WorldOptions} WorldOptions */

/**
 * vitest's `test` with the fixture `emulator`: a world of its own for each test.
 * `test.override('emulatorOptions', { frozen: true })` says what it plays.
 */
export const test = base.extend(/** @type {{emulatorOptions: WorldOptions, emulator: Emulator}} */ (/** @type {unknown} */ ({
  emulatorOptions: {},
  /**
   * @param {{task: import('vitest').RunnerTestCase, emulatorOptions: WorldOptions}} context
   * @param {(emulator: Emulator) => Promise<void>} use
   */
  emulator: async ({ task, emulatorOptions }, use) => {
    const place = { file: task.file.filepath, title: titleOf(task), setup: 'ai-api-emulator/vitest/setup' };
    const world = await worldFor(place, emulatorOptions);
    try {
      await use(world);
      if (task.result?.errors?.length) console.error(`emulator exchanges of ${world.name}:\n${await world.report()}`);
      else await checkExpectations(world);
    } finally {
      await world.stop();
    }
  },
})));
export const it = test;

/** @param {import('vitest').RunnerTask} task */
function titleOf(task) {
  const names = [task.name];
  for (let suite = task.suite; suite; suite = suite.suite) names.unshift(suite.name);
  return names.join(' ');
}
