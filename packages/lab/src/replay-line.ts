// SPDX-License-Identifier: MIT

/** What starts the program: in the repository its door, elsewhere the installed command. */
const PROGRAM = import.meta.url.includes('/node_modules/') ? 'npx sda-lab' : 'npm run lab --';

/** The command that shows a history again, to be pasted into a shell. No history contains a quote. */
export function replayLine(history: string, strategy: string, without: Iterable<string> = []): string {
  const switches = [...without].map((name) => ` --without ${name}`).join('');
  return `${PROGRAM} replay '${history}' --strategy ${quoted(strategy)}${switches}`;
}

/** The path of a design may need it; an id never does. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
