// Parses workflows and actions, including called workflows, with GitHub's own parser.
// Usage: node parse.cjs REPOSITORY FILE...
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { convertActionTemplate, parseAction } from "@actions/workflow-parser/actions/index";

const [root, ...names] = process.argv.slice(2);
const read = (name) => ({ name, content: readFileSync(join(root, name), "utf8") });
// Workflows that a starter calls are read from this repository.
const callees = { getFileContent: async (reference) => read(reference.path) };
const trace = new NoOperationTraceWriter();

async function main() {
let failed = names.length === 0;
for (const name of names) {
  let parsed;
  if (basename(name) === "action.yml") {
    parsed = parseAction(read(name), trace);
    if (parsed.value) convertActionTemplate(parsed.context, parsed.value);
  } else {
    parsed = parseWorkflow(read(name), trace);
    if (parsed.value) {
      await convertWorkflowTemplate(parsed.context, parsed.value, callees, { fetchReusableWorkflowDepth: 1, maxReusableWorkflowDepth: 9 });
    }
  }
  const errors = parsed.context.errors.getErrors();
  for (const e of errors) console.error(`${name}: ${e.message}`);
  failed ||= errors.length > 0 || !parsed.value;
}
console.log(`${names.length} files, ${failed ? "refused" : "accepted"} by GitHub's parser`);
process.exitCode = failed ? 1 : 0;
}
main();
