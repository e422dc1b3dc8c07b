// What a panel shows of the server, asked again while it is shown, and what its buttons do.

import { button, fill, problem, toast } from "./dom.js";
import { unpressed } from "./press.js";
import { listen } from "./state.js";

const EVERY = 1000; // milliseconds between two looks

/** Keeps `root` filled with what `draw` makes of what `load` returns. It is drawn again only when it has changed. */
export class Poll {
  constructor(root, load, draw, every = EVERY) {
    Object.assign(this, { root, load, draw, every, on: false });
    document.addEventListener("visibilitychange", () => this.refresh());
    listen((changed) => {
      if (changed("world")) this.refresh(true);
    });
  }

  /** Does something as `act` does, and shows what became of it. */
  async act(...order) {
    const done = await act(...order);
    this.refresh(true);
    return done;
  }

  start() {
    this.on = true;
    this.refresh();
  }

  stop() {
    this.on = false;
    clearTimeout(this.timer);
  }

  /** Asks at once; `force` draws even what is the same, or is in use. */
  async refresh(force = false) {
    clearTimeout(this.timer);
    if (!this.on || document.hidden) return;
    const turn = (this.turn = {});
    const { drawn, failed } = await this.load().then((value) => ({ drawn: value }), (error) => ({ failed: error }));
    unpressed(() => turn === this.turn && this.show(drawn, failed, force));
  }

  show(drawn, failed, force) {
    const known = failed ? failed.message : JSON.stringify(drawn);
    const typing =
      this.root.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, .danger");
    if (force || (known !== this.known && !typing)) {
      this.known = known;
      keeping(this.root, () => fill(this.root, failed ? problem(failed) : this.draw(drawn)));
    }
    clearTimeout(this.timer);
    if (this.on) this.timer = setTimeout(() => this.refresh(), this.every);
  }
}

/** Draws again without losing the focus and what is unfolded: elements are known by `data-key`. */
function keeping(root, work) {
  const focused = root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const folds = new Map([...root.querySelectorAll("details[data-key]")].map((each) => [each.dataset.key, each.open]));
  work();
  for (const each of root.querySelectorAll("[data-key]")) {
    if (folds.has(each.dataset.key)) each.open = folds.get(each.dataset.key);
    if (each.dataset.key === focused) each.focus();
  }
}

/** Does something, says what came of it, and shows in `place` why it failed. Returns whether it was done. */
export async function act(place, work, done) {
  try {
    const result = await work();
    fill(place);
    if (done) toast(typeof done === "function" ? done(result) : done);
    return true;
  } catch (error) {
    fill(place, problem(error));
    return false;
  }
}

/** A button for what can't be taken back: it asks once more in its own words. */
export function sure(label, question, work, attributes) {
  const made = button(
    label,
    () => {
      if (made.textContent === question) {
        made.textContent = label;
        work();
        return;
      }
      made.textContent = question;
      made.classList.add("danger");
    },
    attributes,
  );
  made.addEventListener("blur", () => {
    made.textContent = label;
    made.classList.remove("danger");
  });
  return made;
}
