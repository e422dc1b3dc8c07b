"""What the keys of scenarios, rules and operations mean, by model, as docs/ says it; editors show it."""

from __future__ import annotations

from collections.abc import Mapping

SCENARIO_KEYS: Mapping[str, Mapping[str, str]] = {
    "ScenarioFile": {
        "scenario": "Its name. Required.",
        "about": "One sentence.",
        "extends": (
            "Another scenario: one that comes with the emulator, or a file, by its path from this one. "
            "This file changes only what it names."
        ),
        "apis": ("The APIs that are served, each with its changes or with nothing. Those of `extends` are served too."),
        "latency": "How long responses take. By default no time.",
        "answers": "What models, agents and batches answer to certain prompts.",
        "rules": "Rules that are tried before the APIs' own.",
        "expect": "Which requests must have come by the end.",
    },
    "OverrideModel": {
        "switches": "Guesses that are decided otherwise: the name of the switch and one of its choices.",
        "keys": "More keys, or other entries for known ones.",
        "unknown_keys": "How a key that is not registered is treated: `{tier, workspace, data}`, or `refuse`.",
        "unknown_fields": "`ignore`, `hint` or `refuse`, as in the API file.",
        "tiers": (
            "Tiers: the limits and the keys of `data` that are named replace the API's, one by one. A "
            "tier may be new if a key is on it."
        ),
        "errors": (
            "`shape`, `headers` and `kinds`, as under errors. Fields of a kind replace those of the "
            "API's, headers and `data` one by one (null removes a header); a new kind needs a `status`."
        ),
        "limit_headers": "Headers that extend or replace the API's `limit_headers`; null removes one.",
        "jobs": "By kind of job: when each state begins. States that are not named stay as they are.",
        "collections": (
            "By collection: a list of records, added to those of the API. One with a known id replaces "
            "it; `{$from: FILE}` stands for the records of a fixture. Or a new collection, as under "
            "collection: `{words: {records: [{id: hello}]}}`."
        ),
        "statistics": "A fixture of usage that happened before the emulator started, instead of the API's.",
        "canned": (
            "By answer: files of canned replies, which take precedence over those of the API and of "
            "scenarios that this one extends."
        ),
    },
    "LatencyModel": {
        "reply": "The delay before a response that is neither a stream nor an error.",
        "first_token": "The delay before the first paced event of a stream.",
        "token": "The delay between two paced events.",
    },
    "CannedAnswerModel": {
        "prompt": "A whole prompt, or a list of them; case, spacing and punctuation at the ends are ignored.",
        "contains": (
            "A text that the prompt contains, or a list of which it contains one; case and spacing are ignored."
        ),
        "matches": "A regular expression that is found in the prompt, on one line; case is ignored.",
        "on": (
            "As in rules: the operation, `messages.create`; with `*`, `messages.*`; of one API, `NAME/*`; "
            "a list of those; nothing for all that generate text."
        ),
        "answer": (
            "The answer: a template that may use `prompt` (its text), `topic`, `groups` and `named` (of "
            "`matches`), `earlier`, `previous`, `earlier_topic` and `heard`, as canned replies may, and "
            "`body`, `caller`, `header` and `now`, as rules may."
        ),
        "json": (
            "The object for JSON mode. By default the answer, if it is the text of a JSON object, else an "
            'object with the keys that the prompt names, else `{"answer": text}`. Without `answer`, it is '
            "the text of the answer, too."
        ),
    },
    "RuleModel": {
        "name": "Its name in near misses and reports; its counters are kept under it.",
        "on": (
            "In scenarios only: the operation, `messages.create`; with `*`, `messages.*`; of one API, "
            "`NAME/*`; a list of those; nothing for all."
        ),
        "when": "The condition. Without it, the rule always matches.",
        "unchecked": (
            "`true`: a request that it matches is not refused by the operation's schemas and checks; one "
            "that they would refuse is not charged either. Recorded rules need this, because they may "
            "concern what this emulator does not know."
        ),
        "let": "Names for `do`, `reply`. They are evaluated when first used; `when` can't use them.",
        "do": "Steps that change state before the reply.",
        "reply": "What is sent.",
        "replies": "Several replies, up to 1,000: each request gets the next one, or one drawn at random.",
        "then": (
            "What follows the last of `replies`: `stay` (default) gives the last one again and again; "
            "`repeat` starts over; `next` leaves it to the rules below."
        ),
        "fault": "What goes wrong.",
        "claims": "In API files: ids of the claims that the rule serves.",
        "class": "`documented`, `inferred` or `invented`: what the rule is based on, if it has no claims.",
    },
    "ExpectModel": {
        "on": (
            "The operation, `batch.create`; with `*`, `batch.*`; of one API, `NAME/*`; a list of those; "
            "nothing for all."
        ),
        "when": "Which exchanges count; all by default.",
        "times": (
            "How many there must be: a number, `never`, or bounds such as `{gte: 1, lte: 3}` (`gt`, "
            "`gte`, `lt`, `lte`). At least one by default."
        ),
        "in_order": (
            "Instead: requests that come in this order; others may come between. Each is an operation as "
            "in `on`, or `{on, when}`."
        ),
        "spent": (
            "Instead: how much such exchanges may spend in all, by unit: `{USD: {lte: 0.10}, tokens: "
            "{lte: 20000}}`; a number alone means exactly that much. `on` and `when` may be given too."
        ),
        "rules": (
            "Instead: the names of rules of this file that must have answered, or `all` for every rule "
            "with a `name`. A rule that only adds faults has answered when one of them has played."
        ),
    },
    "OrderedModel": {
        "on": "The operation, as above. Required.",
        "when": (
            "Which exchanges fit. Names that are known only when a response has ended can't be used here: "
            "`outcome`, `took`, `events_sent`, `bytes_sent`."
        ),
    },
    "ReplyModel": {
        "answer": (
            "In scenarios only, and with nothing but `json` beside it: the answer, in the shape that the "
            "API's own rules give it. A template that can use the same names as `reply`."
        ),
        "json": "With `answer`, or alone: the object for JSON mode.",
        "status": "200 by default; may be a template. With `error`, instead of the kind's own.",
        "headers": (
            "Headers. They replace those of the same name from the operation, the API or the error, and "
            "those that the emulator adds to every response (`Date`, the limit headers, `X-Emulator-…`); "
            "null leaves a header out."
        ),
        "body": (
            "JSON: a tree of templates; or `{$from: answer.json}`, the unchanged content of that file, "
            "which is in the scenario's folder or below."
        ),
        "text": "Plain text; or `{$from: page.html}`, likewise.",
        "lines": "A list; each item is sent as one line of JSON (`application/x-ndjson`).",
        "stream": "Server-sent events.",
        "error": (
            "A kind of the API's errors, with its status, headers and shape. `rate_limited` knows when to "
            "retry from the caller's counters."
        ),
        "message": "With `error`: its message, instead of the kind's own.",
        "param": "With `error`: the field that it is about.",
        "data": (
            "With `error`: more values below `error` in the shape, such as `{allow: POST}`; `{status: "
            "475}` sets the status."
        ),
        "share": "In `replies`: the weight of this one in the random draw.",
        "times": "In `replies` in order: how many requests in a row get this one; 1 by default.",
        "class": "What its shape is based on, if it has no claims.",
    },
    "StreamModel": {
        "events": "The events, in order.",
        "pace": "When paced events are sent. By default as the scenario's latency says.",
    },
    "EventModel": {
        "event": "The name in its `event:` line.",
        "id": "The text of its `id:` line.",
        "data": "Its data, as JSON in one line.",
        "text": "Instead of `data`: its data as it is, such as `[DONE]`.",
        "$each": (
            "A list: one event for each item. These events are the paced ones; the others are sent "
            "together with the one before, unless they have a `wait`."
        ),
        "wait": (
            "A latency of this event's own, after the one before or after the response began. With "
            "`$each` it applies before each item, instead of the pace."
        ),
        "as": "The name of the item, `item` by default.",
        "$if": (
            "If it is false, the event is not sent. With `$each` it is evaluated for each item; one that "
            "is skipped takes no time."
        ),
    },
    "PaceModel": {
        "first": "The latency before the first paced event.",
        "each": "The latency between two of them.",
        "speed": "A number: divides the latency between two events, wherever that comes from.",
    },
    "ApiFile": {
        "api": "Its name, which is its file's name. Required.",
        "title": "Its name for people. Required.",
        "version": "Its version, a text. Required.",
        "about": "One sentence.",
        "hosts": "The service's host names. A request whose `Host` is one of them sees this API only.",
        "base": "What all paths begin with, such as `/v2`.",
        "claims": "What is known about the API, one statement each, by id.",
        "serves": "Ids of the claims that the file as a whole serves.",
        "provenance": "What `headers`, `limit_headers` and `unknown_keys` are based on: `{class, claims}` each.",
        "switches": "Choices where the documentation leaves room; a scenario can make another.",
        "keys": "The keys that exist from the start.",
        "unknown_keys": (
            "How a key that is not registered is treated: `{tier, workspace, data}`, or `refuse` (default)."
        ),
        "key_prefix": (
            "The prefix of this API's keys. Where a path is `shared`, a key with this prefix selects this API."
        ),
        "unknown_fields": (
            "How to treat a field that the schema of a body or a query does not name, at any depth: "
            "`ignore` (default) accepts it, `hint` accepts it and names it in the header "
            "`X-Emulator-Hint` (and `page` then never reports that there is more), `refuse` returns the "
            "error `invalid`."
        ),
        "tiers": "The plans.",
        "limits_per": "Who shares counters: `workspace` (default) or `key`.",
        "auth": "Where a credential may be sent; tried in order.",
        "max_body": (
            "The largest body that an operation accepts, unless it sets its own: a number of bytes, or a "
            "size such as `64 KiB`; `8 MiB` by default. `--max-body` overrides it."
        ),
        "cost": "What a request costs, by counter: numbers or templates. An operation can set its own.",
        "refused": (
            "What a request costs, by counter, if its schema, a check or a rule refuses it with a 4xx. "
            "Nothing by default. A request that a limit or a fault refuses costs nothing, and neither "
            "does a 5xx."
        ),
        "headers": "Headers of every response.",
        "limit_headers": (
            "Headers of every response to a caller who has limits; null leaves one out, and so does a "
            "value that is missing. A rule's or an error's own header of the same name takes precedence."
        ),
        "errors": "The error responses.",
        "schemas": "JSON Schemas, which others refer to as `#/schemas/NAME`.",
        "collections": "The records it stores.",
        "statistics": "A fixture of usage that happened before the emulator started.",
        "answers": "How text is generated.",
        "jobs": "The work that takes time.",
        "example": "A request that the server prints at startup.",
        "client": "How programs find the emulator, and what their calls would cost.",
        "operations": "The operations. Required.",
    },
    "SwitchModel": {
        "default": "The choice, unless a scenario makes another.",
        "choices": "All choices.",
        "about": "What it decides.",
        "claims": "The claims it interprets.",
    },
    "OperationModel": {
        "route": (
            "Method and path: `GET /words/{id}`. `{id}` is one segment, `{id:path}` may contain slashes. Required."
        ),
        "aliases": "More methods and paths for the same operation.",
        "host": ("One of the API's hosts. A request whose `Host` is another of them does not find the operation."),
        "shared": (
            "`true`: another API may have this path too. If the `Host` doesn't select one, a key that "
            "only one of them knows does; otherwise the other API answers."
        ),
        "summary": "One sentence.",
        "class": (
            "What its route is based on: `documented`, `inferred` or `invented`, as under claims. Claims "
            "that it cites can't raise this."
        ),
        "claims": "The claims it serves.",
        "auth": "`false`: no key is needed. An API without `auth` needs no keys at all.",
        "accept": "The kinds of body: `json` (default), `form`, `text` (JSON sent as text/plain).",
        "max_body": "The largest body that it accepts, instead of the API's.",
        "request": (
            "A JSON Schema (2020-12) of the body. Without it the body is not read. Defaults of the top "
            "level are filled in. A body nested deeper than 200 levels is refused. The error names the "
            "field, then the reason in plain words (`temperature: must be from 0 to 1; found 2`). For a "
            '`pattern` or a `not`, put the reason in `must` beside it: `{pattern: "^https?://", must: be '
            "an http or https URL}`."
        ),
        "query": (
            "A JSON Schema of the query; values are converted to its types first. A parameter of type "
            "`array` may be repeated. Any other parameter that is repeated is `invalid`, with its name in "
            "`error.param`, even without a schema."
        ),
        "let": "Names for everything below; evaluated when first used, at most once per request.",
        "answer": "The answer that its templates use as `answer`.",
        "checks": "Conditions that a schema can't express. A refusal costs the API's `refused`.",
        "cost": (
            "What it costs, by counter, instead of the API's `cost`: numbers or templates. The name of a "
            "kind of job means the limits of such jobs at once."
        ),
        "settle": (
            "What it actually cost, by counter; the difference is charged or given back. An error "
            "response costs the API's `refused`, whatever refused it."
        ),
        "usage": "What it adds to the statistics.",
        "redact": (
            "Fields of the body, the query and the response that the journal masks; headers with "
            "credentials are always masked."
        ),
        "errors": ("Kinds of error that this operation returns as another kind: `{invalid: oauth_invalid_request}`."),
        "headers": "Headers of its responses.",
        "examples": (
            "Documented requests, which `emulator verify` sends. Without any, it sends the smallest valid body."
        ),
        "rules": "Its responses. Required.",
    },
    "AliasModel": {
        "route": "Method and path.",
        "host": "As above; the operation's by default.",
        "claims": "The claims it serves.",
    },
    "CheckModel": {
        "when": "As in a rule, without counters.",
        "error": "The kind of error.",
        "message": "Its message.",
        "param": "The field it is about.",
        "claims": "The claims it serves.",
        "class": "What it is based on, if no claim covers it.",
    },
    "UsageModel": {
        "asset": "What was used; null records nothing.",
        "tokens": "How many tokens; 0 by default. An error uses none.",
        "latency_ms": (
            "How long it took; 0 by default. For a refused request it is the time until its response, on "
            "the world's clock."
        ),
        "ok": ("Whether a response below 400 counts as a success; by default it does. A failure uses no tokens."),
        "claims": "The claims it serves.",
    },
}
