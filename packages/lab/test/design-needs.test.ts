// SPDX-License-Identifier: MIT
// What each design needs besides calls: data it declares, counted here, and printed side by side.
import { STOCK_MEMBERS } from '@sda-lab/rdm-manager/stock';
import { describe, expect, it } from 'vitest';
import { designNeeds, stateBitsText } from '../src/evaluate/design-needs.ts';
import type { EvaluationDocument } from '../src/evaluate/evaluation-document.ts';
import { designBlocks } from '../src/evaluate/report/design-blocks.ts';
import { STRATEGIES } from '../src/index.ts';
import { toMarkdown } from '../src/text/to-markdown.ts';
import { toTerminal } from '../src/text/to-terminal.ts';

const all = STRATEGIES.map((strategy) => ({ id: strategy.id, strategy, design: designNeeds(strategy) }));
const designOf = (id: string): (typeof all)[number]['design'] => all.find((one) => one.id === id)!.design;

describe.each(all.map((one) => [one.id, one] as const))('%s', (_id, { strategy, design }) => {
  it('has counts that follow from its lists', () => {
    expect(design.additions).toEqual({ count: strategy.additions.length, switches: strategy.additions.map(({ id }) => id) });
    expect(design.interface.count).toBe(new Set(design.interface.members).size);
  });

  it('calls changed what was there before, and new what was not', () => {
    const { members, added, changed } = design.interface;
    expect(changed.filter((member) => !STOCK_MEMBERS.includes(member) || !members.includes(member))).toEqual([]);
    expect(added.filter((member) => STOCK_MEMBERS.includes(member) || !members.includes(member))).toEqual([]);
    expect(members.filter((member) => !added.includes(member)).every((member) => STOCK_MEMBERS.includes(member))).toBe(true);
  });

  it('names members, QEMU files, and where they are read', () => {
    expect(design.interface.members.filter((member) => !/^[A-Z]\w+\.[a-z][a-z_]*$/.test(member))).toEqual([]);
    const files = design.changedUsers.map(({ file }) => file);
    expect(files.filter((file) => !/^(hw|migration|system)\/[\w/-]+\.c$/.test(file))).toEqual([]);
    expect(files).toEqual([...new Set(files)]);
    expect(design.source).not.toBe('');
  });
});

describe('state bits per page', () => {
  const bitsOf = (id: string): number[] => designOf(id).stateBits.examples.map(({ bits }) => bits);

  it.each([
    ['keep-shared', '0', [0, 0]],
    ['ram-block-attributes', '1 (shared)', [1, 1]],
    ['extended-rdm-as-posted', '1 (shared)', [1, 1]],
    ['dma-mapping-tracker', '1 (shared)', [1, 1]],
    ['extended-rdm', '2 (shared, plugged) + 1 per container and section (mapped)', [3, 8]],
  ])('%s: %s', (id, formula, bits) => {
    expect([designOf(id).stateBits.formula, bitsOf(id)]).toEqual([formula, bits]);
  });

  it('notifier-list: one less than extended-rdm, since virtio-mem is asked', () => {
    expect(bitsOf('notifier-list')).toEqual([2, 7]);
    expect(designOf('notifier-list').stateBits.formula).toMatch(/^1 \(shared\) \+ 1 per container and section \(mapped\); asks for plugged/);
  });

  it('a formula without bits kept once', () => {
    expect(stateBitsText({ perPage: [], perFollower: ['mapped'], asked: [] })).toBe('1 per container and section (mapped)');
  });
});

describe('what had to change', () => {
  const filesOf = (id: string): string[] => designOf(id).changedUsers.map(({ file }) => file);

  it('both designs of the Open section change the same five users', () => {
    expect(filesOf('extended-rdm')).toHaveLength(5);
    expect(filesOf('notifier-list')).toEqual(filesOf('extended-rdm'));
  });

  it('is_private touches five users and changes five members', () => {
    expect([filesOf('extended-rdm-as-posted').length, designOf('extended-rdm-as-posted').interface.changed.length]).toEqual([5, 5]);
  });

  it('the controls need nothing', () => {
    for (const id of ['uncoordinated', 'blocked', 'keep-shared', 'keep-shared-as-posted']) {
      expect(designOf(id)).toMatchObject({ additions: { count: 0 }, interface: { count: 0 }, changedUsers: [] });
    }
  });
});

describe('the table', () => {
  const strategies = all.map(({ id, design }) => ({ id, design }));
  const blocks = (detail: 'short' | 'whole'): ReturnType<typeof designBlocks> => designBlocks({ strategies } as EvaluationDocument, detail);

  it('has a row for each strategy, with counts and names', () => {
    const text = toMarkdown(blocks('short'));
    for (const { id, design } of all) {
      const row = text.split('\n').find((line) => line.startsWith(`| ${id} |`))!;
      const cells = row.split(' | ').map((cell) => cell.replaceAll('|', '').trim());
      expect(cells[1]).toBe(String(design.additions.count));
      expect(cells[2]).toBe(design.additions.switches.join(', ') || '-');
      expect(cells.slice(3, 6)).toEqual([design.interface.count, design.interface.added.length, design.interface.changed.length].map(String));
      expect(cells[6]).toBe(design.stateBits.formula);
      expect(cells.slice(7, 9)).toEqual(design.stateBits.examples.map(({ bits }) => String(bits)));
      expect(cells[9]).toBe(design.changedUsers.map(({ file }) => file).join(', ') || '-');
    }
  });

  it('fits a terminal: no line is longer than 150', () => {
    expect(toTerminal(blocks('short')).split('\n').filter((line) => line.length > 150)).toEqual([]);
  });

  it('in the file tells each member and each change', () => {
    const text = toMarkdown(blocks('whole'));
    for (const { design } of all) {
      for (const { file, change } of design.changedUsers) expect(text).toContain(`| ${file} | ${change} |`);
      for (const member of [...design.interface.added, ...design.interface.changed]) expect(text).toContain(member);
    }
  });
});
