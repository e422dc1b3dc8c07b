// Makes NAME.ts of each NAME.json in the working folder that is named: the types of an OpenAPI document.
const { readFileSync, writeFileSync } = require("node:fs");
const { astToString, default: openapiTS } = require("openapi-typescript");

const options = { defaultNonNullable: false, silent: true };
(async () => {
  for (const name of process.argv.slice(2)) {
    writeFileSync(`${name}.ts`, astToString(await openapiTS(readFileSync(`${name}.json`), options)));
  }
})();
