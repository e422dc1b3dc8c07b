"""What the keys of the parts of API files mean, by model, as docs/scenarios.md says it; editors show it."""

from __future__ import annotations

from collections.abc import Mapping

API_KEYS: Mapping[str, Mapping[str, str]] = {
    "StepModel": {
        "put": "Write a record into this collection: `record`, under `id` or the record's own key.",
        "update": "Set fields of a record of this collection: `id`, `set`.",
        "append": ("Add to a list in a record of this collection: `id`, `field`, `values`. The last 1,000 are kept."),
        "upsert": "Set fields of a record, or write it if there is none: `id`, `set`.",
        "remove": "Remove a record from this collection: `id`.",
        "start": "Start a job of this kind: `id`, `items`, `data`, `result`.",
        "cancel": "Cancel the job with this id.",
        "id": "The id of the record or of the new job (a UUID by default).",
        "record": "For `put`: the whole record, a mapping.",
        "set": "For `update`: the fields to set, a mapping.",
        "field": "For `append`: the name of the list, `items` by default.",
        "values": "For `append`: a list of values, or one value.",
        "ttl": (
            "For `put`, `update` and `append`: the record is forgotten after this duration. `update` and "
            "`append` without it keep the expiry as it was."
        ),
        "missing": (
            "For `update`, `append`, `remove` and `cancel`: what happens if there is no such record or "
            "job. `fail`: the request is refused with the API's `not_found`; `skip`: nothing, and the "
            "name in `as` is absent; `create`: `update` and `append` write a new record. By default "
            "`fail`, for `remove` `skip`."
        ),
        "items": "For `start`: what the job works on, a list or a count.",
        "data": "For `start`: what the job remembers, a mapping.",
        "result": "For `start`: the result that the client gets when the job has ended.",
        "when": "An expression; the step runs if it is true.",
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
        "workspace": "The account that it belongs to. Jobs and, if rules say so, records belong to a workspace.",
        "tier": "Its plan.",
        "name": "Its name for people.",
        "status": "`active` (default) or `revoked`.",
        "data": "Anything; `caller.data` in templates.",
        "budget": "What the key may spend in all, by unit: `{credits: 0.05}`.",
    },
    "UnknownKeysModel": {
        "tier": "The plan of a key that is not registered.",
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
        "bucket": "How much it holds; it starts full.",
        "refill": "How fast it refills, steadily: `1/second`, `10/30s`.",
    },
    "JobsAtOnceModel": {
        "at_once": "How many jobs a caller may have under way.",
        "of": "The kind of job.",
    },
    "CredentialModel": {
        "header": "The header with the credential.",
        "scheme": "A word before it, such as `Bearer`.",
        "collection": (
            "The collection whose records know it, `keys` by default. A record needs `workspace` and `tier`."
        ),
        "claims": "The promises it serves.",
        "class": "What it is based on, if it has no claims.",
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
        "tries": "The promises that the example is about; the operation's by default.",
    },
    "TakenModel": {
        "from": "The operation of which an example is played before.",
        "example": "Which one, from 1; the first by default.",
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
            "takes precedence. Required."
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
            "More values below `error`. A `status` among them, or among the `data` of a reply, takes "
            "precedence over the kind's own."
        ),
        "retry": (
            "Whether the same request may succeed later, for the verdict on a client; by default as RFC "
            "9110 says of the status."
        ),
        "claims": "The promises it serves.",
    },
    "CollectionModel": {
        "from": "A file with a list of records.",
        "key": "The field that names a record, `id` by default.",
        "records": "Records, after those of the file.",
        "most": "How many records may be added, 10,000 by default; then the oldest goes.",
        "claims": "The promises it serves.",
    },
    "AnswerModel": {
        "messages": (
            "The conversation: a text, or a list of `{role, content}`. The last message of the role `user` is answered."
        ),
        "system": "The system prompt. It counts as input.",
        "text": (
            "A text to use instead of a canned or simulated one; null for none. It is counted and cut like any other."
        ),
        "max_tokens": (
            "The answer is cut after this many tokens: 0 or null sets no limit, a negative number leaves "
            "nothing of it; an object of JSON mode loses fields instead."
        ),
        "json": "True: the answer is a JSON object (JSON mode).",
        "stop": (
            "Texts before which the answer ends: a list, or one text. The earliest in the answer ends it, "
            "unless `max_tokens` does first; JSON mode ignores them."
        ),
        "canned": "Files of canned replies; the first match wins. Scenarios may put others before them.",
        "claims": "The promises it serves.",
    },
    "JobKindModel": {
        "timeline": (
            "States in order, each with the age at which it begins: a time, a number of polls, or both. "
            "With the last one the job has ended. `each` multiplies by the number of items."
        ),
        "cancel": "The same, from the moment when it is cancelled; `{cancelled: 0s}` by default.",
        "failed": "The state of a job that has failed, by a fault or by hand; `failed` by default.",
        "rows": "How its items are answered, if it has a list of them.",
        "polled": (
            "Which operation clients poll, and what shows that the job has ended. It changes no response; "
            "polls are counted by it, and the verdict uses it."
        ),
        "webhook": "The webhook that is sent when it ends.",
        "do": (
            "Steps that run when it has ended; `job` can be used in them. They change records only: "
            "`put`, `update`, `append`, `remove`."
        ),
        "most": "How many jobs are kept, 1,000 by default; then the oldest goes.",
        "claims": "The promises it serves.",
    },
    "RowModel": {
        "operation": (
            "The operation that answers an item. Its checks and rules apply; rules that stream are "
            "skipped. `usage` of its `let` is summed up in `job.usage`."
        ),
        "succeeded": (
            "An answered item in the results. `item`, `index` and `row` (`status`, `body`, `usage`) can be used."
        ),
        "errored": "A refused item in the results.",
        "cancelled": "An item that was not reached, in the results.",
    },
    "PolledModel": {
        "by": (
            "The operation that shows the job, with its id in the path. Each request to it that finds the "
            "job is a poll. Required."
        ),
        "until": (
            "What holds for the body of its response once the job has ended, as in when, but about fields "
            "of that body: `{status: [done, stopped]}`. Required."
        ),
    },
    "WebhookModel": {
        "url": (
            "The receiver's URL; if it is null, nothing is sent. Only addresses of this machine and of "
            "private networks (RFC 1918, RFC 4193) are called, and those that `--webhook-allow` names, "
            "such as `169.254.1.2`, Podman's name for the host; addresses where clouds hand out "
            "credentials never are."
        ),
        "secret": "The secret, `whsec_` and base64, of the signature (Standard Webhooks).",
        "body": "The JSON that is sent. `job` can be used.",
        "retries": "Delays before further attempts, until the receiver returns a 2xx or a 410.",
        "timeout": "How long the receiver may take, `15s` by default.",
        "claims": "The promises it serves.",
    },
}
