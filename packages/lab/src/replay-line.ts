// SPDX-License-Identifier: MIT
/** The command that shows a history again, to be pasted into a shell. No history contains a quote. */
export function replayLine(history: string, strategyId: string, without: Iterable<string> = []): string {
  const switches = [...without].map((name) => ` --without ${name}`).join('');
  return `npm run lab -- replay '${history}' --strategy ${strategyId}${switches}`;
}
