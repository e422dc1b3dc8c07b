/** @typedef {import('./types.js').Api} Api */
/** @typedef {import('./types.js').KeyOptions} KeyOptions */
/**
 * A key of a tier that belongs to the world; the same call returns the same key, in each run.
 * @param {import('./control.js').Control} control
 * @param {Api[]} apis
 * @param {string} tier
 * @param {KeyOptions} options
 * @returns {Promise<string>}
 */
export function makeKey(control: import("./control.js").Control, apis: Api[], tier: string, { api, name, workspace }: KeyOptions): Promise<string>;
export type Api = import("./types.js").Api;
export type KeyOptions = import("./types.js").KeyOptions;
