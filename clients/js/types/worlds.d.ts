/**
 * A world for one test. It has the same name in each run, because all chance is derived from it.
 * @param {{file: string, title: string, setup: string}} test
 * @param {WorldOptions} options
 */
export function worldFor({ file, title, setup }: {
    file: string;
    title: string;
    setup: string;
}, options: WorldOptions): Promise<Emulator>;
/** Throws an Error if the expectations of a world are not met. @param {Emulator} emulator */
export function checkExpectations(emulator: Emulator): Promise<void>;
/** @typedef {import('./types.js').WorldOptions} WorldOptions */
/** What marks the worlds of one run, so that they can be deleted if a worker was killed. */
export const OWNER: "EMULATOR_TEST_RUN";
export type WorldOptions = import("./types.js").WorldOptions;
import { Emulator } from './emulator.js';
