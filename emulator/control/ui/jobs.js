// Jobs: what takes time, with its states past and to come; and the records that the world keeps, such as sessions.

import { control } from "./api.js";
import { button, facts, h, section, tag, visible } from "./dom.js";
import { tree } from "./json.js";
import { panel } from "./panels.js";
import { Poll } from "./poll.js";
import { clockTime, dateTime, duration } from "./units.js";

const SHOWN = 100;
const ENDS = [
  ["complete", "Finish now", "is finished"],
  ["cancel", "Cancel", "is cancelled"],
  ["fail", "Fail now", "has failed"],
];
let poll, records, problems;

panel({
  id: "jobs",
  title: "Jobs",
  mount(root) {
    const jobs = h("div"),
      kept = h("div");
    problems = h("div");
    root.append(problems, h("div.halves", jobs, kept));
    poll = new Poll(
      jobs,
      async () => {
        const [{ jobs: all }, { now }] = await Promise.all([control("GET", "/jobs"), control("GET", "/clock")]);
        return { all: all.sort((one, other) => other.started_at - one.started_at), now };
      },
      list,
    );
    records = new Poll(kept, () => control("GET", "/records", { query: { last: SHOWN } }), collections);
    return [poll, records];
  },
});

function list({ all, now }) {
  return section(
    `Jobs (${all.length})`,
    all.length
      ? all.slice(0, SHOWN).map((job) => card(job, now))
      : h("p.soft", "Nothing that takes time was started in this world: a batch, say, or an asynchronous run."),
    all.length > SHOWN ? h("p.soft", `The newest ${SHOWN} are shown.`) : null,
  );
}

function card(job, now) {
  const { id, counts } = job;
  const end = ([path, label, said]) => {
    const order = () => control("POST", `/jobs/${encodeURIComponent(id)}/${path}`);
    const work = () => poll.act(problems, order, `${id} ${said}`);
    return button(label, work, { class: "small", "data-key": `${id} ${path}`, "aria-label": `${label}: ${id}` });
  };
  return h(
    "article.card.job",
    h(
      "div.quota-head",
      h("span", h("b", visible(job.kind)), " ", h("code", visible(id)), seed(job)),
      tag(job.state, job.done ? "ok" : "open"),
    ),
    h("ol.history", { "aria-label": `History of ${id}` }, job.history.map((each) => step(each, now))),
    facts(
      ["API", visible(job.api)],
      ["Workspace", visible(job.workspace)],
      ["Items", counts.total > 0 && itemsOf(counts)],
      ["Faults", job.faults.length > 0 && job.faults.map((name) => tag(name, "cut"))],
    ),
    job.done
      ? null
      : h("div.actions", ENDS.filter(([path]) => path !== "cancel" || job.cancelled_at === null).map(end)),
  );
}

const seed = ({ seeded }) => (seeded ? h("span", { title: "No request has made it." }, " ", tag("seeded")) : null);

const itemsOf = ({ succeeded, errored, cancelled, processing }) =>
  `${succeeded} done, ${errored} failed, ${cancelled} cancelled, ${processing} to do`;

// A state that began, begins at a time, or begins with a poll to come.
function step({ state, at, polls }, now) {
  const begun = at !== null && at <= now;
  const when = at === null ? `with poll ${polls}` : begun ? clockTime(at) : `in ${duration(at - now)}`;
  return h(
    "li",
    { class: begun ? "" : "soft", title: at === null ? "" : dateTime(at) },
    h("span", { "aria-hidden": "true" }, begun ? "● " : "○ "),
    visible(state),
    " ",
    h("span.soft", when),
  );
}

function collections({ collections: all }) {
  const shown = all.filter(({ added }) => added.length);
  return section(
    "Records of this world",
    shown.length
      ? shown.map(({ api, name, count, added }) =>
          h(
            "details",
            { "data-key": `${api}/${name}`, open: shown.length === 1 },
            h("summary", `${visible(name)} `, h("span.soft", `${visible(api)}, ${count}`)),
            added.map((each) => {
              const id = h("code", visible(each.id));
              return h("div.record", id, seed(each), tree(each.record, null, "", 1));
            }),
          ),
        )
      : h("p.soft", "Requests have stored nothing yet, such as a session and its messages."),
  );
}
