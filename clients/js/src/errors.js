/** @typedef {import('./types.js').Complaint} Complaint */

/** The control API refused, or no emulator answered: the message is the API's own sentence, with its hint. */
export class ControlError extends Error {
  /**
   * @param {string} message
   * @param {{status?: number, hint?: string, complaints?: Complaint[], cause?: unknown}} [details]
   */
  constructor(message, { status = 0, hint = '', complaints = [], cause } = {}) {
    super([message, ...complaints.map(line), ...(hint ? [hint] : [])].join('\n'), { cause });
    this.name = 'ControlError';
    /** The HTTP status; 0 if there was no response. */
    this.status = status;
    /** What to do about it; may be empty. */
    this.hint = hint;
    /** The errors in an invalid scenario. */
    this.complaints = complaints;
  }
}

/** @param {Complaint} complaint */
function line({ file, line, column, message }) {
  return `${[file, line, column].filter(Boolean).join(':')}: ${message}`;
}
