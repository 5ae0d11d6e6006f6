// SPDX-License-Identifier: MIT
import { Console } from 'node:console';
import { Writable } from 'node:stream';

const MAX_CHARACTERS = 20_000;

/**
 * What the design prints, at once and not when its thread is idle again, which an endless loop never is. What it prints
 * beyond a limit is dropped: a line per page and history would be millions.
 */
export function redirectConsole(say: (text: string) => void): void {
  let left = MAX_CHARACTERS;
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: unknown, _encoding, done) => {
      const text = String(chunk);
      if (left > 0) say(text.length < left ? text : `${text.slice(0, left)}\n(what it prints from here on is left out)\n`);
      left -= text.length;
      done();
    },
  });
  globalThis.console = new Console({ stdout: stream, stderr: stream, colorMode: false });
}
