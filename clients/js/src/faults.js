import { ControlError } from './errors.js';

/** @typedef {import('./control.js').Control} Control */
/** @typedef {import('./types.js').FaultOptions} FaultOptions */
/** @typedef {import('./types.js').Operations} Operations */

const TRIGGERS = new Set(['key', 'times', 'nth', 'every', 'probability', 'after', 'for']);

/** An armed fault. */
export class ArmedFault {
  #control;

  /**
   * @param {Control} control
   * @param {string} id
   */
  constructor(control, id) {
    this.#control = control;
    /** What the control API calls it. */
    this.id = id;
  }

  /** How often it has played. @returns {Promise<number>} */
  async played() {
    const found = (await this.#control.get('/faults')).armed.find(({ id }) => id === this.id);
    if (found === undefined) throw new ControlError(`the fault ${this.id} is not armed any more`, { status: 404 });
    return found.played;
  }

  /** Disarms it; nothing happens if it is not armed any more. */
  async disarm() {
    await deleteIfThere(this.#control, `/faults/${this.id}`);
  }
}

/** An answer that was added to a world. */
export class AddedAnswer {
  #control;

  /**
   * @param {Control} control
   * @param {string} id
   */
  constructor(control, id) {
    this.#control = control;
    /** What the control API calls it. */
    this.id = id;
  }

  /** Removes it; nothing happens if it was removed before. */
  async remove() {
    await deleteIfThere(this.#control, `/answers/${this.id}`);
  }
}

/**
 * @param {Control} control
 * @param {string} path
 */
async function deleteIfThere(control, path) {
  try {
    await control.delete(path);
  } catch (error) {
    if (!(error instanceof ControlError) || error.status !== 404) throw error;
  }
}

/**
 * @param {Control} control
 * @param {string} fault
 * @param {Operations | undefined} on
 * @param {FaultOptions} options
 */
export async function armFault(control, fault, on, { params = {}, ...options }) {
  if (typeof options.after === 'number') {
    throw new TypeError(
      `after: ${options.after} may be seconds or a number of events; a time is written after: '${options.after}s',`
      + ` a number of events has the fault's own name for it, such as events: ${options.after}`,
    );
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const when = Object.fromEntries(given.filter(([name]) => TRIGGERS.has(name)));
  const own = { ...params, ...Object.fromEntries(given.filter(([name]) => !TRIGGERS.has(name))) };
  const order = { fault, ...(on === undefined ? {} : { on }), ...(Object.keys(own).length ? { params: own } : {}), ...when };
  return new ArmedFault(control, (await control.post('/faults', order)).id);
}
