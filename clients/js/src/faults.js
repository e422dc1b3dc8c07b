import { ControlError } from './errors.js';

/** @typedef {import('./control.js').Control} Control */
/** @typedef {import('./types.js').FaultOptions} FaultOptions */
/** @typedef {import('./types.js').Operations} Operations */

const TRIGGERS = new Set(['key', 'times', 'nth', 'every', 'probability', 'after', 'for']);

/** A fault that is armed in a world, or an answer that was added to one: what the control API calls it. */
class Added {
  /**
   * @param {Control} control
   * @param {string} path
   * @param {string} id
   */
  constructor(control, path, id) {
    this.control = control;
    this.path = path;
    /** What the control API calls it. */
    this.id = id;
  }

  /** Removes it; nothing happens if it is gone already. @protected */
  async gone() {
    try {
      await this.control.delete(`${this.path}/${this.id}`);
    } catch (error) {
      if (!(error instanceof ControlError) || error.status !== 404) throw error;
    }
  }
}

/** An armed fault. */
export class ArmedFault extends Added {
  /** How often it has played. @returns {Promise<number>} */
  async played() {
    const found = (await this.control.get('/faults')).armed.find(({ id }) => id === this.id);
    if (found === undefined) throw new ControlError(`the fault ${this.id} is not armed any more`, { status: 404 });
    return found.played;
  }

  /** Disarms it. */
  disarm() {
    return this.gone();
  }
}

/** An answer of this world. */
export class AddedAnswer extends Added {
  /** Removes it. */
  remove() {
    return this.gone();
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
  return new ArmedFault(control, '/faults', (await control.post('/faults', order)).id);
}
