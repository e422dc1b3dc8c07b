/**
 * A time as the control API takes it.
 * @param {Time} time
 * @returns {number | string}
 */
export function moment(time: Time): number | string;
/** @typedef {import('./control.js').Control} Control */
/** @typedef {import('./types.js').ClockState} ClockState */
/** @typedef {import('./types.js').Duration} Duration */
/** @typedef {import('./types.js').Time} Time */
/** The clock of one world; each method returns its state afterwards. */
export class Clock {
    /** @param {Control} control */
    constructor(control: Control);
    /** Its state: `now`, `iso`, `frozen`, `speed`, `auto`, `pending`, `next`. @returns {Promise<ClockState>} */
    state(): Promise<ClockState>;
    /** Seconds since the epoch. */
    now(): Promise<number>;
    /** The same as text, such as `2026-01-01T00:00:00.000Z`. */
    iso(): Promise<string>;
    /**
     * Advances the clock; everything due in between happens, in order: limits, jobs, tokens, webhooks.
     * @param {Duration} by
     */
    advance(by: Duration): Promise<{
        now: number;
        iso: string;
        frozen: boolean;
        speed: number;
        auto: boolean;
        pending: number;
        next: number | null;
    }>;
    /** Sets the clock to a time. @param {Time} to */
    set(to: Time): Promise<{
        now: number;
        iso: string;
        frozen: boolean;
        speed: number;
        auto: boolean;
        pending: number;
        next: number | null;
    }>;
    /** Freezes the clock, now or at a time. @param {Time} [at] */
    freeze(at?: Time): Promise<{
        now: number;
        iso: string;
        frozen: boolean;
        speed: number;
        auto: boolean;
        pending: number;
        next: number | null;
    }>;
    /** Runs at the speed of real time. */
    run(): Promise<{
        now: number;
        iso: string;
        frozen: boolean;
        speed: number;
        auto: boolean;
        pending: number;
        next: number | null;
    }>;
    /** Runs this many times as fast. @param {number} times */
    speed(times: number): Promise<{
        now: number;
        iso: string;
        frozen: boolean;
        speed: number;
        auto: boolean;
        pending: number;
        next: number | null;
    }>;
    /** Whenever all that is under way waits for the clock, jumps to what is due next. @param {boolean} [on] */
    auto(on?: boolean): Promise<{
        now: number;
        iso: string;
        frozen: boolean;
        speed: number;
        auto: boolean;
        pending: number;
        next: number | null;
    }>;
    #private;
}
export type Control = import("./control.js").Control;
export type ClockState = import("./types.js").ClockState;
export type Duration = import("./types.js").Duration;
export type Time = import("./types.js").Time;
