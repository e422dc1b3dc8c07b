/**
 * @param {Control} control
 * @param {string} fault
 * @param {Operations | undefined} on
 * @param {FaultOptions} options
 */
export function armFault(control: Control, fault: string, on: Operations | undefined, { params, ...options }: FaultOptions): Promise<ArmedFault>;
/** An armed fault. */
export class ArmedFault {
    /**
     * @param {Control} control
     * @param {string} id
     */
    constructor(control: Control, id: string);
    /** What the control API calls it. */
    id: string;
    /** How often it has played. @returns {Promise<number>} */
    played(): Promise<number>;
    /** Disarms it; nothing happens if it is not armed any more. */
    disarm(): Promise<void>;
    #private;
}
/** An answer that was added to a world. */
export class AddedAnswer {
    /**
     * @param {Control} control
     * @param {string} id
     */
    constructor(control: Control, id: string);
    /** What the control API calls it. */
    id: string;
    /** Removes it; nothing happens if it was removed before. */
    remove(): Promise<void>;
    #private;
}
export type Control = import("./control.js").Control;
export type FaultOptions = import("./types.js").FaultOptions;
export type Operations = import("./types.js").Operations;
