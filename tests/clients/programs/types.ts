// A front end's code, typed by what openapi-typescript makes of the emulator's own documents.
import type { paths as AiExport } from "./aiexport.js";
import type { paths as Aixplain } from "./aixplain.js";
import type { paths as Control } from "./control.js";

type Message = AiExport["/v2/messages"]["post"];
type Body = NonNullable<Message["requestBody"]>["content"]["application/json"];
type Whole = Message["responses"]["200"]["content"]["application/json"];
type Refused = Message["responses"]["429"]["content"]["application/json"];

export const body: Body = {
  model: "apex-haiku-4-20250401", max_tokens: 100, messages: [{ role: "user", content: "Hello!" }],
};
export const text = (answer: Whole): string => answer.id;
export const why = (answer: Refused): unknown => answer.error;
export type Run = Aixplain["/api/v2/execute/{asset_id}"]["post"];
export type Worlds = Control["/_emulator/worlds"]["get"]["responses"]["200"]["content"]["application/json"];

// @ts-expect-error: the role of a message is one of a few
export const wrong: Body = { ...body, messages: [{ role: "narrator", content: "Hello!" }] };
// @ts-expect-error: an id is text
export const number: number = text({} as Whole);
