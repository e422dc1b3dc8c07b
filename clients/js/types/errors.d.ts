/** @typedef {import('./types.js').Complaint} Complaint */
/** The control API refused, or no emulator answered: the message is the API's own sentence, with its hint. */
export class ControlError extends Error {
    /**
     * @param {string} message
     * @param {{status?: number, hint?: string, complaints?: Complaint[], cause?: unknown}} [details]
     */
    constructor(message: string, { status, hint, complaints, cause }?: {
        status?: number;
        hint?: string;
        complaints?: Complaint[];
        cause?: unknown;
    });
    /** The HTTP status; 0 if there was no response. */
    status: number;
    /** What to do about it; may be empty. */
    hint: string;
    /** The errors in an invalid scenario. */
    complaints: {
        file: string;
        line: number;
        column: number;
        message: string;
    }[];
}
export type Complaint = import("./types.js").Complaint;
