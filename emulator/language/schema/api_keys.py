"""What the keys of the parts of API files mean, by model, as docs/scenarios.md says it; editors show it."""

from __future__ import annotations

from collections.abc import Mapping

API_KEYS: Mapping[str, Mapping[str, str]] = {
    "StepModel": {
        "put": "Write a record into this collection: `record`, under `id` or the record's own key.",
        "update": "Set fields of a record of this collection: `id`, `set`.",
        "append": ("Add to a list in a record of this collection: `id`, `field`, `values`. The last 1,000 are kept."),
        "upsert": "Set fields of a record, or write it if there is none: `id`, `set`.",
        "remove": "Take a record out of this collection: `id`.",
        "start": "Start a job of this kind: `id`, `items`, `data`, `result`.",
        "cancel": "Cancel the job with this id.",
        "id": "The id of the record or of the new job (a UUID when left out).",
        "record": "For `put`: the whole record, a mapping.",
        "set": "For `update`: the fields to set, a mapping.",
        "field": "For `append`: the name of the list, `items` when left out.",
        "values": "For `append`: a list of values, or one value.",
        "ttl": (
            "For `put`, `update` and `append`: the record is forgotten after this duration. `update` and "
            "`append` without it leave the end as it was."
        ),
        "missing": (
            "For `update`, `append`, `remove` and `cancel`: what happens if there is no such record or "
            "job. `fail`: the request is refused with the API's `not_found`; `skip`: nothing, and the "
            "name in `as` is absent; `create`: `update` and `append` write a new record. By default "
            "`fail`, for `remove` `skip`."
        ),
        "items": "For `start`: what the job works on, a list or a count.",
        "data": "For `start`: what the job remembers, a mapping.",
        "result": "For `start`: what the job will have to say.",
        "when": "An expression; the step is done when it is true.",
        "as": "A name for the outcome: the record as written, or the job.",
    },
    "ExampleModel": {
        "operation": "The operation.",
        "path": "Values for the parameters of its path.",
        "headers": "Header lines.",
        "body": "A JSON body.",
    },
    "ClientModel": {
        "key": "The one of the API's keys that programs are given by `emulator run`.",
        "environment": (
            "Variables that make the service's own client call the emulator; `{{ url }}` is the emulator, "
            "`{{ base_url }}` that with the API's `base`, `{{ key }}` the key."
        ),
        "modules": (
            "The Python modules that read these variables once, when they are imported: a test that sets "
            "them later is warned."
        ),
        "spent": (
            "What an exchange would have cost, by unit: templates over `answer` (the body of the answer; "
            "of a stream, each event's data), `body`, `status`, `operation` and the API's collections. "
            "What can't be worked out counts nothing."
        ),
    },
    "ClaimModel": {
        "class": (
            "`documented`: the API's document says it. `inferred`: it is silent, a public client shows "
            "it. `invented`: nobody says it, so it is a guess."
        ),
        "says": "The promise, in a sentence.",
        "inferred": "Of a documented promise: the part that its document does not say in words.",
    },
    "KeyModel": {
        "workspace": "Whose it is. Jobs and, when rules care, records are a workspace's.",
        "tier": "Its plan.",
        "name": "Its name for people.",
        "status": "`active` (when left out) or `revoked`.",
        "data": "Anything; `caller.data` in templates.",
        "budget": "What the key may spend in all, by unit: `{credits: 0.05}`.",
    },
    "UnknownKeysModel": {
        "tier": "The plan of a key that nobody registered.",
        "workspace": "Its workspace; `{{ key }}` is the key.",
        "data": "Anything; `caller.data` in templates.",
    },
    "TierModel": {
        "limits": (
            "Counters: `60/minute`, `10/30s`, `60/minute sliding`, a bucket, jobs at once, or "
            "`unlimited`. All are checked, then all are charged; a refused request costs what `refused` "
            "says."
        ),
        "budget": "What each of its callers may spend in all, by unit: `{credits: 5}`.",
        "data": "Anything; `caller.plan` in templates.",
        "claims": "The promises it serves.",
    },
    "BucketModel": {
        "bucket": "How much it holds; it is full at first.",
        "refill": "How much flows back steadily: `1/second`, `10/30s`.",
    },
    "JobsAtOnceModel": {
        "at_once": "How many jobs a caller may have under way.",
        "of": "The kind of job.",
    },
    "CredentialModel": {
        "header": "The header with the credential.",
        "scheme": "A word before it, such as `Bearer`.",
        "collection": (
            "The collection whose records know it, `keys` when left out. A record needs `workspace` and `tier`."
        ),
        "claims": "The promises it serves.",
        "class": "Who knows of it, if no claim is about it.",
    },
    "PartModel": {
        "class": "`documented`, `inferred` or `invented`.",
        "claims": "The promises it serves.",
    },
    "CallModel": {
        "path": (
            "The path's parameters. `{from: OPERATION, at: data.0.id}` is what the answer to an example "
            "of that operation says there."
        ),
        "query": "The query's values.",
        "headers": "Header lines beside the key.",
        "body": "The body: JSON, or a form where the operation takes nothing else. Its templates see `now`.",
        "tries": "The promises that the example is about; the operation's when left out.",
    },
    "TakenModel": {
        "from": "The operation of which an example is played before.",
        "example": "Which one, from 1; the first when left out.",
        "at": "Where in its answer the value stands, `data.0.id`.",
    },
    "ErrorsModel": {
        "shape": ("The body of an error; `error` has what there is to say. By default `{error: {type, message}}`."),
        "headers": "Header lines of every error.",
        "kinds": "The kinds, by name. Those that the engine raises need not be named.",
        "claims": "The promises they serve.",
    },
    "ErrorKindModel": {
        "status": (
            "200 to 599, or a template that gives it. A `status` in `data`, the kind's or the reply's, "
            "goes before it. Required."
        ),
        "type": (
            "`error.type`: the API's own word for it, or a template that gives it. `error.reason` is what "
            "HTTP calls the status, such as `Conflict`; empty for one that has no name."
        ),
        "message": (
            "A template for `error.message`. Without it, `error.message` is what the rule or the engine "
            "says (`error.detail`), or `error.reason`, or else the name of the kind."
        ),
        "headers": "Header lines.",
        "body": "A body instead of the shape.",
        "data": (
            "More values below `error`. A `status` among them, or among the `data` of a reply, goes "
            "before the kind's own."
        ),
        "retry": (
            "Whether the same request may succeed later, for the verdict on a client; when left out, as "
            "RFC 9110 says of the status."
        ),
        "claims": "The promises it serves.",
    },
    "CollectionModel": {
        "from": "A file with a list of records.",
        "key": "The field that names a record, `id` when left out.",
        "records": "Records, after those of the file.",
        "most": "How many records may be added, 10,000 when left out; then the oldest goes.",
        "claims": "The promises it serves.",
    },
    "AnswerModel": {
        "messages": (
            "The conversation: a text, or a list of `{role, content}`. The last message of the role `user` is answered."
        ),
        "system": "The system prompt. It counts as input.",
        "text": (
            "A text that is given instead of a canned or simulated one; null for none. It is counted and "
            "cut like any other."
        ),
        "max_tokens": (
            "The answer is cut after so many tokens: 0 or null does not limit it, a negative number "
            "leaves nothing of it; an object of JSON mode loses fields instead."
        ),
        "json": "True: the answer is a JSON object.",
        "stop": (
            "Texts before which the answer ends: a list, or one text. The earliest in the answer ends it, "
            "unless `max_tokens` does before; JSON mode has none."
        ),
        "canned": "Files of canned replies; the first match wins. Scenarios may put others before them.",
        "claims": "The promises it serves.",
    },
    "JobKindModel": {
        "timeline": (
            "States in order, each with the age at which it begins: a time, a number of polls, or both. "
            "The last is the end. `each` stands for the number of items."
        ),
        "cancel": "The same, from the moment it is cancelled; `{cancelled: 0s}` when left out.",
        "failed": "The state in which a job ends that fails, by a fault or by hand; `failed` when left out.",
        "rows": "How its items are worked, when it has a list of them.",
        "polled": (
            "How a client learns of its end. Nothing is answered otherwise for it: the verdict on a "
            "client judges polling by it."
        ),
        "webhook": "Who gets a call when it ends.",
        "do": (
            "Steps that are run when it has ended, as it ended; `job` is in scope. They change records "
            "only: `put`, `update`, `append`, `remove`."
        ),
        "most": "How many jobs are kept, 1,000 when left out; then the oldest goes.",
        "claims": "The promises it serves.",
    },
    "RowModel": {
        "operation": (
            "The operation that answers an item. Its checks and rules hold; a rule that streams is passed "
            "over. What its `let` calls `usage` is summed up in `job.usage`."
        ),
        "succeeded": (
            "How an answered item looks in the results. `item`, `index` and `row` (`status`, `body`, "
            "`usage`) are in scope."
        ),
        "errored": "How a refused one looks.",
        "cancelled": "How one looks that was not reached.",
    },
    "PolledModel": {
        "by": (
            "The operation that shows the job; its path names it. Each of its requests that finds the job "
            "is a poll. Required."
        ),
        "until": (
            "What the body of its answer is like from the end on, as in when, but about fields of that "
            "body: `{status: [done, stopped]}`. Required."
        ),
    },
    "WebhookModel": {
        "url": (
            "Where to; nothing is sent when it is null. Only this machine and private networks (RFC 1918, "
            "RFC 4193) are called, and what `--webhook-allow` names, such as `169.254.1.2`, Podman's name "
            "for the host; addresses where clouds hand out credentials never are."
        ),
        "secret": "The secret, `whsec_` and base64, of the signature (Standard Webhooks).",
        "body": "The JSON that is sent. `job` is in scope.",
        "retries": "Waits before further tries, until a 2xx or a 410 is answered.",
        "timeout": "How long an answer may take, `15s` when left out.",
        "claims": "The promises it serves.",
    },
}
