// Generated from the OpenAPI document of the control API: python -m tests.js_types
export interface paths {
    "/_emulator": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What this is, what it serves, and every control route. */
        get: operations["landing_start"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 200 once the server accepts requests, 503 while its state can't be reached; needs no token. */
        get: operations["about_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics of the whole server for Prometheus, or as OpenMetrics for who prefers that; see `serve --metrics`. */
        get: operations["about_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The control API as an OpenAPI 3.1 document. */
        get: operations["openapi_openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/openapi/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An API of this world as an OpenAPI 3.1 document, with the promises that each part relies on. */
        get: operations["openapi_emulated"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/apis": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The APIs that the world serves, with their base URLs and keys. */
        get: operations["about_apis"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/operations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The operations that the world serves; `?api=` selects one API. */
        get: operations["about_operations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/scenarios": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The scenarios that are available, and those in use. */
        get: operations["scenarios_scenarios"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/scenarios/use": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Use these scenarios from the next request on; the world's state stays. If one is invalid, nothing changes. */
        post: operations["scenarios_use"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/scenarios/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Add or replace a scenario of this world; `use` activates it. An invalid one is not stored. */
        put: operations["scenarios_put"];
        post?: never;
        /** Delete an uploaded scenario; worlds that use it go on using it. */
        delete: operations["scenarios_remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/faults": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All known faults, and those armed in this world. */
        get: operations["faults_faults"];
        put?: never;
        /** Arm a fault in this world, from the next request on. */
        post: operations["faults_arm"];
        /** Disarm all faults of this world. */
        delete: operations["faults_clear"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/faults/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Disarm one fault. */
        delete: operations["faults_disarm"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/answers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The answers added to this world, the newest first. */
        get: operations["answers_answers"];
        put?: never;
        /** Add an answer to this world, from the next request on. */
        post: operations["answers_add"];
        /** Remove all answers that were added to this world. */
        delete: operations["answers_clear"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/answers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove one answer from this world. */
        delete: operations["answers_remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/clock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The world's time, and when the next thing is due. */
        get: operations["clock_read"];
        put?: never;
        /** Set, freeze, speed up or advance the clock; everything due in between happens, in order, before this returns. */
        post: operations["clock_move"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/clock/due": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is due next on the world's clock: what `advance` and `set` would trigger. */
        get: operations["clock_due"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/worlds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All worlds of this server. */
        get: operations["worlds_worlds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/worlds/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One world. */
        get: operations["worlds_one"];
        /** Create a world: 201; 200 if it exists with the same settings, 409 if it exists with others. */
        put: operations["worlds_put"];
        post?: never;
        /** Delete a world with everything in it; the default world can't be deleted. */
        delete: operations["worlds_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/worlds/{name}/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reset a world; its scenarios, keys and seed stay. */
        post: operations["worlds_restart"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/worlds/{name}/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The world's whole state, to be restored later, here or on another server. */
        get: operations["worlds_save"];
        /** Restore a snapshot into this world, which must exist. */
        put: operations["worlds_load"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The jobs of this world. */
        get: operations["jobs_jobs"];
        put?: never;
        /** Start a job without a request, at a given age or in a given state. */
        post: operations["jobs_start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One job. */
        get: operations["jobs_one"];
        put?: never;
        /** Put the job into this state now. */
        post: operations["jobs_move"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/jobs/{id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Complete the job now. */
        post: operations["jobs_complete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/jobs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel the job, as its API would; one that is already being cancelled does not change. */
        post: operations["jobs_cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/jobs/{id}/fail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make the job fail now. */
        post: operations["jobs_fail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/records": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What requests have stored in this world, such as sessions; without keys and tokens. */
        get: operations["records_records"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/records/{api}/{collection}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The records of a collection, from fixtures, scenarios, requests and this API. */
        get: operations["records_collection"];
        put?: never;
        post?: never;
        /** Remove all records of a collection; a reset of the world restores those of fixtures. */
        delete: operations["records_clear"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/records/{api}/{collection}/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One record. */
        get: operations["records_one"];
        /** Write a whole record: 201; 200 if it replaces another. */
        put: operations["records_put"];
        post?: never;
        /** Remove a record, also one of a fixture. */
        delete: operations["records_remove"];
        options?: never;
        head?: never;
        /** Set some fields of a record; the others stay. */
        patch: operations["records_change"];
        trace?: never;
    };
    "/_emulator/exchanges": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The latest exchanges of this world. */
        get: operations["exchanges_exchanges"];
        put?: never;
        post?: never;
        /** Clear the journal of this world. */
        delete: operations["exchanges_clear"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/exchanges/query": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The exchanges that match a `when`, written as in rules. */
        post: operations["exchanges_query"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/exchanges/wait": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Wait until `count` exchanges match; 408 if that takes longer than `timeout`. */
        post: operations["exchanges_wait_for"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/exchanges/{number}/explanation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Why an exchange got its response: rule, limits, times of events, provenance. */
        get: operations["exchanges_explanation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Which response a request would get, and why, without sending it; or why a past exchange got its response. */
        post: operations["exchanges_explain_request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/exchanges/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The exchanges of this world as they happen, as server-sent events. */
        get: operations["exchanges_stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/expectations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which expectations of this world are met so far. */
        get: operations["reports_expectations"];
        put?: never;
        /** Add an expectation to this world; earlier requests count too. */
        post: operations["reports_add_expectation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/expectations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove an expectation that was added to this world. */
        delete: operations["reports_remove_expectation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The rules in use in this world, in order, and how often each has answered. */
        get: operations["reports_rules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/coverage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which operations were called in any world, with which outcomes, and which rules of scenarios answered. */
        get: operations["reports_coverage"];
        put?: never;
        /** Start counting, in every world, what is used (idempotent). */
        post: operations["reports_count_coverage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The webhook attempts in this world. */
        get: operations["webhooks_webhooks"];
        put?: never;
        post?: never;
        /** Clear the attempts of this world, and give up those under way. */
        delete: operations["webhooks_clear"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/webhooks/wait": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Wait until there are `count` attempts; 408 if that takes longer than `timeout`. */
        post: operations["webhooks_wait"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/webhooks/{id}/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a webhook again at once, with the same id and without faults. */
        post: operations["webhooks_redeliver"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The keys that the APIs know in this world, each with its tier and counters. */
        get: operations["keys_keys"];
        put?: never;
        /** Create a key modelled on an existing one and bind it to this world (idempotent). */
        post: operations["keys_make"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A key's limits: how much is used, how much is left, and when each resets. */
        get: operations["keys_limits"];
        /** Give a key another tier or budget; its counters are kept. */
        put: operations["keys_put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reset the world's records, counters, jobs, journal, webhooks, faults, answers and clock; scenarios stay. */
        post: operations["worlds_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/verdict": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the client did wrong in the exchanges of this world. */
        get: operations["reports_verdict"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/departures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The blocked calls: those to hosts that are not emulated. */
        get: operations["reports_blocked_calls"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A summary of the requests to this world. */
        get: operations["reports_summary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/_emulator/mcp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Speak MCP, the protocol by which agents call tools: one message of JSON-RPC. */
        post: operations["endpoint_mcp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * ErrorBody
         * @description The body of every refusal of the control API.
         */
        ErrorBody: {
            error: components["schemas"]["ErrorView"];
        };
        /**
         * ErrorView
         * @description What is wrong, and what helps.
         */
        ErrorView: {
            message: string;
            /** @default  */
            hint?: string;
            /** @default [] */
            complaints?: components["schemas"]["DiagnosticView"][];
        };
        /**
         * DiagnosticView
         * @description One diagnostic of a scenario or a filter; line and column count from 1, and are 0 for the file as a whole.
         */
        DiagnosticView: {
            file: string;
            line: number;
            column: number;
            message: string;
        };
        /**
         * Index
         * @description What this is; `control` lists each control route with what it does.
         *
         *         `workers` are the processes that share their state in a store; there are none if this one keeps it in memory.
         */
        Index: {
            name: string;
            version: string;
            scenarios: string[];
            apis: components["schemas"]["ServedApi"][];
            workers: components["schemas"]["WorkerView"][];
            control: {
                [key: string]: string;
            };
            help: string;
        };
        /**
         * ServedApi
         * @description An API, and where it is here.
         */
        ServedApi: {
            api: string;
            title: string;
            version: string;
            base_url: string;
            hosts: string[];
        };
        /**
         * WorkerView
         * @description A process of the server: on which machine, since when, and when it was last seen (seconds since the epoch).
         */
        WorkerView: {
            id: string;
            pid: number;
            host: string;
            started: number;
            seen: number;
        };
        /**
         * Health
         * @description What the server plays in its default world, where its state is (`memory` or `redis`), and how many workers serve.
         *
         *         `status` is `ok`, or `degraded`, with the `reason`, while the store can't be used, or a worker can't serve what the
         *         others do; then it is sent with 503, and `workers` is 0 if nobody knows.
         */
        Health: {
            status: string;
            version: string;
            scenarios: string[];
            apis: string[];
            store: string;
            workers: number;
            reason: string;
        };
        /**
         * Text
         * @description An answer that is text instead of JSON.
         */
        Text: {
            body: string;
            media_type: string;
        };
        /**
         * Apis
         * @description Every API of a world.
         */
        Apis: {
            apis: components["schemas"]["ApiView"][];
        };
        /**
         * ApiView
         * @description One emulated service: its base URL here, and the real hosts it stands in for.
         *
         *         `environment` are the variables that make the service's own client call it here, with the key `client_key` or the
         *         one that was asked for; `modules` are the Python modules that read them when they are imported. `example` is the
         *         operation to try first.
         */
        ApiView: {
            api: string;
            title: string;
            version: string;
            base_url: string;
            hosts: string[];
            keys: {
                [key: string]: components["schemas"]["KeyView"];
            };
            client_key: string | null;
            environment: {
                [key: string]: string;
            };
            modules: string[];
            example: string | null;
        };
        /**
         * KeyView
         * @description A key that the API knows, as it stands in this world; `status` is `active` or says why it is refused.
         */
        KeyView: {
            tier: string;
            status: string;
            workspace: string;
        };
        /**
         * Operations
         * @description The routes, in the order in which they are tried.
         */
        Operations: {
            operations: components["schemas"]["OperationView"][];
        };
        /**
         * OperationView
         * @description One route of an operation. `host` null: on every host of its API. `class` is documented, inferred or invented.
         *         `example` is a request to try, with no body unless the API file has one.
         */
        OperationView: {
            api: string;
            operation: string;
            method: string;
            path: string;
            host: string | null;
            class: string;
            claims: string[];
            summary: string;
            example: components["schemas"]["ExampleRequest"];
        };
        /**
         * ExampleRequest
         * @description A request to try: parts of the path by name (those that another response tells are left out), and the headers
         *         that show a key. Templates in the body were evaluated by the clock of the world.
         */
        ExampleRequest: {
            path: {
                [key: string]: string;
            };
            query: {
                [key: string]: string;
            };
            headers: {
                [key: string]: string;
            };
            body: unknown;
        };
        /**
         * Scenarios
         * @description What can be played by name, and what this world plays, the uppermost first.
         */
        Scenarios: {
            available: components["schemas"]["ScenarioView"][];
            using: string[];
        };
        /**
         * ScenarioView
         * @description A scenario, and what it says of itself.
         */
        ScenarioView: {
            name: string;
            about: string;
        };
        /**
         * UseRequest
         * @description The first one's rules stand before the others'.
         */
        UseRequest: {
            /** @description names, or paths on the server */
            scenarios: string[];
        };
        /**
         * Scenario
         * @description A scenario file: its text as `yaml`, or the file itself as a JSON object (see docs/scenarios.md).
         */
        Scenario: {
            /** @default null */
            yaml?: string | null;
        };
        /**
         * Put
         * @description The name to use it by, and whether it is a new one.
         */
        Put: {
            scenario: string;
            new: boolean;
        };
        /**
         * Removed
         * @description The name that is no more.
         */
        Removed: {
            removed: string;
        };
        /**
         * FaultsView
         * @description What can be armed, and what is.
         */
        FaultsView: {
            known: components["schemas"]["FaultKind"][];
            armed: components["schemas"]["ArmedView"][];
        };
        /**
         * FaultKind
         * @description A fault that can be armed: what other tools call it, what it happens to, and its parameters in words.
         */
        FaultKind: {
            name: string;
            synonyms: string[];
            on: string;
            params: {
                [key: string]: string;
            };
            about: string;
        };
        /**
         * ArmedView
         * @description An order as it was given, its id, how often it has played, and whether it can't play any more.
         */
        ArmedView: {
            /** @description its name, or what WireMock or Toxiproxy call it */
            fault: string;
            /**
             * @description its parameters by name, or the first one alone
             * @default null
             */
            params?: unknown;
            /**
             * @description operations: messages.create, messages.*, api/…
             * @default null
             */
            on?: string | string[] | null;
            /**
             * @description only for requests with this key
             * @default null
             */
            key?: string | null;
            /**
             * @description so many times, then no more
             * @default null
             */
            times?: number | null;
            /**
             * @description only the nth time
             * @default null
             */
            nth?: number | null;
            /**
             * @description each so many times
             * @default null
             */
            every?: number | null;
            /**
             * @description a share from 0 to 1, drawn from the seed
             * @default null
             */
            probability?: number | null;
            /**
             * @description a duration on the world's clock, or seconds, until it begins
             * @default null
             */
            after?: string | number | null;
            /**
             * @description a duration on that clock, or seconds, then no more
             * @default null
             */
            for?: string | number | null;
            id: string;
            played: number;
            /** @default false */
            used_up?: boolean;
            /**
             * @description what happens now, for a fault that begins at once
             * @default
             */
            note?: string;
        };
        /**
         * FaultRequest
         * @description A fault, where and when: what is left out does not restrict it. A null is as good as left out.
         */
        FaultRequest: {
            /** @description its name, or what WireMock or Toxiproxy call it */
            fault: string;
            /**
             * @description its parameters by name, or the first one alone
             * @default null
             */
            params?: unknown;
            /**
             * @description operations: messages.create, messages.*, api/…
             * @default null
             */
            on?: string | string[] | null;
            /**
             * @description only for requests with this key
             * @default null
             */
            key?: string | null;
            /**
             * @description so many times, then no more
             * @default null
             */
            times?: number | null;
            /**
             * @description only the nth time
             * @default null
             */
            nth?: number | null;
            /**
             * @description each so many times
             * @default null
             */
            every?: number | null;
            /**
             * @description a share from 0 to 1, drawn from the seed
             * @default null
             */
            probability?: number | null;
            /**
             * @description a duration on the world's clock, or seconds, until it begins
             * @default null
             */
            after?: string | number | null;
            /**
             * @description a duration on that clock, or seconds, then no more
             * @default null
             */
            for?: string | number | null;
        };
        /**
         * Disarmed
         * @description The ids of what plays no more.
         */
        Disarmed: {
            disarmed: string[];
        };
        /**
         * AnswersView
         * @description The answers added to this world, the newest first: the first that fits a prompt is given.
         */
        AnswersView: {
            answers: components["schemas"]["AnswerView"][];
        };
        /**
         * AnswerView
         * @description An answer as it was added, and its id.
         */
        AnswerView: {
            /**
             * @description a whole prompt, or several
             * @default null
             */
            prompt?: string | string[] | null;
            /**
             * @description a text in the prompt, or any of several
             * @default null
             */
            contains?: string | string[] | null;
            /**
             * @description a regular expression that is found in the prompt
             * @default null
             */
            matches?: string | null;
            /**
             * @description operations: messages.create, messages.*, api/…
             * @default null
             */
            on?: string | string[] | null;
            /**
             * @description what is said; a template
             * @default null
             */
            answer?: string | null;
            /**
             * @description the object in JSON mode; a template
             * @default null
             */
            json?: Record<string, unknown> | null;
            id: string;
        };
        /**
         * AnswerRequest
         * @description An answer, in the words of a scenario's `answers`; without `prompt`, `contains` and `matches` it is for every
         *         prompt. A null is as good as left out.
         */
        AnswerRequest: {
            /**
             * @description a whole prompt, or several
             * @default null
             */
            prompt?: string | string[] | null;
            /**
             * @description a text in the prompt, or any of several
             * @default null
             */
            contains?: string | string[] | null;
            /**
             * @description a regular expression that is found in the prompt
             * @default null
             */
            matches?: string | null;
            /**
             * @description operations: messages.create, messages.*, api/…
             * @default null
             */
            on?: string | string[] | null;
            /**
             * @description what is said; a template
             * @default null
             */
            answer?: string | null;
            /**
             * @description the object in JSON mode; a template
             * @default null
             */
            json?: Record<string, unknown> | null;
        };
        /**
         * AnswersRemoved
         * @description The ids of the answers that are not given any more.
         */
        AnswersRemoved: {
            removed: string[];
        };
        /**
         * ClockView
         * @description `now` and `next` are seconds since the epoch, `next` is null when nothing is `pending`; `speed` 0 is frozen.
         */
        ClockView: {
            now: number;
            iso: string;
            frozen: boolean;
            speed: number;
            auto: boolean;
            pending: number;
            next: number | null;
        };
        /**
         * ClockRequest
         * @description Done in this order, whatever the order of the keys.
         */
        ClockRequest: {
            /**
             * @description a time: ISO 8601, or seconds since the epoch
             * @default null
             */
            set?: string | number | null;
            /**
             * @description stand still, or go on
             * @default null
             */
            freeze?: boolean | null;
            /**
             * @description seconds of this clock in a real second
             * @default null
             */
            speed?: number | null;
            /**
             * @description jump to what is due next whenever everybody waits
             * @default null
             */
            auto?: boolean | null;
            /**
             * @description a duration such as 61s, or seconds
             * @default null
             */
            advance?: string | number | null;
        };
        /**
         * DueListView
         * @description What is due after `now`, the soonest first.
         */
        DueListView: {
            now: number;
            due: components["schemas"]["DueView"][];
        };
        /**
         * DueView
         * @description Something that happens by the clock alone: when (epoch seconds), to what, and what in words.
         *
         *         `id` is that of the job or of the message, and the key of a limit; a response that is under way has none.
         */
        DueView: {
            at: number;
            /** @enum {unknown} */
            kind: "job" | "limit" | "response" | "webhook";
            id: string;
            what: string;
        };
        /**
         * WorldsView
         * @description The default world first, then the others in the order they were made.
         */
        WorldsView: {
            worlds: components["schemas"]["WorldView"][];
        };
        /**
         * WorldView
         * @description A world; `keys` lead requests to it and are masked, `exchanges` and `faults` are counts, `owner` is who made it,
         *         where they said so.
         */
        WorldView: {
            name: string;
            scenarios: string[];
            seed: number;
            keys: string[];
            clock: components["schemas"]["ClockView"];
            exchanges: number;
            faults: number;
            /** @default  */
            owner?: string;
        };
        /**
         * WorldRequest
         * @description What is left out is as the server was started; `frozen` true stands still at the time it has.
         */
        WorldRequest: {
            /** @default null */
            scenarios?: string[] | null;
            /** @default null */
            seed?: number | null;
            /**
             * @description true, or the time: ISO 8601 or epoch
             * @default null
             */
            frozen?: boolean | string | number | null;
            /**
             * @description API keys whose requests are led here; * for what nothing leads elsewhere
             * @default []
             */
            keys?: string[];
            /** @default null */
            journal_entries?: number | null;
            /** @default null */
            journal_bytes?: number | null;
            /**
             * @description who makes it, by which its worlds can be found
             * @default
             */
            owner?: string;
            /**
             * @description whose time signs webhooks: the world's, or the real one
             * @default null
             */
            webhook_time?: ("real" | "world") | null;
        };
        /**
         * Ended
         * @description The world that is no more.
         */
        Ended: {
            deleted: string;
        };
        /**
         * JobsView
         * @description The jobs, the oldest of each API first.
         */
        JobsView: {
            jobs: components["schemas"]["JobView"][];
        };
        /**
         * JobView
         * @description A job at this moment; times are seconds since the epoch. `ends_at` null: never, as things stand, or not before
         *         the polls that it waits for. `polls`: how often it was asked for by the operation that polls its kind. `history`
         *         are its states in order, those to come too. `seeded`: it began by hand, without a request.
         */
        JobView: {
            id: string;
            api: string;
            kind: string;
            workspace: string;
            state: string;
            done: boolean;
            started_at: number;
            ends_at: number | null;
            ended_at: number | null;
            cancelled_at: number | null;
            counts: {
                [key: string]: number;
            };
            polls: number;
            faults: string[];
            history: components["schemas"]["StateView"][];
            seeded: boolean;
        };
        /**
         * StateView
         * @description A state of a job, and when it began or will begin: `at` null: with its poll number `polls`.
         */
        StateView: {
            state: string;
            at: number | null;
            /** @default null */
            polls?: number | null;
        };
        /**
         * JobRequest
         * @description A job to begin, whose it is and how far it has come: how old it is, or how many items are done; the state that it
         *         is in. What is left out is as for a new one.
         */
        JobRequest: {
            kind: string;
            /** @description the key whose job it is */
            as: string;
            /**
             * @description whose kind that is, needed only when several APIs have it
             * @default null
             */
            api?: string | null;
            /** @default null */
            id?: string | null;
            /**
             * @description what it works on, or a count
             * @default 0
             */
            items?: unknown[] | number;
            /**
             * @description what it remembers of its request
             * @default {}
             */
            data?: Record<string, unknown>;
            /**
             * @description what it says in the end
             * @default null
             */
            result?: unknown;
            /**
             * @description how long ago it began: a duration, or seconds
             * @default null
             */
            age?: string | number | null;
            /** @default null */
            finished?: number | null;
            /** @default null */
            state?: string | null;
        };
        /**
         * JobStateRequest
         * @description The state to take at once; the job goes on from there, unless it is one in which jobs end.
         */
        JobStateRequest: {
            state: string;
        };
        /**
         * RecordsView
         * @description The collections; those of keys and tokens are not among them.
         */
        RecordsView: {
            collections: components["schemas"]["CollectionView"][];
        };
        /**
         * CollectionView
         * @description A collection of an API: how many records it has, and the newest of those that this world has added or changed.
         */
        CollectionView: {
            api: string;
            name: string;
            count: number;
            added: components["schemas"]["RecordView"][];
        };
        /**
         * RecordView
         * @description A record as templates see it, secrets masked, and its id; `seeded`: it was written by hand.
         */
        RecordView: {
            id: string;
            record: unknown;
            seeded: boolean;
        };
        /**
         * CollectionRecords
         * @description The records that were asked for, the fixture's first; `total` is how many fit, `key` the field of the id.
         */
        CollectionRecords: {
            key: string;
            total: number;
            records: components["schemas"]["RecordView"][];
        };
        /**
         * RecordsRemoved
         * @description The ids of the records that are gone.
         */
        RecordsRemoved: {
            removed: string[];
        };
        /**
         * ExchangesView
         * @description The exchanges found, the oldest first; `total` is how many there are, `dropped` how many older exchanges the
         *         journal has dropped, whatever they were, `next` what `after` takes to go on behind the last one shown.
         */
        ExchangesView: {
            exchanges: components["schemas"]["ExchangeView"][];
            total: number;
            dropped: number;
            next: number;
        };
        /**
         * ExchangeView
         * @description One request and its answer. `at` is epoch seconds, `took` seconds; keys are masked; a body is JSON or text.
         *
         *         `seeded` are the records and jobs that it names and that were written by hand.
         *         `passed_over` is how many rules of scenarios stood before the API's own that answered. `shortened`: the journal has
         *         only the beginning of what was too large for it.
         */
        ExchangeView: {
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
            /** @default [] */
            faults?: string[];
            /** @default [] */
            near_misses?: Record<string, unknown>[];
            /** @default  */
            error?: string;
            /** @default 0 */
            events?: number;
            /** @default [] */
            seeded?: string[];
            /** @default 0 */
            passed_over?: number;
            /** @default true */
            done?: boolean;
            /** @default false */
            shortened?: boolean;
        };
        /**
         * ExchangesQuestion
         * @description Which exchanges.
         */
        ExchangesQuestion: {
            /**
             * @description what they must be like: a `when` as in a rule (docs/control.md)
             * @default {}
             */
            when?: Record<string, unknown>;
            /** @default null */
            last?: number | null;
            /** @default null */
            limit?: number | null;
            /**
             * @description only those after the `next` of an earlier answer
             * @default 0
             */
            after?: number;
        };
        /**
         * ExchangesWait
         * @description How many such exchanges to wait for, and how long, in real time.
         */
        ExchangesWait: {
            /** @default 1 */
            count?: number;
            /**
             * @description what they must be like: a `when` as in a rule (docs/control.md)
             * @default {}
             */
            when?: Record<string, unknown>;
            /**
             * @description a duration such as 5s, or seconds
             * @default 5s
             */
            timeout?: string | number;
        };
        /**
         * Explanation
         * @description Why a request was answered as it was. `rule` is null if none answered, or if it is played no more.
         *
         *         `plan` is the caller's; `decided_by` says what refused the request, `spent` is what it used by unit; `prompt` is
         *         what was replied to, if something is generated there. `checks` says whether what it says was accepted, `rules` what
         *         became of each rule of the operation, in order; `passed_over` is how many of scenarios stood before the API's own
         *         that answered. `answer` names the canned answer that was given. `reply` is there for a request that was not sent:
         *         what it would get. `notes` say what limits this.
         */
        Explanation: {
            number: number;
            method: string;
            path: string;
            world: components["schemas"]["ChosenWorld"];
            api: string;
            operation: string;
            caller: components["schemas"]["CallerView"] | null;
            checks: string;
            status: number;
            error: string;
            hint: string;
            faults: string[];
            rules: components["schemas"]["TracedRule"][];
            passed_over: number;
            reply: components["schemas"]["ReplyView"] | null;
            notes: string[];
            answer: string;
            rule: components["schemas"]["RuleView"] | null;
            decided_by: string;
            plan: string;
            limits: components["schemas"]["ChargeView"][];
            timing: components["schemas"]["TimingView"] | null;
            spent: {
                [key: string]: number;
            };
            prompt: string;
            route: ("documented" | "inferred" | "invented") | null;
            provenance: components["schemas"]["BasisView"][];
        };
        /**
         * ChosenWorld
         * @description The world that answers, and why that one.
         */
        ChosenWorld: {
            name: string;
            why: string;
        };
        /**
         * CallerView
         * @description Who asks: the masked key, its workspace and its tier; `known`: the API knows the key.
         */
        CallerView: {
            key: string;
            workspace: string;
            tier: string;
            known: boolean;
        };
        /**
         * TracedRule
         * @description What became of a rule: it `answered`, `added its fault` to another's answer, `differs` from the request, or was
         *         `never reached`. One that says what is answered leaves it to a rule of the API which `gave the reply`.
         *
         *         A fault refuses for a rule that `would have answered`; one that `matches now` did not when the request came.
         *         `source` is scenario or api; `differences` are those of its `when`, and counters that hold it back.
         */
        TracedRule: {
            name: string;
            file: string;
            line: number;
            /** @enum {unknown} */
            source: "api" | "scenario";
            /** @enum {unknown} */
            outcome: "added its fault" | "answered" | "differs" | "gave the reply" | "matches now" | "never reached" | "would have answered";
            /** @default [] */
            faults?: string[];
            /** @default [] */
            differences?: components["schemas"]["Differing"][];
        };
        /**
         * Differing
         * @description Why a rule did not answer, in words: a field with another value, or (`counter`) a counter with another count.
         */
        Differing: {
            field: string;
            wanted: string;
            found: string;
            /** @default false */
            counter?: boolean;
        };
        /**
         * ReplyView
         * @description A response: `body` is JSON or text; `delay` in seconds, `events` of a stream.
         */
        ReplyView: {
            status: number;
            headers: {
                [key: string]: string;
            };
            body: unknown;
            /** @default 0 */
            delay?: number;
            /** @default 0 */
            events?: number;
        };
        /**
         * RuleView
         * @description A rule that answered: its name, and where it stands.
         */
        RuleView: {
            name: string;
            file: string;
            line: number;
        };
        /**
         * ChargeView
         * @description A counter of the caller before and after a request, and what it was charged; `refused`: it let it not pass.
         *
         *         `reset` is the second since the epoch at which its window ends; a budget has none.
         */
        ChargeView: {
            name: string;
            limit: number;
            before: number;
            charged: number;
            after: number;
            reset: number | null;
            refused: boolean;
        };
        /**
         * TimingView
         * @description When each event of a stream was planned, and when each that was sent left, in seconds after the response began.
         *
         *         `content` is the stream as it was planned, if a fault has changed it.
         */
        TimingView: {
            planned: number[];
            sent: number[];
            content: string | null;
        };
        /**
         * BasisView
         * @description One thing that a response rests on: a claim with what its document `says`, or a part that no claim is about.
         *
         *         `class` is documented, inferred or invented; `inferred` is the part of a claim that the document does not say.
         */
        BasisView: {
            /** @enum {unknown} */
            class: "documented" | "inferred" | "invented";
            name: string;
            /** @default  */
            says?: string;
            /** @default  */
            inferred?: string;
        };
        /**
         * ExplainRequest
         * @description A request to be explained: `path` may have a query, or be a whole URL; `body` is text, or JSON to be written as
         *         text; `body_base64` is one of other bytes. Or `exchange`, the number of one that was answered.
         */
        ExplainRequest: {
            /** @default GET */
            method?: string;
            /** @default  */
            path?: string;
            /** @default {} */
            headers?: {
                [key: string]: string;
            };
            /** @default null */
            body?: unknown;
            /** @default null */
            body_base64?: string | null;
            /** @default null */
            exchange?: number | null;
        };
        /**
         * Cleared
         * @description How many are forgotten.
         */
        Cleared: {
            cleared: number;
        };
        /**
         * ExpectationsView
         * @description How each expectation stands, those of scenarios first: what was `expected`, what was `found`, and what came
         *         `instead`. `ok`: all are met; `known` is false where older exchanges decide that nobody counted; `text` is all of it
         *         for a person.
         */
        ExpectationsView: {
            ok: boolean;
            expectations: components["schemas"]["Judged"][];
            text: string;
        };
        /**
         * Judged
         * @description How an expectation turned out: `expected` and `found` are in words, `instead` says what came instead.
         *
         *         `known` is false where older exchanges decide that nobody counted; then it is not `ok`. `id` is that of one that a
         *         world was given; those of scenarios have a place.
         */
        Judged: {
            id: string;
            file: string;
            line: number;
            kind: string;
            expected: string;
            ok: boolean;
            known: boolean;
            found: string;
            /** @default [] */
            instead?: string[];
        };
        /**
         * ExpectationRequest
         * @description An expectation, in the words of a scenario's `expect`. A null is as good as left out.
         */
        ExpectationRequest: {
            /**
             * @description operations: batch.create, batch.*, api/…
             * @default null
             */
            on?: string | string[] | null;
            /**
             * @description what the exchanges are like: a `when` as in a rule
             * @default null
             */
            when?: Record<string, unknown> | string | null;
            /**
             * @description a number, never, or bounds: {lte: 2}; at least 1
             * @default null
             */
            times?: number | string | Record<string, unknown> | null;
            /**
             * @description operations, or {on, when}, one after another
             * @default null
             */
            in_order?: unknown[] | null;
            /**
             * @description bounds by unit: {USD: {lte: 0.1}}
             * @default null
             */
            spent?: Record<string, unknown> | null;
            /**
             * @description names of rules that answer, or all
             * @default null
             */
            rules?: string | string[] | null;
        };
        /**
         * ExpectationView
         * @description An expectation as it was added, and its id.
         */
        ExpectationView: {
            /**
             * @description operations: batch.create, batch.*, api/…
             * @default null
             */
            on?: string | string[] | null;
            /**
             * @description what the exchanges are like: a `when` as in a rule
             * @default null
             */
            when?: Record<string, unknown> | string | null;
            /**
             * @description a number, never, or bounds: {lte: 2}; at least 1
             * @default null
             */
            times?: number | string | Record<string, unknown> | null;
            /**
             * @description operations, or {on, when}, one after another
             * @default null
             */
            in_order?: unknown[] | null;
            /**
             * @description bounds by unit: {USD: {lte: 0.1}}
             * @default null
             */
            spent?: Record<string, unknown> | null;
            /**
             * @description names of rules that answer, or all
             * @default null
             */
            rules?: string | string[] | null;
            id: string;
        };
        /**
         * ExpectationsRemoved
         * @description The ids of the expectations that are not judged any more.
         */
        ExpectationsRemoved: {
            removed: string[];
        };
        /**
         * RulesView
         * @description The rules in the order in which they are asked, each with how often it has `answered`.
         *
         *         `not_counted` are older exchanges that the journal had dropped when somebody first asked.
         */
        RulesView: {
            rules: components["schemas"]["RuleUse"][];
            not_counted: number;
        };
        /**
         * RuleUse
         * @description A rule, and how often it has `answered`, of several `replies` each; a rule that only adds faults has none.
         *
         *         `kind` is `rule`, or `answer` for one of the `answers` of a scenario; `nearest` is the request that came nearest, if
         *         it has not answered; of many such rules, only the first are compared with requests.
         */
        RuleUse: {
            file: string;
            line: number;
            name: string;
            kind: string;
            answered: number;
            replies: number[];
            faults: components["schemas"]["FaultUse"][];
            /** @default  */
            nearest?: string;
        };
        /**
         * FaultUse
         * @description A fault of a rule, and how often it has played.
         */
        FaultUse: {
            name: string;
            played: number;
        };
        /**
         * CoverageView
         * @description What was used in `worlds` worlds and in those that have ended, since `counted` says that it is counted.
         *
         *         `operations` are those that were called, `rules` those of scenarios, but for the ones that come with the emulator.
         */
        CoverageView: {
            counted: boolean;
            worlds: number;
            operations: components["schemas"]["OperationCoverage"][];
            rules: components["schemas"]["RuleUse"][];
        };
        /**
         * OperationCoverage
         * @description How calls of an operation ended, by outcome, status and fault; `never` are the outcomes that nobody saw.
         */
        OperationCoverage: {
            api: string;
            operation: string;
            calls: number;
            streams: boolean;
            outcomes: {
                [key: string]: number;
            };
            statuses: {
                [key: string]: number;
            };
            faults: {
                [key: string]: number;
            };
            never: string[];
        };
        /**
         * WebhooksView
         * @description The attempts, the oldest first; `dropped` is how many older ones are not kept any more.
         */
        WebhooksView: {
            webhooks: components["schemas"]["WebhookView"][];
            dropped: number;
        };
        /**
         * WebhookView
         * @description One attempt, counted from 1. `at` and `next_at` (null: none follows) are on the world's clock, in seconds since
         *         the epoch; `took` is in real seconds. `status` null: nobody answered, and `error` says why.
         */
        WebhookView: {
            id: string;
            url: string;
            attempt: number;
            at: number;
            headers: {
                [key: string]: string;
            };
            body: string;
            /** @default null */
            status?: number | null;
            /** @default null */
            error?: string | null;
            /** @default {} */
            reply_headers?: {
                [key: string]: string;
            };
            /** @default  */
            reply_body?: string;
            /** @default 0 */
            took?: number;
            /** @default null */
            next_at?: number | null;
            /** @default [] */
            faults?: string[];
        };
        /**
         * WebhooksWait
         * @description How many attempts to wait for, and how long, in real time; those made already count. `delivered`: only those to
         *         which the receiver said yes.
         */
        WebhooksWait: {
            /** @default 1 */
            count?: number;
            /**
             * @description a duration such as 5s, or seconds
             * @default 5s
             */
            timeout?: string | number;
            /** @default false */
            delivered?: boolean;
        };
        /**
         * Redelivery
         * @description The message that is sent again.
         */
        Redelivery: {
            redelivered: string;
        };
        /**
         * KeysView
         * @description The keys; `tiers` are those that each API has.
         */
        KeysView: {
            keys: components["schemas"]["KeyStanding"][];
            tiers: {
                [key: string]: string[];
            };
        };
        /**
         * KeyStanding
         * @description A key of an API, and how its counters stand; `status` is `active` or says why it is refused.
         *
         *         `masked` is the key as exchanges show it.
         */
        KeyStanding: {
            key: string;
            masked: string;
            api: string;
            tier: string;
            status: string;
            workspace: string;
            limits: {
                [key: string]: components["schemas"]["Counter"];
            };
        };
        /**
         * Counter
         * @description One counter; `reset` is the second since the epoch at which its window ends, null for a budget, which never
         *         comes back.
         */
        Counter: {
            limit: number;
            remaining: number;
            used: number;
            reset: number | null;
        };
        /**
         * KeyRequest
         * @description A key, and the one that it takes after: its tier, its data, and its workspace unless another is named.
         */
        KeyRequest: {
            key: string;
            like: string;
            /**
             * @description whose key that is, needed only when several APIs know it
             * @default null
             */
            api?: string | null;
            /** @default null */
            workspace?: string | null;
        };
        /**
         * CreatedKey
         * @description The key, which leads requests to this world.
         */
        CreatedKey: {
            key: string;
            api: string;
            tier: string;
            workspace: string;
        };
        /**
         * LimitsView
         * @description How a key stands with one API; a tier without limits has none.
         */
        LimitsView: {
            key: string;
            api: string;
            tier: string;
            limits: {
                [key: string]: components["schemas"]["Counter"];
            };
        };
        /**
         * TierRequest
         * @description The tier that a key has from its next request on, or its own budget by unit; what is spent stays spent.
         */
        TierRequest: {
            key: string;
            /** @default null */
            tier?: string | null;
            /** @default null */
            budget?: {
                [key: string]: number;
            } | null;
            /** @default null */
            api?: string | null;
        };
        /**
         * VerdictView
         * @description `checked` counts the cases that each rule could judge; `exchanges` those that were looked at, `dropped` older
         *         ones that the journal had forgotten; `text` is all of it for a person.
         */
        VerdictView: {
            ok: boolean;
            findings: components["schemas"]["Finding"][];
            checked: {
                [key: string]: number;
            };
            exchanges: number;
            dropped: number;
            text: string;
        };
        /**
         * Finding
         * @description What a rule found. `wanted` and `found` are in words; `exchanges` are numbers, of `count` exchanges the first.
         *
         *         An `error` loses answers, money or the client's access; a `warning` is waste.
         */
        Finding: {
            rule: string;
            /** @enum {unknown} */
            severity: "error" | "warning";
            message: string;
            wanted: string;
            found: string;
            api: string;
            operation: string;
            count: number;
            exchanges: number[];
        };
        /**
         * BlockedCallsView
         * @description The last of them, oldest first; `untrusted` are connections to a host that ended before a request, as those of
         *         clients do that don't trust the certificate authority.
         */
        BlockedCallsView: {
            departures: components["schemas"]["BlockedCall"][];
            untrusted: {
                [key: string]: number;
            };
        };
        /**
         * BlockedCall
         * @description Call that was blocked: its host and port, and when, in seconds since the epoch.
         */
        BlockedCall: {
            host: string;
            port: number;
            at: number;
        };
        /**
         * SummaryView
         * @description `spent` maps an API to amounts by unit; `faults` how often each was played; `exchanges` are those looked at,
         *         `dropped` older ones that the journal had forgotten, `elsewhere` those of other worlds, of ended ones too; `hints`
         *         are those that calls were answered with, and how many calls.
         */
        SummaryView: {
            called: components["schemas"]["CalledView"][];
            spent: {
                [key: string]: {
                    [key: string]: number;
                };
            };
            faults: {
                [key: string]: number;
            };
            exchanges: number;
            dropped: number;
            elsewhere: number;
            hints: {
                [key: string]: number;
            };
        };
        /**
         * CalledView
         * @description An operation that was called, how often, and with which statuses; `operation` is empty for unknown paths, and
         *         a status of 0 stands for no answer.
         */
        CalledView: {
            api: string;
            operation: string;
            calls: number;
            statuses: {
                [key: string]: number;
            };
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    landing_start: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What this is, what it serves, and every control route. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Index"];
                };
            };
        };
    };
    about_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 200 once the server accepts requests, 503 while its state can't be reached; needs no token. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    about_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Metrics of the whole server for Prometheus, or as OpenMetrics for who prefers that; see `serve --metrics`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                    "application/openmetrics-text": string;
                };
            };
        };
    };
    openapi_openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The control API as an OpenAPI 3.1 document. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, unknown>;
                };
            };
        };
    };
    openapi_emulated: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example API.json */
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An API of this world as an OpenAPI 3.1 document, with the promises that each part relies on. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, unknown>;
                };
            };
        };
    };
    about_apis: {
        parameters: {
            query?: {
                api?: string | null;
                key?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The APIs that the world serves, with their base URLs and keys. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Apis"];
                };
            };
        };
    };
    about_operations: {
        parameters: {
            query?: {
                api?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The operations that the world serves; `?api=` selects one API. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Operations"];
                };
            };
        };
    };
    scenarios_scenarios: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The scenarios that are available, and those in use. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Scenarios"];
                };
            };
        };
    };
    scenarios_use: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "scenarios": [
                 *         "free-tier"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["UseRequest"];
            };
        };
        responses: {
            /** @description Use these scenarios from the next request on; the world's state stays. If one is invalid, nothing changes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Scenarios"];
                };
            };
        };
    };
    scenarios_put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example my-outage */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "yaml": "scenario: my-outage\nabout: Everything is down.\nextends: default\nrules:\n  - fault: {status: 503}\n"
                 *     }
                 */
                "application/json": components["schemas"]["Scenario"];
            };
        };
        responses: {
            /** @description Add or replace a scenario of this world; `use` activates it. An invalid one is not stored. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Put"];
                };
            };
            /** @description Add or replace a scenario of this world; `use` activates it. An invalid one is not stored. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Put"];
                };
            };
        };
    };
    scenarios_remove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example my-outage */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Delete an uploaded scenario; worlds that use it go on using it. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Removed"];
                };
            };
        };
    };
    faults_faults: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All known faults, and those armed in this world. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FaultsView"];
                };
            };
        };
    };
    faults_arm: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "fault": "status",
                 *       "params": {
                 *         "status": 503
                 *       },
                 *       "on": "messages.create",
                 *       "times": 2
                 *     }
                 */
                "application/json": components["schemas"]["FaultRequest"];
            };
        };
        responses: {
            /** @description Arm a fault in this world, from the next request on. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArmedView"];
                };
            };
        };
    };
    faults_clear: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Disarm all faults of this world. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Disarmed"];
                };
            };
        };
    };
    faults_disarm: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example fault_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Disarm one fault. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Disarmed"];
                };
            };
        };
    };
    answers_answers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The answers added to this world, the newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnswersView"];
                };
            };
        };
    };
    answers_add: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "prompt": "refund",
                 *       "answer": "Refunds take five days."
                 *     }
                 */
                "application/json": components["schemas"]["AnswerRequest"];
            };
        };
        responses: {
            /** @description Add an answer to this world, from the next request on. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnswerView"];
                };
            };
        };
    };
    answers_clear: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Remove all answers that were added to this world. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnswersRemoved"];
                };
            };
        };
    };
    answers_remove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example answer_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Remove one answer from this world. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnswersRemoved"];
                };
            };
        };
    };
    clock_read: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The world's time, and when the next thing is due. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClockView"];
                };
            };
        };
    };
    clock_move: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "freeze": true,
                 *       "advance": "61s"
                 *     }
                 */
                "application/json": components["schemas"]["ClockRequest"];
            };
        };
        responses: {
            /** @description Set, freeze, speed up or advance the clock; everything due in between happens, in order, before this returns. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClockView"];
                };
            };
        };
    };
    clock_due: {
        parameters: {
            query?: {
                count?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is due next on the world's clock: what `advance` and `set` would trigger. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DueListView"];
                };
            };
        };
    };
    worlds_worlds: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All worlds of this server. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorldsView"];
                };
            };
        };
    };
    worlds_one: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example checkout-test */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One world. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorldView"];
                };
            };
        };
    };
    worlds_put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example checkout-test */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "scenarios": [
                 *         "free-tier"
                 *       ],
                 *       "seed": 1,
                 *       "frozen": "2026-01-01T00:00:00Z",
                 *       "keys": [
                 *         "axp_checkout_1"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["WorldRequest"];
            };
        };
        responses: {
            /** @description Create a world: 201; 200 if it exists with the same settings, 409 if it exists with others. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorldView"];
                };
            };
            /** @description Create a world: 201; 200 if it exists with the same settings, 409 if it exists with others. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorldView"];
                };
            };
        };
    };
    worlds_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example checkout-test */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Delete a world with everything in it; the default world can't be deleted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ended"];
                };
            };
        };
    };
    worlds_restart: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example checkout-test */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Reset a world; its scenarios, keys and seed stay. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorldView"];
                };
            };
        };
    };
    worlds_save: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example checkout-test */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The world's whole state, to be restored later, here or on another server. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, unknown>;
                };
            };
        };
    };
    worlds_load: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example checkout-test */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, unknown>;
            };
        };
        responses: {
            /** @description Restore a snapshot into this world, which must exist. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorldView"];
                };
            };
        };
    };
    jobs_jobs: {
        parameters: {
            query?: {
                api?: string | null;
                kind?: string | null;
                state?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The jobs of this world. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobsView"];
                };
            };
        };
    };
    jobs_start: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "kind": "batch",
                 *       "as": "axp_test_pro",
                 *       "items": 10,
                 *       "finished": 5
                 *     }
                 */
                "application/json": components["schemas"]["JobRequest"];
            };
        };
        responses: {
            /** @description Start a job without a request, at a given age or in a given state. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobView"];
                };
            };
        };
    };
    jobs_one: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example batch_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One job. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobView"];
                };
            };
        };
    };
    jobs_move: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example batch_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "state": "completed"
                 *     }
                 */
                "application/json": components["schemas"]["JobStateRequest"];
            };
        };
        responses: {
            /** @description Put the job into this state now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobView"];
                };
            };
        };
    };
    jobs_complete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example batch_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Complete the job now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobView"];
                };
            };
        };
    };
    jobs_cancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example batch_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Cancel the job, as its API would; one that is already being cancelled does not change. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobView"];
                };
            };
        };
    };
    jobs_fail: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example batch_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Make the job fail now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobView"];
                };
            };
        };
    };
    records_records: {
        parameters: {
            query?: {
                api?: string | null;
                collection?: string | null;
                last?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What requests have stored in this world, such as sessions; without keys and tokens. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordsView"];
                };
            };
        };
    };
    records_collection: {
        parameters: {
            query?: {
                where?: string;
                last?: number | null;
            };
            header?: never;
            path: {
                /** @example api */
                api: string;
                /** @example sessions */
                collection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The records of a collection, from fixtures, scenarios, requests and this API. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CollectionRecords"];
                };
            };
        };
    };
    records_clear: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example api */
                api: string;
                /** @example sessions */
                collection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Remove all records of a collection; a reset of the world restores those of fixtures. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordsRemoved"];
                };
            };
        };
    };
    records_one: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example api */
                api: string;
                /** @example sessions */
                collection: string;
                /** @example session_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One record. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordView"];
                };
            };
        };
    };
    records_put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example api */
                api: string;
                /** @example sessions */
                collection: string;
                /** @example session_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": "session_1",
                 *       "messages": []
                 *     }
                 */
                "application/json": Record<string, unknown>;
            };
        };
        responses: {
            /** @description Write a whole record: 201; 200 if it replaces another. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordView"];
                };
            };
            /** @description Write a whole record: 201; 200 if it replaces another. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordView"];
                };
            };
        };
    };
    records_remove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example api */
                api: string;
                /** @example sessions */
                collection: string;
                /** @example session_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Remove a record, also one of a fixture. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordsRemoved"];
                };
            };
        };
    };
    records_change: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example api */
                api: string;
                /** @example sessions */
                collection: string;
                /** @example session_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "messages": []
                 *     }
                 */
                "application/json": Record<string, unknown>;
            };
        };
        responses: {
            /** @description Set some fields of a record; the others stay. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordView"];
                };
            };
        };
    };
    exchanges_exchanges: {
        parameters: {
            query?: {
                operation?: string | null;
                status?: number | null;
                api?: string | null;
                last?: number | null;
                limit?: number | null;
                after?: number;
                filter?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The latest exchanges of this world. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExchangesView"];
                    "application/x-ndjson": string;
                };
            };
        };
    };
    exchanges_clear: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Clear the journal of this world. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Cleared"];
                };
            };
        };
    };
    exchanges_query: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "when": {
                 *         "operation": "messages.create",
                 *         "body.stream": {
                 *           "present": false
                 *         },
                 *         "status": {
                 *           "lt": 500
                 *         }
                 *       },
                 *       "last": 10
                 *     }
                 */
                "application/json": components["schemas"]["ExchangesQuestion"];
            };
        };
        responses: {
            /** @description The exchanges that match a `when`, written as in rules. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExchangesView"];
                };
            };
        };
    };
    exchanges_wait_for: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "count": 1,
                 *       "when": {
                 *         "operation": "messages.create",
                 *         "body.stream": {
                 *           "present": false
                 *         },
                 *         "status": {
                 *           "lt": 500
                 *         }
                 *       },
                 *       "timeout": "5s"
                 *     }
                 */
                "application/json": components["schemas"]["ExchangesWait"];
            };
        };
        responses: {
            /** @description Wait until `count` exchanges match; 408 if that takes longer than `timeout`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExchangesView"];
                };
            };
        };
    };
    exchanges_explanation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 1 */
                number: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Why an exchange got its response: rule, limits, times of events, provenance. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
        };
    };
    exchanges_explain_request: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "method": "POST",
                 *       "path": "/v2/messages",
                 *       "headers": {
                 *         "X-API-Key": "axp_test_pro"
                 *       },
                 *       "body": {
                 *         "messages": []
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["ExplainRequest"];
            };
        };
        responses: {
            /** @description Which response a request would get, and why, without sending it; or why a past exchange got its response. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
        };
    };
    exchanges_stream: {
        parameters: {
            query?: {
                filter?: string;
                after?: string | null;
                last?: number | null;
                /** @example 1 */
                count?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The exchanges of this world as they happen, as server-sent events. Each event `exchanges` holds what is new: rows of exchanges that came or ended. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
        };
    };
    reports_expectations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Which expectations of this world are met so far. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExpectationsView"];
                };
            };
        };
    };
    reports_add_expectation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "on": "batch.create",
                 *       "times": {
                 *         "lte": 3
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["ExpectationRequest"];
            };
        };
        responses: {
            /** @description Add an expectation to this world; earlier requests count too. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExpectationView"];
                };
            };
        };
    };
    reports_remove_expectation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example expectation_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Remove an expectation that was added to this world. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExpectationsRemoved"];
                };
            };
        };
    };
    reports_rules: {
        parameters: {
            query?: {
                operation?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rules in use in this world, in order, and how often each has answered. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RulesView"];
                };
            };
        };
    };
    reports_coverage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Which operations were called in any world, with which outcomes, and which rules of scenarios answered. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CoverageView"];
                };
            };
        };
    };
    reports_count_coverage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Start counting, in every world, what is used (idempotent). */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CoverageView"];
                };
            };
        };
    };
    webhooks_webhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook attempts in this world. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhooksView"];
                };
            };
        };
    };
    webhooks_clear: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Clear the attempts of this world, and give up those under way. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Cleared"];
                };
            };
        };
    };
    webhooks_wait: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "count": 1,
                 *       "timeout": "5s"
                 *     }
                 */
                "application/json": components["schemas"]["WebhooksWait"];
            };
        };
        responses: {
            /** @description Wait until there are `count` attempts; 408 if that takes longer than `timeout`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhooksView"];
                };
            };
        };
    };
    webhooks_redeliver: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example msg_1 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Send a webhook again at once, with the same id and without faults. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redelivery"];
                };
            };
        };
    };
    keys_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys that the APIs know in this world, each with its tier and counters. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeysView"];
                };
            };
        };
    };
    keys_make: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "key": "axp_checkout_2",
                 *       "like": "axp_test_pro"
                 *     }
                 */
                "application/json": components["schemas"]["KeyRequest"];
            };
        };
        responses: {
            /** @description Create a key modelled on an existing one and bind it to this world (idempotent). */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedKey"];
                };
            };
        };
    };
    keys_limits: {
        parameters: {
            query: {
                /** @example axp_test_free */
                key: string;
                api?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A key's limits: how much is used, how much is left, and when each resets. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LimitsView"];
                };
            };
        };
    };
    keys_put: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "key": "axp_test_free",
                 *       "tier": "pro"
                 *     }
                 */
                "application/json": components["schemas"]["TierRequest"];
            };
        };
        responses: {
            /** @description Give a key another tier or budget; its counters are kept. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LimitsView"];
                };
            };
        };
    };
    worlds_reset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Reset the world's records, counters, jobs, journal, webhooks, faults, answers and clock; scenarios stay. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorldView"];
                };
            };
        };
    };
    reports_verdict: {
        parameters: {
            query?: {
                slack?: number;
                elsewhere?: number;
                again?: number;
                few_waits?: number;
                quick?: number;
                steady_waits?: number;
                patient?: number;
                jitter?: number;
                storm?: number;
                storm_within?: number;
                polls_apart?: number;
                quick_polls?: number;
                last_polls?: number;
                last_calls?: number;
                tokens?: number;
                ignore?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the client did wrong in the exchanges of this world. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VerdictView"];
                };
            };
        };
    };
    reports_blocked_calls: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The blocked calls: those to hosts that are not emulated. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BlockedCallsView"];
                };
            };
        };
    };
    reports_summary: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A summary of the requests to this world. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SummaryView"];
                };
            };
        };
    };
    endpoint_mcp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "jsonrpc": "2.0",
                 *       "id": 1,
                 *       "method": "tools/list"
                 *     }
                 */
                "application/json": Record<string, unknown>;
            };
        };
        responses: {
            /** @description Speak MCP, the protocol by which agents call tools: one message of JSON-RPC. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, unknown>;
                };
            };
        };
    };
}
