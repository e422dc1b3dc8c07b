/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type Schemas = import("../openapi/control.js").components["schemas"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type Paths = import("../openapi/control.js").paths;
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type Api = Schemas["ApiView"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type ArmedView = Schemas["ArmedView"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type ClockState = Schemas["ClockView"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type Complaint = Schemas["DiagnosticView"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type RecordedRequest = Schemas["ExchangeView"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type Expectations = Schemas["ExpectationsView"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type Explanation = Schemas["Explanation"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type Job = Schemas["JobView"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type Limits = Schemas["LimitsView"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type Verdict = Schemas["VerdictView"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type WebhookAttempt = Schemas["WebhookView"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type AnswerEntry = Schemas["AnswerRequest"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type Expectation = Schemas["ExpectationRequest"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type ExplainRequest = Schemas["ExplainRequest"];
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type LimitsRequest = Schemas["TierRequest"];
/**
 * A number of seconds, or a text such as `'61s'` or `'5m'`.
 */
export type Duration = number | string;
/**
 * Seconds since the epoch, ISO 8601, or a `Date`.
 */
export type Time = number | string | Date;
/**
 * Operations such as `'messages.create'` or `'messages.*'`; all if left out.
 */
export type Operations = string | string[];
/**
 * When an armed fault plays.
 */
export type Trigger = {
    /**
     * This many times, then no more.
     */
    times?: number;
    /**
     * Only on the nth matching request.
     */
    nth?: number;
    /**
     * On every nth matching request.
     */
    every?: number;
    /**
     * The share of matching requests, from 0 to 1, drawn from the world's seed.
     */
    probability?: number;
    /**
     * Only for requests with this key.
     */
    key?: string;
    /**
     * Begin this long after arming, on the world's clock: `'3s'`.
     */
    after?: string;
    /**
     * End after this long.
     */
    for?: string;
    /**
     * The fault's parameters, where one is named like a key above.
     */
    params?: Record<string, unknown>;
};
/**
 * When a fault plays, and its parameters by name.
 */
export type FaultOptions = Trigger & Record<string, unknown>;
/**
 * What a world plays.
 */
export type WorldOptions = {
    /**
     * The name of a scenario, or the path of a file.
     */
    scenario?: string;
    /**
     * Several; the first takes precedence.
     */
    scenarios?: string[];
    /**
     * `true`: the clock is frozen; a time: it is frozen at that time.
     */
    frozen?: boolean | Time;
    /**
     * Another seed gives other texts, ids and random draws.
     */
    seed?: number;
    /**
     * Whose time signs webhooks.
     */
    webhook_time?: "world" | "real";
    /**
     * How many requests its journal keeps; 100,000 if left out.
     */
    journal_entries?: number;
    /**
     * How many bytes of them; 256 MiB if left out.
     */
    journal_bytes?: number;
    /**
     * Who made it, by which its worlds can be found.
     */
    owner?: string;
};
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type StartOptions = {
    /**
     * What runs `emulator`, such as `['uvx', 'ai-api-emulator']`; found by itself if left out.
     */
    command?: string[];
    /**
     * Options of `emulator serve`, such as `['--scenario', 'free-tier']`.
     */
    args?: string[];
    /**
     * The working folder, where a project file `emulator.yaml` may be.
     */
    cwd?: string;
    /**
     * Variables besides those of this process.
     */
    env?: Record<string, string | undefined>;
    /**
     * Seconds until it must accept requests; `EMULATOR_CLIENT_TIMEOUT`, or 30, if left out; 0: any time.
     */
    timeout?: number;
};
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type AttachOptions = {
    /**
     * The server's URL; `EMULATOR_URL` if left out.
     */
    url?: string;
    /**
     * The world to use; `EMULATOR_WORLD`, or the default world, if left out.
     */
    world?: string;
    /**
     * The control token; `EMULATOR_CONTROL_TOKEN` if left out.
     */
    token?: string;
};
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type KeyOptions = {
    /**
     * The API, needed if several have such a tier.
     */
    api?: string;
    /**
     * Another name gives another key.
     */
    name?: string;
    /**
     * A key of another customer.
     */
    workspace?: string;
};
/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 */
export type WaitOptions = {
    /**
     * How many to wait for; 1 if left out.
     */
    count?: number;
    /**
     * How long to wait, in real time; 5 seconds if left out.
     */
    timeout?: Duration;
};
