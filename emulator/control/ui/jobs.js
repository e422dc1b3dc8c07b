// Jobs: what takes time, with its states past and to come; and the records that the world keeps, such as sessions.

import { control } from "./api.js";
import { button, facts, h, section, visible } from "./dom.js";
import { tree } from "./json.js";
import { panel } from "./panels.js";
import { Poll, act } from "./poll.js";
import { clockTime, dateTime, duration } from "./units.js";

const SHOWN = 100;
const ENDS = [["complete", "Finish now", "is finished"], ["cancel", "Cancel", "is cancelled"], ["fail", "Fail now", "has failed"]];
let poll, records, problems;

panel({
  id: "jobs",
  title: "Jobs",
  mount(root) {
    const jobs = h("div"), kept = h("div");
    problems = h("div");
    root.append(problems, h("div", { class: "halves" }, jobs, kept));
    poll = new Poll(jobs, async () => {
      const [{ jobs: all }, { now }] = await Promise.all([control("GET", "/jobs"), control("GET", "/clock")]);
      return { all: all.sort((one, other) => other.started_at - one.started_at), now };
    }, list);
    records = new Poll(kept, () => control("GET", "/records", { query: { last: SHOWN } }), collections);
  },
  show() { poll.start(); records.start(); },
  hide() { poll.stop(); records.stop(); },
});

function list({ all, now }) {
  return section(`Jobs (${all.length})`, all.length ? all.slice(0, SHOWN).map((job) => card(job, now)) : h("p", { class: "soft" }, "Nothing that takes time was started in this world: a batch, say, or an asynchronous run."),
    all.length > SHOWN ? h("p", { class: "soft" }, `The newest ${SHOWN} are shown.`) : null);
}

function card(job, now) {
  const { id, counts } = job;
  const end = ([path, label, said]) => {
    const work = () => act(problems, () => control("POST", `/jobs/${encodeURIComponent(id)}/${path}`), `${id} ${said}`).then(() => poll.refresh(true));
    return button(label, work, { class: "small", "data-key": `${id} ${path}`, "aria-label": `${label}: ${id}` });
  };
  return h("article", { class: "card job" }, h("div", { class: "quota-head" }, h("span", null, h("b", null, visible(job.kind)), " ", h("code", null, visible(id))),
    h("span", { class: "tag", "data-tone": job.done ? "ok" : "open" }, visible(job.state))),
  h("ol", { class: "history", "aria-label": `History of ${id}` }, job.history.map((each) => step(each, now))),
  facts(["API", visible(job.api)], ["Workspace", visible(job.workspace)], counts.total ? ["Items", `${counts.succeeded} done, ${counts.errored} failed, ${counts.cancelled} cancelled, ${counts.processing} to do`] : null,
    ["Faults", job.faults.length > 0 && job.faults.map((name) => h("span", { class: "tag", "data-tone": "cut" }, visible(name)))]),
  job.done ? null : h("div", { class: "actions" }, ENDS.filter(([path]) => path !== "cancel" || job.cancelled_at === null).map(end)));
}

// A state that began, begins at a time, or begins with a poll to come.
function step({ state, at, polls }, now) {
  const begun = at !== null && at <= now;
  const when = at === null ? `with poll ${polls}` : begun ? clockTime(at) : `in ${duration(at - now)}`;
  return h("li", { class: begun ? "" : "soft", title: at === null ? "" : dateTime(at) },
    h("span", { "aria-hidden": "true" }, begun ? "● " : "○ "), visible(state), " ", h("span", { class: "soft" }, when));
}

function collections({ collections: all }) {
  const shown = all.filter(({ added }) => added.length);
  return section("Records of this world", shown.length ? shown.map(({ api, name, count, added }) => h("details", { "data-key": `${api}/${name}`, open: shown.length === 1 },
    h("summary", null, `${visible(name)} `, h("span", { class: "soft" }, `${visible(api)}, ${count}`)), added.map(({ id, record }) => h("div", { class: "record" }, h("code", null, visible(id)), tree(record, null, "", 1)))))
    : h("p", { class: "soft" }, "Requests have stored nothing yet, such as a session and its messages."));
}
