/**
 * What happened in a world, as text for the report of a failed test; never throws.
 * @param {Control} control
 * @returns {Promise<string>}
 */
export function report(control: Control): Promise<string>;
export type Control = import("./control.js").Control;
export type RecordedRequest = import("./types.js").RecordedRequest;
