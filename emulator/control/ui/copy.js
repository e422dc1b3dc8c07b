// An exchange as something to paste: a command, a program, a rule, a test, a HAR file. Secrets stay masked: what the
// journal has masked becomes a variable of the environment.

import { button, h, toast } from "./dom.js";

// What clients add by themselves.
const ADDED = new Set(
  "host content-length connection accept-encoding transfer-encoding expect origin referer".split(" "),
);
const SECRET = /\*{4,}/;
const KEY = "API_KEY";
const text = JSON.stringify;

/** The request of an exchange as a program sends it: method, path with query, header lines, body as text or null. */
export function requestOf({ method, path, query, headers, body }) {
  const pairs =
    typeof query === "string"
      ? query
      : Object.entries(query).flatMap(([name, value]) => [value].flat().map((each) => [name, each]));
  const asked = new URLSearchParams(pairs).toString();
  const form = headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
  return {
    method,
    path: path + (asked && `?${asked}`),
    headers: Object.entries(headers).filter(([name]) => !ADDED.has(name) && !name.startsWith("sec-")),
    body: body === null || typeof body === "string" ? body : form ? new URLSearchParams(body).toString() : text(body),
  };
}

/** A header's value as code; of a masked one what stands before the secret, such as "Bearer ", and the variable. */
function value(line, variable) {
  if (!SECRET.test(line)) return text(line);
  const scheme = line.slice(0, line.lastIndexOf(" ") + 1);
  return scheme ? `${text(scheme)} + ${variable}` : variable;
}

const headersOf = (headers, indent, variable) =>
  headers.map(([name, line]) => `${indent}${text(name)}: ${value(line, variable)},`);

export function curl(exchange) {
  const { method, path, headers, body } = requestOf(exchange);
  const quoted = (line) => `'${line.replaceAll("'", "'\\''")}'`;
  const lines = headers.map(([name, line]) => {
    const [before, ...after] = `${name}: ${line}`.split(/\S*\*{4,}\S*/);
    const parts = [before, ...after].map((part) => part && quoted(part)); // the shell reads nothing but the variable
    return `-H ${parts.join(`"$${KEY}"`)}`;
  });
  return [
    `curl -X ${method} ${quoted(location.origin + path)}`,
    ...lines,
    ...(body === null ? [] : [`--data-raw ${quoted(body)}`]),
  ].join(" \\\n  ");
}

const IMPORTS = "import os\n\nimport httpx\n\n";

function httpx(exchange, url, indent) {
  const { method, headers, body } = requestOf(exchange);
  return [
    `response = httpx.request(`,
    `    ${text(method)},`,
    `    ${url},`,
    "    headers={",
    ...headersOf(headers, "        ", `os.environ["${KEY}"]`),
    "    },",
    ...(body === null ? [] : [`    content=${text(body)}.encode(),`]),
    ")",
  ]
    .map((line) => `${indent}${line}\n`)
    .join("");
}

export const python = (exchange) =>
  `${IMPORTS}${httpx(exchange, text(location.origin + requestOf(exchange).path), "")}` +
  "print(response.status_code, response.text)\n";

export function javascript(exchange) {
  const { method, path, headers, body } = requestOf(exchange);
  return [
    `const response = await fetch(${text(location.origin + path)}, {`,
    `  method: ${text(method)},`,
    "  headers: {",
    ...headersOf(headers, "    ", `process.env.${KEY}`),
    "  },",
    ...(body === null ? [] : [`  body: ${text(body)},`]),
    "});",
    "console.log(response.status, await response.text());",
    "",
  ].join("\n");
}

