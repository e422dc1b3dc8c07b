export { Emulator } from './emulator.js';
export { ControlError } from './errors.js';

/**
 * @typedef {import('./faults.js').AddedAnswer} AddedAnswer
 * @typedef {import('./faults.js').ArmedFault} ArmedFault
 * @typedef {import('./types.js').AnswerEntry} AnswerEntry
 * @typedef {import('./types.js').AttachOptions} AttachOptions
 * @typedef {import('./types.js').ClockState} ClockState
 * @typedef {import('./types.js').Duration} Duration
 * @typedef {import('./types.js').FaultOptions} FaultOptions
 * @typedef {import('./types.js').Job} Job
 * @typedef {import('./types.js').KeyOptions} KeyOptions
 * @typedef {import('./types.js').RecordedRequest} RecordedRequest
 * @typedef {import('./types.js').StartOptions} StartOptions
 * @typedef {import('./types.js').Time} Time
 * @typedef {import('./types.js').Verdict} Verdict
 * @typedef {import('./types.js').WaitOptions} WaitOptions
 * @typedef {import('./types.js').WebhookAttempt} WebhookAttempt
 * @typedef {import('./types.js').WorldOptions} WorldOptions
 */
