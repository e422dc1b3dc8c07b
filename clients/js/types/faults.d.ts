/**
 * @param {Control} control
 * @param {string} fault
 * @param {Operations | undefined} on
 * @param {FaultOptions} options
 */
export function armFault(control: Control, fault: string, on: Operations | undefined, { params, ...options }: FaultOptions): Promise<ArmedFault>;
/** An armed fault. */
export class ArmedFault extends Added {
    /** How often it has played. @returns {Promise<number>} */
    played(): Promise<number>;
    /** Disarms it. */
    disarm(): Promise<void>;
}
/** An answer of this world. */
export class AddedAnswer extends Added {
    /** Removes it. */
    remove(): Promise<void>;
}
export type Control = import("./control.js").Control;
export type FaultOptions = import("./types.js").FaultOptions;
export type Operations = import("./types.js").Operations;
/** A fault that is armed in a world, or an answer that was added to one: what the control API calls it. */
declare class Added {
    /**
     * @param {Control} control
     * @param {string} path
     * @param {string} id
     */
    constructor(control: Control, path: string, id: string);
    control: import("./control.js").Control;
    path: string;
    /** What the control API calls it. */
    id: string;
    /** Removes it; nothing happens if it is gone already. @protected */
    protected gone(): Promise<void>;
}
export {};