/** A rule for a scenario that answers such a request as it was answered; JSON is YAML too. */
export function rule({ operation, body, status, reply_headers: headers, reply_body: reply }) {
  const raw = (json) => text(json).replaceAll("{{", "{{ '{{' }}").replaceAll("{%", "{{ '{%' }}");
  const asked =
    body && typeof body === "object"
      ? Object.entries(body).filter(([name, each]) => (each === null || typeof each !== "object") && /^\w+$/.test(name))
      : [];
  const when = asked.map(([name, each]) => `body.${name}: ${raw(each)}`).join(", ");
  const said =
    typeof reply === "string"
      ? [
          `      headers: ${text({ "Content-Type": headers["content-type"] ?? "text/plain" })}`,
          `      text: ${raw(reply)}`,
        ]
      : reply === null
        ? []
        : [`      body: ${raw(reply)}`];
  return [
    "rules:",
    `  - on: ${operation || "OPERATION"}`,
    ...(when ? [`    when: {${when}}`] : []),
    "    reply:",
    `      status: ${status}`,
    ...said,
    "",
  ].join("\n");
}

/** A test that sends the request to an emulator of its own and expects the same status. */
export function test(exchange) {
  const { operation, status } = exchange;
  const name = (operation || "request").replace(/\W+/g, "_");
  const url = `emulator.url + ${text(requestOf(exchange).path)}`;
  const sent = httpx(exchange, url, "    ");
  const head = `\ndef test_${name}_returns_${status}(emulator):\n`;
  return `${IMPORTS}${head}${sent}    assert response.status_code == ${status}\n`;
}

/** The exchange as HAR 1.2, which browsers and proxies can open. */
export function har(exchange) {
  const { method, path, body } = requestOf(exchange);
  const pairs = (entries) => [...entries].map(([name, line]) => ({ name, value: line }));
  const { reply_body: reply, reply_headers: headers, took } = exchange;
  const said = reply === null || typeof reply === "string" ? (reply ?? "") : text(reply);
  const common = { httpVersion: "HTTP/1.1", cookies: [], headersSize: -1 };
  const entry = {
    startedDateTime: new Date(exchange.at * 1000).toISOString(),
    time: took * 1000,
    cache: {},
    timings: { send: 0, wait: took * 1000, receive: 0 },
    comment: `outcome: ${exchange.outcome}`,
    request: {
      ...common,
      method,
      url: location.origin + path,
      headers: pairs(Object.entries(exchange.headers)),
      queryString: pairs(new URL(path, location.origin).searchParams),
      bodySize: body?.length ?? 0,
      ...(body === null ? {} : { postData: { mimeType: exchange.headers["content-type"] ?? "", text: body } }),
    },
    response: {
      ...common,
      status: exchange.status,
      statusText: "",
      headers: pairs(Object.entries(headers)),
      redirectURL: "",
      bodySize: exchange.bytes_sent,
      content: { size: said.length, mimeType: headers["content-type"] ?? "", text: said },
    },
  };
  return JSON.stringify(
    { log: { version: "1.2", creator: { name: "ai-api-emulator", version: "1" }, entries: [entry] } },
    null,
    2,
  );
}

const FORMS = [
  ["curl", curl],
  ["Python", python],
  ["JavaScript", javascript],
  ["Scenario rule", rule],
  ["Test", test],
  ["HAR", har],
];

/** Puts text on the clipboard, also where a page may not by itself (plain HTTP beyond this machine). */
export async function copy(content, what) {
  try {
    await navigator.clipboard.writeText(content);
  } catch {
    const area = h("textarea.offscreen", { value: content });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(`Copied as ${what}`);
}

/** The menu of the forms. */
export function copyMenu(exchange) {
  const close = () => {
    menu.open = false;
    menu.firstChild.focus();
  };
  const menu = h(
    "details.menu",
    {
      id: "copy-menu",
      onkeydown: (event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          close();
        }
      },
    },
    h("summary.button.small", "Copy as"),
    h(
      "div.menu-items",
      FORMS.map(([name, make]) =>
        button(name, () => {
          close();
          copy(make(exchange), name);
        }),
      ),
    ),
  );
  return menu;
}
