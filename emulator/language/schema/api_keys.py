"""What the keys of the parts of API files mean, by model, as docs/ says it; editors show it."""

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
        "headers": "Headers.",
        "body": "A JSON body.",
    },
    "ClientModel": {
        "key": "The API key that `emulator run` gives to programs.",
        "environment": (
            "Variables that make the service's own client call the emulator: `{{ url }}` is the "
            "emulator's address, `{{ base_url }}` the same with the API's `base`, `{{ key }}` the key."
        ),
        "modules": (
            "The Python modules that read these variables only when they are imported; a test that sets "
            "them later gets a warning."
        ),
        "spent": (
            "What an exchange would have cost, by unit: templates over `answer` (the body of the "
            "response, or the data of each event of a stream), `body`, `status`, `operation` and the "
            "API's collections. A template that fails counts as nothing."
        ),
    },
    "ClaimModel": {
        "class": (
            "`documented`: the API's documentation says it. `inferred`: it doesn't, but a public client "
            "shows it. `invented`: nothing says it, so it is a guess."
        ),
        "says": "The claim, in one sentence.",
        "inferred": "For a documented claim: the part of it that the documentation does not state.",
    },
    "KeyModel": {
        "workspace": (
            "The account that it belongs to. Jobs belong to a workspace, and so do records if the rules say so."
        ),
        "tier": "Its plan.",
        "name": "Its name for people.",
        "status": "`active` (default) or `revoked`.",
        "data": "Any data; `caller.data` in templates.",
        "budget": "What the key may spend in all, by unit: `{credits: 0.05}`.",
    },
    "UnknownKeysModel": {
        "tier": "The plan of a key that is not registered.",
        "workspace": "Its workspace; `{{ key }}` is the key.",
        "data": "Any data; `caller.data` in templates.",
    },
    "TierModel": {
        "limits": (
            "Counters: `60/minute`, `10/30s`, `60/minute sliding`, a bucket, jobs at once, or "
            "`unlimited`. All are checked, then all are charged; a refused request costs what `refused` "
            "says."
        ),
        "budget": "What each of its callers may spend in all, by unit: `{credits: 5}`.",
        "data": "Any data; `caller.plan` in templates.",
        "claims": "The claims it serves.",
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
            "The collection with the valid credentials, `keys` by default. Each record needs `workspace` and `tier`."
        ),
        "claims": "The claims it serves.",
        "class": "What it is based on, if it has no claims.",
    },
    "PartModel": {
        "class": "`documented`, `inferred` or `invented`.",
        "claims": "The claims it serves.",
    },
    "CallModel": {
        "path": (
            "The path's parameters. `{from: OPERATION, at: data.0.id}` takes a value from the response to "
            "an example of that operation."
        ),
        "query": "The query's values.",
        "headers": "Headers besides the key.",
        "body": "The body: JSON, or a form if the operation accepts only that. Its templates can use `now`.",
        "tries": "The claims that the example is about; the operation's by default.",
    },
    "TakenModel": {
        "from": "The operation whose example is sent first.",
        "example": "Which one, from 1; the first by default.",
        "at": "The path of the value in its response, `data.0.id`.",
    },
    "ErrorsModel": {
        "shape": "The body of an error, a template over `error`. By default `{error: {type, message}}`.",
        "headers": "Headers of every error.",
        "kinds": "The kinds of error, by name. You need not name those that the engine raises.",
        "claims": "The claims they serve.",
    },
    "ErrorKindModel": {
        "status": (
            "200 to 599, or a template that gives it. A `status` in `data`, the kind's or the reply's, "
            "takes precedence. Required."
        ),
        "type": (
            "`error.type`: the API's own name for it, or a template. `error.reason` is HTTP's name for "
            "the status, such as `Conflict`; empty if it has none."
        ),
        "message": (
            "A template for `error.message`. Without it, `error.message` is the message of the rule or "
            "the engine (`error.detail`), or `error.reason`, or else the name of the kind."
        ),
        "headers": "Headers.",
        "body": "A body that replaces the shape.",
        "data": (
            "More values below `error`. A `status` here, or in the `data` of a reply, takes precedence "
            "over the kind's own."
        ),
        "retry": (
            "Whether the same request may succeed later, for the verdict on a client; by default what RFC "
            "9110 says about the status."
        ),
        "claims": "The claims it serves.",
    },
    "CollectionModel": {
        "from": "A file with a list of records.",
        "key": "The field with a record's id, `id` by default.",
        "records": "Further records, after those of the file.",
        "most": "How many records may be added, 10,000 by default; beyond that the oldest is dropped.",
        "claims": "The claims it serves.",
    },
    "AnswerModel": {
        "messages": (
            "The conversation: a text, or a list of `{role, content}`. The last message of the role `user` is answered."
        ),
        "system": "The system prompt. It counts towards the input tokens.",
        "text": (
            "A text to use instead of a canned or simulated one; null means none. It is counted and cut like any other."
        ),
        "max_tokens": (
            "The answer is cut after this many tokens: 0 or null means no limit, a negative number leaves "
            "no text; in JSON mode the object loses fields instead."
        ),
        "json": "True: the answer is a JSON object (JSON mode).",
        "stop": (
            "Stop sequences: a list, or one text. The answer ends before the first one that it contains, "
            "unless `max_tokens` cuts it earlier; JSON mode ignores them."
        ),
        "canned": "Files of canned replies; the first match is used. Those of scenarios take precedence.",
        "claims": "The claims it serves.",
    },
    "JobKindModel": {
        "timeline": (
            "The states in order, each with the age at which it begins: a duration, a number of polls, or "
            "both. The last state ends the job. `each` multiplies by the number of items."
        ),
        "cancel": "The same, counted from its cancellation; `{cancelled: 0s}` by default.",
        "failed": "The state of a job that has failed, by a fault or by hand; `failed` by default.",
        "rows": "How its items are processed, if it has a list of them.",
        "polled": (
            "Which operation clients poll, and what shows that the job has ended. It changes no response; "
            "it is used to count polls, and by the verdict."
        ),
        "webhook": "The webhook that is sent when it ends.",
        "do": (
            "Steps that run when it has ended; they can use `job`. They only change records: `put`, "
            "`update`, `append`, `remove`."
        ),
        "most": "How many jobs are kept, 1,000 by default; beyond that the oldest is dropped.",
        "claims": "The claims it serves.",
    },
    "RowModel": {
        "operation": (
            "The operation that processes an item. Its checks and rules apply; rules that stream are "
            "skipped. The `usage` in its `let` is added up in `job.usage`."
        ),
        "succeeded": (
            "The result of an item that succeeded. It can use `item`, `index` and `row` (`status`, `body`, `usage`)."
        ),
        "errored": "The result of an item that was refused.",
        "cancelled": "The result of an item that was not reached.",
    },
    "PolledModel": {
        "by": (
            "The operation that shows the job, with the job's id in its path. Each request to it that "
            "finds the job is a poll. Required."
        ),
        "until": (
            "A condition on the body of its response that holds once the job has ended, written as in "
            "when over the fields of that body: `{status: [done, stopped]}`. Required."
        ),
    },
    "WebhookModel": {
        "url": (
            "The receiver's URL; null sends nothing. Webhooks go only to this machine and private "
            "networks (RFC 1918, RFC 4193), and to addresses that `--webhook-allow` names, such as "
            "`169.254.1.2`, Podman's address for the host. They never go to addresses where clouds hand "
            "out credentials."
        ),
        "secret": "The secret that signs it, `whsec_` and base64 (Standard Webhooks).",
        "body": "The JSON that is sent; it can use `job`.",
        "retries": "The delays before further attempts, until the receiver returns a 2xx or a 410.",
        "timeout": "How long the receiver may take, `15s` by default.",
        "claims": "The claims it serves.",
    },
}
