/**
 * All requests of a world that match, the oldest first.
 * @param {Control} control
 * @param {string | undefined} operation
 * @param {When} when
 * @returns {Promise<RecordedRequest[]>}
 */
export function readRequests(control: Control, operation: string | undefined, when: When): Promise<RecordedRequest[]>;
/**
 * Waits until `count` requests have come.
 * @param {Control} control
 * @param {string | undefined} operation
 * @param {import('./types.js').WaitOptions & {when?: When}} options
 * @returns {Promise<RecordedRequest[]>}
 */
export function waitForRequests(control: Control, operation: string | undefined, { count, timeout, when }: import("./types.js").WaitOptions & {
    when?: When;
}): Promise<RecordedRequest[]>;
export type Control = import("./control.js").Control;
export type RecordedRequest = import("./types.js").RecordedRequest;
export type When = Record<string, unknown>;
