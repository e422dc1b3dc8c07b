/**
 * An emulator, seen from one of its worlds: an isolated state with its own faults, clock, jobs and journal.
 *
 * `Emulator.start()` starts a server, `Emulator.attach()` uses a running one, `world(name)` makes another world of it.
 * Names of data, such as the fields of a request or the parameters of a fault, are those of the control API.
 */
export class Emulator {
    /**
     * Starts a server on a free port of this machine; it ends with `stop()`, and with this process.
     * @param {import('./types.js').StartOptions} [options]
     */
    static start(options?: import("./types.js").StartOptions): Promise<Emulator>;
    /**
     * Attaches to a running emulator, by default to the one that `EMULATOR_URL` names.
     * @param {import('./types.js').AttachOptions} [options]
     */
    static attach({ url, world, token }?: import("./types.js").AttachOptions): Promise<Emulator>;
    /**
     * @internal
     * @param {Control} control
     * @param {() => Promise<unknown>} end
     */
    static _open(control: Control, end: () => Promise<unknown>): Promise<Emulator>;
    /**
     * @param {Control} control
     * @param {import('./types.js').Api[]} apis
     * @param {() => Promise<unknown>} end
     * @private
     */
    private constructor();
    /** The client of the control API, for everything else: `emulator.control.get('/operations')`. */
    control: Control;
    /** The world's time. */
    clock: Clock;
    /**
     * Another world of this server, with nothing in it; `stop()` deletes it.
     * @param {string} name
     * @param {WorldOptions} [options]
     */
    world(name: string, { scenario, scenarios, frozen, ...more }?: WorldOptions): Promise<Emulator>;
    /** Ends what was started or made: the server, or the world. What was attached to goes on. */
    stop(): Promise<void>;
    /** The server's URL, such as `http://127.0.0.1:40123`. */
    get url(): string;
    /** The world's name. */
    get name(): string;
    /** The header that routes a request to this world, for requests without a key of it, such as one for a token. */
    get headers(): {
        "X-Emulator-World": string;
    };
    /** The names of the APIs. */
    get apis(): string[];
    /** The base URL for a client of an API. @param {string} api */
    baseUrl(api: string): string;
    /** Variables for a process: `EMULATOR_URL`, `EMULATOR_WORLD`, and `<API>_BASE_URL` of each API. @returns {Record<string, string>} */
    get env(): Record<string, string>;
    /**
     * A key of this tier that belongs to this world; the same call returns the same key.
     * @param {string} tier
     * @param {import('./types.js').KeyOptions} [options]
     */
    key(tier: string, options?: import("./types.js").KeyOptions): Promise<string>;
    /**
     * The same, and the variables that each API's own client reads, with a key of this world: those of one API, or of all.
     * @param {{api?: string, tier?: string}} [options]
     * @returns {Promise<Record<string, string>>}
     */
    environment(options?: {
        api?: string;
        tier?: string;
    }): Promise<Record<string, string>>;
    /**
     * Returns this status, in the API's own error shape: `fail('messages.*', { status: 429, retry_after: '30s' })`.
     * @param {Operations} [on]
     * @param {FaultOptions & {status?: number, retry_after?: string}} [options]
     */
    fail(on?: Operations, { status, ...options }?: FaultOptions & {
        status?: number;
        retry_after?: string;
    }): Promise<import("./faults.js").ArmedFault>;
    /**
     * Delivers exactly this many events of a stream, then closes the connection.
     * @param {Operations} [on]
     * @param {FaultOptions & {events?: number}} [options]
     */
    cutStream(on?: Operations, options?: FaultOptions & {
        events?: number;
    }): Promise<import("./faults.js").ArmedFault>;
    /**
     * Starts the response later: `slow('models.*', { delay: '2s' })`.
     * @param {Operations} [on]
     * @param {FaultOptions & {delay?: string}} [options]
     */
    slow(on?: Operations, options?: FaultOptions & {
        delay?: string;
    }): Promise<import("./faults.js").ArmedFault>;
    /**
     * Arms any fault, with its parameters by name.
     * @param {string} fault
     * @param {Operations} [on]
     * @param {FaultOptions} [options]
     */
    arm(fault: string, on?: Operations, options?: FaultOptions): Promise<import("./faults.js").ArmedFault>;
    /** The armed faults, each with how often it has `played`. */
    faults(): Promise<{
        fault: string;
        params?: unknown;
        on?: string | string[] | null;
        key?: string | null;
        times?: number | null;
        nth?: number | null;
        every?: number | null;
        probability?: number | null;
        after?: string | number | null;
        for?: string | number | null;
        id: string;
        played: number;
        used_up?: boolean;
        note?: string;
    }[]>;
    /** Disarms all faults. */
    disarm(): Promise<void>;
    /**
     * Gives this answer to a prompt: `answer('Hello!', 'Good morning.')`, or
     * `answer({ contains: 'refund', answer: 'Refunds take five days.' })`.
     * @param {string | import('./types.js').AnswerEntry} prompt
     * @param {string} [answer]
     */
    answer(prompt: string | import("./types.js").AnswerEntry, answer?: string): Promise<AddedAnswer>;
    /** Removes all answers that were added. */
    clearAnswers(): Promise<void>;
    /** Uses these scenarios from the next request on; the world's state stays. @param {...string} scenarios */
    use(...scenarios: string[]): Promise<void>;
    /** Uploads a scenario, as YAML or as data, for `use`. @param {string} name @param {string | object} source */
    putScenario(name: string, source: string | object): Promise<void>;
    /**
     * The requests that came, the oldest first: `requests('messages.*', { status: 429 })`. The second argument is any
     * condition of a scenario's `when`.
     * @param {string} [operation]
     * @param {Record<string, unknown>} [when]
     */
    requests(operation?: string, when?: Record<string, unknown>): Promise<{
        number: number;
        at: number;
        api: string;
        operation: string;
        method: string;
        path: string;
        query: {
            [key: string]: string | string[];
        } | string;
        headers: {
            [key: string]: string;
        };
        body: unknown;
        status: number;
        reply_headers: {
            [key: string]: string;
        };
        reply_body: unknown;
        events_sent: number;
        bytes_sent: number;
        outcome: string;
        took: number;
        key: string;
        workspace: string;
        rule: string;
        faults?: string[];
        near_misses?: Record<string, unknown>[];
        error?: string;
        events?: number;
        seeded?: string[];
        passed_over?: number;
        done?: boolean;
        shortened?: boolean;
    }[]>;
    /**
     * Waits, in real time, until `count` requests have come, and returns them.
     * @param {string} [operation]
     * @param {import('./types.js').WaitOptions & {when?: Record<string, unknown>}} [options]
     */
    waitForRequests(operation?: string, options?: import("./types.js").WaitOptions & {
        when?: Record<string, unknown>;
    }): Promise<{
        number: number;
        at: number;
        api: string;
        operation: string;
        method: string;
        path: string;
        query: {
            [key: string]: string | string[];
        } | string;
        headers: {
            [key: string]: string;
        };
        body: unknown;
        status: number;
        reply_headers: {
            [key: string]: string;
        };
        reply_body: unknown;
        events_sent: number;
        bytes_sent: number;
        outcome: string;
        took: number;
        key: string;
        workspace: string;
        rule: string;
        faults?: string[];
        near_misses?: Record<string, unknown>[];
        error?: string;
        events?: number;
        seeded?: string[];
        passed_over?: number;
        done?: boolean;
        shortened?: boolean;
    }[]>;
    /** Clears the journal. */
    clearRequests(): Promise<void>;
    /** Which response a request would get, and why; nothing is sent. @param {import('./types.js').ExplainRequest} request */
    explain(request: import("./types.js").ExplainRequest): Promise<{
        number: number;
        method: string;
        path: string;
        world: import("../openapi/control.js").components["schemas"]["ChosenWorld"];
        api: string;
        operation: string;
        caller: import("../openapi/control.js").components["schemas"]["CallerView"] | null;
        checks: string;
        status: number;
        error: string;
        hint: string;
        faults: string[];
        rules: import("../openapi/control.js").components["schemas"]["TracedRule"][];
        passed_over: number;
        reply: import("../openapi/control.js").components["schemas"]["ReplyView"] | null;
        notes: string[];
        answer: string;
        rule: import("../openapi/control.js").components["schemas"]["RuleView"] | null;
        decided_by: string;
        plan: string;
        limits: import("../openapi/control.js").components["schemas"]["ChargeView"][];
        timing: import("../openapi/control.js").components["schemas"]["TimingView"] | null;
        spent: {
            [key: string]: number;
        };
        prompt: string;
        route: ("documented" | "inferred" | "invented") | null;
        provenance: import("../openapi/control.js").components["schemas"]["BasisView"][];
    }>;
    /** The attempts to deliver webhooks, the oldest first. */
    webhooks(): Promise<{
        id: string;
        url: string;
        attempt: number;
        at: number;
        headers: {
            [key: string]: string;
        };
        body: string;
        status?: number | null;
        error?: string | null;
        reply_headers?: {
            [key: string]: string;
        };
        reply_body?: string;
        took?: number;
        next_at?: number | null;
        faults?: string[];
    }[]>;
    /**
     * Waits, in real time, for this many attempts; with `delivered`, for those that the receiver accepted.
     * @param {import('./types.js').WaitOptions & {delivered?: boolean}} [options]
     * @returns {Promise<import('./types.js').WebhookAttempt[]>}
     */
    waitForWebhooks({ count, timeout, delivered }?: import("./types.js").WaitOptions & {
        delivered?: boolean;
    }): Promise<import("./types.js").WebhookAttempt[]>;
    /** Sends a webhook again, at once. @param {string} id */
    redeliver(id: string): Promise<void>;
    /** A job, by its id. @param {string} id @returns {Promise<import('./types.js').Job>} */
    job(id: string): Promise<import("./types.js").Job>;
    /** The jobs. @returns {Promise<import('./types.js').Job[]>} */
    jobs(): Promise<import("./types.js").Job[]>;
    /** A key's limits, and how much of each is used. @param {string} key @param {{api?: string}} [options] */
    limits(key: string, { api }?: {
        api?: string;
    }): Promise<{
        key: string;
        api: string;
        tier: string;
        limits: {
            [key: string]: import("../openapi/control.js").components["schemas"]["Counter"];
        };
    }>;
    /**
     * Gives a key another tier or budget from the next request on: `setLimits(key, { tier: 'pro' })`.
     * @param {string} key
     * @param {Omit<import('./types.js').LimitsRequest, 'key'>} limits
     */
    setLimits(key: string, limits: Omit<import("./types.js").LimitsRequest, "key">): Promise<void>;
    /**
     * What the client did wrong: `ok`, `findings`, `text`. Rules can be ignored, and thresholds set:
     * `verdict({ ignore: ['no_back_off'], polls_apart: 0.01 })`.
     * @param {{ignore?: string[]} & Record<string, number | string[] | undefined>} [options]
     * @returns {Promise<import('./types.js').Verdict>}
     */
    verdict({ ignore, ...bounds }?: {
        ignore?: string[];
    } & Record<string, number | string[] | undefined>): Promise<import("./types.js").Verdict>;
    /** Expects requests by the end of the test: `expect({ on: 'batch.create', times: 1 })`. @param {import('./types.js').Expectation} expectation */
    expect(expectation: import("./types.js").Expectation): Promise<void>;
    /** Which expectations are met so far: `ok`, `expectations`, `text`. @returns {Promise<import('./types.js').Expectations>} */
    expectations(): Promise<import("./types.js").Expectations>;
    /** Resets the world; only its scenarios, keys and seed stay. */
    reset(): Promise<void>;
    /** What happened in this world, as text for the report of a failed test; never throws. */
    report(): Promise<string>;
    #private;
}
export type Operations = import("./types.js").Operations;
export type FaultOptions = import("./types.js").FaultOptions;
export type WorldOptions = import("./types.js").WorldOptions;
import { Control } from './control.js';
import { Clock } from './clock.js';
import { AddedAnswer } from './faults.js';
