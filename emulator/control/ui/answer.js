// Answers a prompt differently from the next request on, by what the control API calls an answer.

import { control } from "./api.js";
import { button, field, fill, h, option, problem, section, text, toast, visible } from "./dom.js";

/** A form with the prompt of an exchange, and the answers that were added to the world. */
export function answerView(exchange, { prompt }) {
  const prompts = h("textarea", { value: prompt, rows: "2" });
  const whole = h("select", option("prompt", "is exactly"), option("contains"));
  const where = h("select", option("", "everywhere"), option(exchange.operation, visible(exchange.operation)));
  const answer = h("textarea", { rows: "4", required: true });
  const said = h("div", { "aria-live": "polite" });
  const known = h("div");
  const attempt = async (work) => {
    try {
      fill(said);
      await work();
      await list();
    } catch (error) {
      fill(said, problem(error));
    }
  };
  const save = () =>
    attempt(async () => {
      await control("POST", "/answers", {
        body: { [whole.value]: prompts.value, answer: answer.value, ...(where.value ? { on: where.value } : {}) },
      });
      toast("Answered differently from the next request on");
    });
  const list = async () => {
    const { answers } = await control("GET", "/answers");
    fill(
      known,
      answers.length
        ? section(
            "Answers added to this world",
            h(
              "ul.plain",
              answers.map((each) =>
                h(
                  "li.answer",
                  h(
                    "div",
                    h(
                      "span.soft",
                      text([each.prompt ?? each.contains ?? each.matches ?? "every prompt"].flat().join(", "), 200),
                      " → ",
                    ),
                    text(each.answer ?? JSON.stringify(each.json), 300),
                  ),
                  button("Remove", () => attempt(() => control("DELETE", `/answers/${each.id}`)), {
                    class: "small",
                    "aria-label": `Remove ${each.id}`,
                  }),
                ),
              ),
            ),
          )
        : null,
    );
  };
  attempt(async () => {});
  return h(
    "div",
    h("div.pair", field("A prompt that", whole), field("Prompt", prompts)),
    field("is answered with", answer),
    field("In", where),
    h(
      "div.actions",
      button("Answer differently", save, { class: "primary" }),
      h("span.soft", "For streams, batch rows and runs too; {{ }} is a template."),
    ),
    said,
    known,
  );
}
