/** @typedef {import('./control.js').Control} Control */
/** @typedef {import('./types.js').ClockState} ClockState */
/** @typedef {import('./types.js').Duration} Duration */
/** @typedef {import('./types.js').Time} Time */

/** The clock of one world; each method returns its state afterwards. */
export class Clock {
  #control;

  /** @param {Control} control */
  constructor(control) {
    this.#control = control;
  }

  /** Its state: `now`, `iso`, `frozen`, `speed`, `auto`, `pending`, `next`. @returns {Promise<ClockState>} */
  state() {
    return this.#control.get('/clock');
  }

  /** Seconds since the epoch. */
  async now() {
    return (await this.state()).now;
  }

  /** The same as text, such as `2026-01-01T00:00:00.000Z`. */
  async iso() {
    return (await this.state()).iso;
  }

  /**
   * Advances the clock; everything due in between happens, in order: limits, jobs, tokens, webhooks.
   * @param {Duration} by
   */
  advance(by) {
    return this.#move({ advance: by });
  }

  /** Sets the clock to a time. @param {Time} to */
  set(to) {
    return this.#move({ set: moment(to) });
  }

  /** Freezes the clock, now or at a time. @param {Time} [at] */
  freeze(at) {
    return this.#move({ freeze: true, ...(at === undefined ? {} : { set: moment(at) }) });
  }

  /** Runs at the speed of real time. */
  run() {
    return this.#move({ freeze: false });
  }

  /** Runs this many times as fast. @param {number} times */
  speed(times) {
    return this.#move({ speed: times });
  }

  /** Whenever all that is under way waits for the clock, jumps to what is due next. @param {boolean} [on] */
  auto(on = true) {
    return this.#move({ auto: on });
  }

  /**
   * @param {Record<string, unknown>} changes
   * @returns {Promise<ClockState>}
   */
  #move(changes) {
    return this.#control.post('/clock', changes);
  }
}

/**
 * A time as the control API takes it.
 * @param {Time} time
 * @returns {number | string}
 */
export function moment(time) {
  return time instanceof Date ? time.getTime() / 1000 : time;
}
