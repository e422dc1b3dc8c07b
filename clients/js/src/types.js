/**
 * Names for what the control API takes and returns. `../openapi/control.d.ts` is generated from its OpenAPI document.
 *
 * @typedef {import('../openapi/control.js').components['schemas']} Schemas
 * @typedef {import('../openapi/control.js').paths} Paths
 *
 * @typedef {Schemas['ApiView']} Api
 * @typedef {Schemas['ArmedView']} ArmedView
 * @typedef {Schemas['ClockView']} ClockState
 * @typedef {Schemas['DiagnosticView']} Complaint
 * @typedef {Schemas['ExchangeView']} RecordedRequest
 * @typedef {Schemas['ExpectationsView']} Expectations
 * @typedef {Schemas['Explanation']} Explanation
 * @typedef {Schemas['JobView']} Job
 * @typedef {Schemas['LimitsView']} Limits
 * @typedef {Schemas['VerdictView']} Verdict
 * @typedef {Schemas['WebhookView']} WebhookAttempt
 * @typedef {Schemas['AnswerRequest']} AnswerEntry
 * @typedef {Schemas['ExpectationRequest']} Expectation
 * @typedef {Schemas['ExplainRequest']} ExplainRequest
 * @typedef {Schemas['TierRequest']} LimitsRequest
 *
 * @typedef {number | string} Duration A number of seconds, or a text such as `'61s'` or `'5m'`.
 * @typedef {number | string | Date} Time Seconds since the epoch, ISO 8601, or a `Date`.
 * @typedef {string | string[]} Operations Operations such as `'messages.create'` or `'messages.*'`; all if left out.
 *
 * @typedef {object} Trigger When an armed fault plays.
 * @property {number} [times] This many times, then no more.
 * @property {number} [nth] Only on the nth matching request.
 * @property {number} [every] On every nth matching request.
 * @property {number} [probability] The share of matching requests, from 0 to 1, drawn from the world's seed.
 * @property {string} [key] Only for requests with this key.
 * @property {string} [after] Begin this long after arming, on the world's clock: `'3s'`.
 * @property {string} [for] End after this long.
 * @property {Record<string, unknown>} [params] The fault's parameters, where one is named like a key above.
 *
 * @typedef {Trigger & Record<string, unknown>} FaultOptions When a fault plays, and its parameters by name.
 *
 * @typedef {object} WorldOptions What a world plays.
 * @property {string} [scenario] The name of a scenario, or the path of a file.
 * @property {string[]} [scenarios] Several; the first takes precedence.
 * @property {boolean | Time} [frozen] `true`: the clock is frozen; a time: it is frozen at that time.
 * @property {number} [seed] Another seed gives other texts, ids and random draws.
 * @property {'world' | 'real'} [webhook_time] Whose time signs webhooks.
 * @property {number} [journal_entries] How many requests its journal keeps; 100,000 if left out.
 * @property {number} [journal_bytes] How many bytes of them; 256 MiB if left out.
 * @property {string} [owner] Who made it, by which its worlds can be found.
 *
 * @typedef {object} StartOptions
 * @property {string[]} [command] What runs `emulator`, such as `['uvx', 'ai-api-emulator']`; found by itself if left out.
 * @property {string[]} [args] Options of `emulator serve`, such as `['--scenario', 'free-tier']`.
 * @property {string} [cwd] The working folder, where a project file `emulator.yaml` may be.
 * @property {Record<string, string | undefined>} [env] Variables besides those of this process.
 * @property {number} [timeout] Seconds until it must accept requests; `EMULATOR_CLIENT_TIMEOUT`, or 30, if left out; 0: any time.
 *
 * @typedef {object} AttachOptions
 * @property {string} [url] The server's URL; `EMULATOR_URL` if left out.
 * @property {string} [world] The world to use; `EMULATOR_WORLD`, or the default world, if left out.
 * @property {string} [token] The control token; `EMULATOR_CONTROL_TOKEN` if left out.
 *
 * @typedef {object} KeyOptions
 * @property {string} [api] The API, needed if several have such a tier.
 * @property {string} [name] Another name gives another key.
 * @property {string} [workspace] A key of another customer.
 *
 * @typedef {object} WaitOptions
 * @property {number} [count] How many to wait for; 1 if left out.
 * @property {Duration} [timeout] How long to wait, in real time; 5 seconds if left out.
 */
export {};
