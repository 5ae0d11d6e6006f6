// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { runLab } from '../src/run-lab.ts';

const CLEAR_LINE = '\r\u001B[K';

describe('standard streams', () => {
  it('progress goes to standard error, only where somebody watches, and leaves a clean line', () => {
    let out = '';
    let err = '';
    const io = { out: (text: string) => void (out += text), err: (text: string) => void (err += text), folder: '.' };
    expect(runLab(['conform', 'blocked', '--runs', '0', '--json'], { ...io, showsProgress: true })).toBe(0);
    expect(err).toContain(`${CLEAR_LINE}blocked: 14 of 14 cells`);
    expect(err.endsWith(CLEAR_LINE)).toBe(true);
    expect(JSON.parse(out)).toMatchObject({ schema: 'sda-lab/conform@1' });
  });

  it('a fault of our own ends with 70 and shows where', () => {
    let err = '';
    const out = (): void => {
      throw new Error('the disk is on fire');
    };
    const code = runLab(['replay', 'heal', '--strategy', 'blocked'], { out, err: (text) => void (err += text), showsProgress: false, folder: '.' });
    expect(code).toBe(70);
    expect(err).toMatch(/^sda-lab: internal fault: Error: the disk is on fire\n +at /);
  });
});
