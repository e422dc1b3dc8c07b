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
export function withEmulator<Row extends unknown[]>(run: Run<Row>): (...row: Row) => Promise<void>;
/**
 * @template {unknown[]} Row
 * @overload
 * @param {WorldOptions} options
 * @param {Run<Row>} run
 * @returns {(...row: Row) => Promise<void>}
 */
export function withEmulator<Row extends unknown[]>(options: WorldOptions, run: Run<Row>): (...row: Row) => Promise<void>;
export type Emulator = import("./emulator.js").Emulator;
export type WorldOptions = import("./types.js").WorldOptions;
export type Run<Row extends unknown[]> = (emulator: Emulator, ...row: Row) => unknown;
