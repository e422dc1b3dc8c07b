"""What the keys of scenarios, rules and operations mean, by model, as docs/scenarios.md says it; editors show it."""

from __future__ import annotations

from collections.abc import Mapping

SCENARIO_KEYS: Mapping[str, Mapping[str, str]] = {
    "ScenarioFile": {
        "scenario": "Its name. Required.",
        "about": "One sentence.",
        "extends": (
            "Another scenario: one that comes with the emulator, or a file, by its path from this one. "
            "Everything of it holds unless this file says otherwise."
        ),
        "apis": (
            "The APIs that are served, each with what is changed in it or with nothing. Those of "
            "`extends` are served too."
        ),
        "latency": "How long answers take. Without it: no time.",
        "answers": "What models, agents and batches say to certain prompts.",
        "rules": "Rules that stand before the APIs' own.",
        "expect": "What must have been asked in the end.",
    },
    "OverrideModel": {
        "switches": "Guesses that are turned: the name of the switch and one of its choices.",
        "keys": "More keys, or other entries for known ones.",
        "unknown_keys": "Who a key is that nobody registered: `{tier, workspace, data}`, or `refuse`.",
        "unknown_fields": "`ignore`, `hint` or `refuse`, as in the API file.",
        "tiers": (
            "Tiers: the limits and the keys of `data` that are named replace the API's, one by one. A "
            "tier may be new if a key is on it."
        ),
        "errors": (
            "`shape`, `headers` and `kinds`, as under errors. What a kind names replaces that field of "
            "the API's, header lines and `data` one by one (null leaves a line out); a new kind needs a "
            "`status`."
        ),
        "limit_headers": "Header lines beside or instead of the API's `limit_headers`; null leaves one out.",
        "jobs": "By kind of job: when each state begins. States that are not named stay.",
        "collections": (
            "By collection: a list of records, added to those of the API. One with a known id replaces "
            "it; `{$from: FILE}` stands for the records of a fixture. Or a new collection, as under "
            "collection: `{words: {records: [{id: hello}]}}`."
        ),
        "statistics": "A fixture of usage that happened before the emulator started, instead of the API's.",
        "canned": ("By answer: files of canned replies, which go before those of the API and of scenarios further up."),
    },
    "LatencyModel": {
        "reply": "Before an answer that is no stream and no error.",
        "first_token": "Before the first paced event of a stream.",
        "token": "Between two paced events.",
    },
    "CannedAnswerModel": {
        "prompt": "Whole prompts, one or several; case, spacing and punctuation at the ends do not count.",
        "contains": (
            "A text that the prompt has in it, or a list of texts of which it has one; case and spacing do not count."
        ),
        "matches": "A regular expression that is found in the prompt, on one line; case does not count.",
        "on": (
            "As in rules: the operation, `messages.create`; with `*`, `messages.*`; of one API, `NAME/*`; "
            "a list of those; nothing for all that generate text."
        ),
        "answer": (
            "What is said: a template that may use `prompt` (its text), `topic`, `groups` and `named` (of "
            "`matches`), `earlier`, `previous`, `earlier_topic` and `heard`, as canned replies may, and "
            "`body`, `caller`, `header` and `now`, as rules may."
        ),
        "json": (
            "The object of JSON mode. Without it, that is the answer if it is the text of a JSON object, "
            'else the keys that the prompt names, else `{"answer": text}`. Without `answer`, it is said '
            "as text, too."
        ),
    },
    "RuleModel": {
        "name": "What near misses call it, and what its counters are kept under.",
        "on": (
            "In scenarios only: the operation, `messages.create`; with `*`, `messages.*`; of one API, "
            "`NAME/*`; a list of those; nothing for all."
        ),
        "when": "What must hold. Nothing: it always matches.",
        "unchecked": (
            "`true`: a request that it matches is not refused by the operation's schemas and checks; one "
            "that they would refuse is not charged either. What is recorded needs that: it may be about "
            "what this emulator does not know."
        ),
        "let": "Names for `do`, `reply`. They are worked out when first used; `when` does not see them.",
        "do": "Steps that change state before the reply.",
        "reply": "What is sent.",
        "replies": (
            "Several of those, up to 1,000: one request after the other gets the next, or each gets one by lot."
        ),
        "then": (
            "What follows the last of `replies`: `stay`, when left out: it is given again and again; "
            "`repeat`: they begin anew; `next`: the rules below answer."
        ),
        "fault": "How that goes wrong.",
        "claims": "In API files: ids of the promises that the rule serves.",
        "class": ("`documented`, `inferred` or `invented`: who knows of what the rule does, if no claim is about it."),
    },
    "ExpectModel": {
        "on": (
            "The operation, `batch.create`; with `*`, `batch.*`; of one API, `NAME/*`; a list of those; "
            "nothing for all."
        ),
        "when": "What an exchange must be like to count. Nothing: all count.",
        "times": (
            "How many such exchanges come: a number, `never`, or bounds such as `{gte: 1, lte: 3}` (`gt`, "
            "`gte`, `lt`, `lte`). At least one when left out."
        ),
        "in_order": (
            "Instead: requests that come one after another, others may stand between. Each is an "
            "operation as in `on`, or `{on, when}`."
        ),
        "spent": (
            "Instead: bounds of what such exchanges spend in all, by unit: `{USD: {lte: 0.10}, tokens: "
            "{lte: 20000}}`. `on` and `when` may stand beside it."
        ),
        "rules": (
            "Instead: `all`, and each rule of this file that has a `name` must have answered; or a list "
            "of such names. A rule that only adds faults has answered when one of them has played."
        ),
    },
    "OrderedModel": {
        "on": "The operation, as above. Required.",
        "when": (
            "What its exchange must be like. What is known only when a response has ended can't be asked "
            "here: `outcome`, `took`, `events_sent`, `bytes_sent`."
        ),
    },
    "ReplyModel": {
        "answer": (
            "In scenarios only, and nothing but `json` beside it: what is said, in the shape that the "
            "API's own rules give it. A template that sees what `reply` sees."
        ),
        "json": "With `answer`, or alone: the object of JSON mode.",
        "status": "200 when left out; may be a template. With `error`, instead of the kind's own.",
        "headers": (
            "Headers. They replace those of the same name from the operation, the API or the error, and "
            "those that the emulator adds to every response (`Date`, the limit headers, `X-Emulator-…`); "
            "null leaves a header out."
        ),
        "body": (
            "JSON: a tree of templates; or `{$from: answer.json}`, which is what stands in that file "
            "beside the scenario or below, as it stands."
        ),
        "text": "Plain text; or `{$from: page.html}`, likewise.",
        "lines": "A list, each item of which is sent as one line of JSON (`application/x-ndjson`).",
        "stream": "Server-sent events.",
        "error": (
            "A kind of the API's errors, with its status, headers and shape. `rate_limited` knows when to "
            "retry from the caller's counters."
        ),
        "message": "With `error`: what it says, instead of the kind's own words.",
        "param": "With `error`: the field it is about.",
        "data": (
            "With `error`: more values below `error` in the shape, such as `{allow: POST}`; `{status: "
            "475}` answers with that status."
        ),
        "share": "In `replies`: how many of all the lots this one has.",
        "times": "In `replies` in order: how many requests in a row get this one; 1 when left out.",
        "class": "Who knows of its shape, if no claim is about it.",
    },
    "StreamModel": {
        "events": "The events, in order.",
        "pace": "When paced events leave. Without it, as the scenario's latency says.",
    },
    "EventModel": {
        "event": "The name in its `event:` line.",
        "id": "The text of its `id:` line.",
        "data": "Its data, as JSON in one line.",
        "text": "Instead of `data`: its data as it is, such as `[DONE]`.",
        "$each": (
            "A list: one event for each item. These events are the paced ones; the others leave together "
            "with the one before,"
        ),
        "wait": (
            "unless they have this: a latency of their own after the one before, or after the answer "
            "began. With `$each` it goes before each item, instead of the pace."
        ),
        "as": "The name of the item, `item` when left out.",
        "$if": (
            "Without it or when true, the event is sent. With `$each` it is asked for each item; one that "
            "is passed over takes no time."
        ),
    },
    "PaceModel": {
        "first": "The latency before the first paced event.",
        "each": "The latency between two.",
        "speed": "A number: between two, the stream is so many times as fast, whatever says the latency.",
    },
    "ApiFile": {
        "api": "Its name, which is its file's name. Required.",
        "title": "Its name for people. Required.",
        "version": "Its version, a text. Required.",
        "about": "One sentence.",
        "hosts": "The service's host names. A request whose `Host` is one of them sees this API only.",
        "base": "What all paths begin with, such as `/v2`.",
        "claims": "The promises it serves, by id.",
        "serves": "Ids of the promises that the file as a whole serves.",
        "provenance": "What `headers`, `limit_headers` and `unknown_keys` rest on: `{class, claims}` each.",
        "switches": "Guesses that a scenario can turn.",
        "keys": "The keys that are known from the start.",
        "unknown_keys": "Who a key is that nobody registered, or `refuse`, which is what happens when it is left out.",
        "key_prefix": "What keys of this API begin with: it takes such a key for its own where a path is `shared`.",
        "unknown_fields": (
            "What a field means that the schema of a body or a query does not name, however deep: "
            "`ignore` (when left out) takes it in silence, `hint` names it in the header "
            "`X-Emulator-Hint` (and lets no list that `page` makes have more), `refuse` answers "
            "`invalid`."
        ),
        "tiers": "The plans.",
        "limits_per": "Who shares counters: `workspace` (when left out) or `key`.",
        "auth": "Where a credential may stand; tried in order.",
        "max_body": (
            "The largest body that an operation takes, unless it says otherwise: a number of bytes, or a "
            "size such as `64 KiB`; `8 MiB` when left out. `--max-body` replaces it."
        ),
        "cost": "What a request costs, by counter, unless its operation says otherwise: numbers or templates.",
        "refused": (
            "What a request costs, by counter, that is refused for what it says: with a 4xx by its "
            "schema, a check or a rule. Nothing when left out. What a limit or a fault refuses costs "
            "nothing, and nor does a 5xx."
        ),
        "headers": "Header lines of every answer.",
        "limit_headers": (
            "Headers of every response to a caller who has limits; null leaves one out, and so does a "
            "value that is missing. A rule's or an error's own header of the same name takes precedence."
        ),
        "errors": "How it says no.",
        "schemas": "JSON Schemas that others refer to as `#/schemas/NAME`.",
        "collections": "What it knows.",
        "statistics": "A fixture of usage that happened before the emulator started.",
        "answers": "What is generated.",
        "jobs": "What takes time.",
        "example": "A request that the server prints when it starts.",
        "client": "How programs are pointed here, and what their calls would cost.",
        "operations": "What it does. Required.",
    },
    "SwitchModel": {
        "default": "What holds unless a scenario says otherwise.",
        "choices": "Everything it can be.",
        "about": "What it decides.",
        "claims": "The promises it interprets.",
    },
    "OperationModel": {
        "route": ("Method and path: `GET /words/{id}`. `{id}` is one segment, `{id:path}` may hold slashes. Required."),
        "aliases": "More methods and paths for the same operation.",
        "host": ("One of the API's hosts: a request whose `Host` is another of them does not find the operation."),
        "shared": (
            "`true`: another API may have this path, too. Where the host does not say which is meant, a "
            "key that only one of them knows does, and else the other API answers."
        ),
        "summary": "One sentence.",
        "class": (
            "Who knows of its route: `documented`, `inferred` or `invented`, as under claims. Whatever it "
            "cites counts for no more than this."
        ),
        "claims": "The promises it serves.",
        "auth": "`false`: no key is needed. An API without `auth` needs none at all.",
        "accept": "Kinds of body: `json` (when left out), `form`, `text` (JSON sent as text/plain).",
        "max_body": "The largest body that it takes, instead of the API's.",
        "request": (
            "A JSON Schema (2020-12) of the body. Without it the body is not read. Defaults of the top "
            "level are filled in. A body nested deeper than 200 levels is refused. A refusal names the "
            "field, then the reason in plain words (`temperature: must be from 0 to 1; found 2`). What a "
            "`pattern` or a `not` asks for can't be guessed: say it with `must` beside it, as in "
            '`{pattern: "^https?://", must: be an http or https URL}`.'
        ),
        "query": (
            "A JSON Schema of the query; values are converted to its types first. A parameter whose type "
            "is `array` may come several times; any other that does is `invalid`, named in `error.param`, "
            "with or without a schema."
        ),
        "let": "Names for everything below; worked out when first used, at most once a request.",
        "answer": "The answer that `answer` stands for in its templates.",
        "checks": "What a schema can't say. A refusal here costs what the API's `refused` says.",
        "cost": (
            "What it costs, by counter, instead of the API's `cost`: numbers or templates. A kind of job "
            "stands for the limits of such jobs at once."
        ),
        "settle": (
            "What it cost in the end, by counter; the difference is charged or given back. An answer that "
            "is an error costs what the API's `refused` says, whoever refuses."
        ),
        "usage": "What it adds to the statistics.",
        "redact": (
            "Fields of body, query and answer that the journal must not keep; headers with credentials "
            "are masked anyway."
        ),
        "errors": (
            "Kinds of error that this operation says in another kind's words: `{invalid: oauth_invalid_request}`."
        ),
        "headers": "Header lines of its answers.",
        "examples": "Documented requests, which `emulator verify` plays. Without any, the smallest valid body is.",
        "rules": "What it answers. Required.",
    },
    "AliasModel": {
        "route": "Method and path.",
        "host": "As above; the operation's when left out.",
        "claims": "The promises it serves.",
    },
    "CheckModel": {
        "when": "As in a rule, without counters.",
        "error": "The kind of error.",
        "message": "What it says.",
        "param": "The field it is about.",
        "claims": "The promises it serves.",
        "class": "Who knows of it, if no claim is about it.",
    },
    "UsageModel": {
        "asset": "What was used; nothing is recorded when it is null.",
        "tokens": "How many tokens; 0 when left out. An error takes none.",
        "latency_ms": (
            "How long it took; 0 when left out. A refused request took the time until its response, on the clock."
        ),
        "ok": ("Whether an answer below 400 counts as a success; it does when left out. A failure takes no tokens."),
        "claims": "The promises it serves.",
    },
}
