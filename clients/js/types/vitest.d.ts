/** @typedef {import('./emulator.js').Emulator} Emulator */
/** @typedef {import('./types.js').WorldOptions} WorldOptions */
/**
 * vitest's `test` with the fixture `emulator`: a world of its own for each test.
 * `test.override('emulatorOptions', { frozen: true })` says what it plays.
 */
export const test: import("vitest").TestAPI<{
    emulator: import("./emulator.js").Emulator;
    emulatorOptions: import("./types.js").WorldOptions;
}>;
export const it: import("vitest").TestAPI<{
    emulator: import("./emulator.js").Emulator;
    emulatorOptions: import("./types.js").WorldOptions;
}>;
export type Emulator = import("./emulator.js").Emulator;
export type WorldOptions = import("./types.js").WorldOptions;
