// SPDX-License-Identifier: MIT
// The whole evaluation, run twice side by side as a user runs it, and what it must show.
import { parseHistory } from '@sda-lab/conformance';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { designNeeds } from '../src/evaluate/design-needs.ts';
import { type EvaluationDocument, evaluationSchema, replay, STRATEGIES } from '../src/index.ts';
import { type ProgramRun, runProgram } from './support/run-program.ts';

const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'sda-lab-evaluation-')));
let runs: ProgramRun[] = [];
let document: EvaluationDocument;

beforeAll(async () => {
  const args = ['evaluate', '--runs', '40', '--seed', '3'];
  runs = await Promise.all([runProgram([...args, '--json'], { cwd: folders[0]! }), runProgram(args, { cwd: folders[1]! })]);
  document = v.parse(evaluationSchema, JSON.parse(runs[0]!.stdout));
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const strategy = (id: string): (typeof STRATEGIES)[number] => STRATEGIES.find((one) => one.id === id)!;
const evaluated = (id: string): EvaluationDocument['strategies'][number] => document.strategies.find((one) => one.id === id)!;
const fallen = (id: string): string[] =>
  evaluated(id).cells.flatMap(({ broken }) => broken.map(({ invariant, reach }) => `${invariant} ${reach}`));

describe('two runs of the evaluation with one seed', () => {
  it('end with 0: every outcome equals the expectations', () => {
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect([document.matchesExpectations, document.differences]).toEqual([true, []]);
  });

  it('write the same document, byte for byte, to standard output and to the file', () => {
    for (const folder of folders) {
      expect(readFileSync(join(folder, 'out', 'evaluation.json'), 'utf8')).toBe(runs[0]!.stdout);
    }
    expect(document).toMatchObject({ seed: 3, runs: 40 });
  });

  it('leave two files and nothing half-written', () => {
    for (const folder of folders) {
      expect(readdirSync(folder)).toEqual(['out']);
      expect(readdirSync(join(folder, 'out')).toSorted()).toEqual(['evaluation.json', 'evaluation.md']);
    }
  });

  it('say on standard error only where the files are', () => {
    for (const { stderr } of runs) expect(stderr).toBe('sda-lab: wrote out/evaluation.json and out/evaluation.md\n');
  });
});

describe('the document', () => {
  it('has every strategy on every backend and regime', () => {
    expect(document.strategies.map(({ id }) => id)).toEqual(STRATEGIES.map(({ id }) => id));
    for (const { cells } of document.strategies) {
      expect(cells.map(({ backend, regime }) => `${backend} ${regime}`)).toEqual([
        'type1v2 two-backend',
        'type1v2 in-place',
        'iommufd two-backend',
        'iommufd in-place',
      ]);
    }
  });

  it('says of both designs done right that they hold, at the same cost', () => {
    for (const id of ['extended-rdm', 'notifier-list']) {
      expect(evaluated(id).verdict).toBe('holds');
      for (const { outcome, cost } of evaluated(id).cells) {
        expect(outcome).toBe('holds');
        // 65,536 shared pages and the ROM; one unmap call per request.
        expect(cost).toEqual({ mapCalls: 65_537, unmapCalls: 128, notifications: 256, peakMappings: 65_537, peakFrames: 65_537 });
      }
    }
  });

  it('has the retry hole latent and live, the silent refusal live', () => {
    expect(fallen('ram-block-attributes')).toEqual(expect.arrayContaining(['atomic latent', 'atomic live', 'nonfatal live']));
    expect(fallen('rdm-private-as-discarded')).toEqual(expect.arrayContaining(['complete live', 'atomic live']));
    expect(evaluated('ram-block-attributes').cells[0]).toMatchObject({ outcome: 'broken', stops: true });
  });

  it('has a history for each finding that breaks the same invariant when replayed', () => {
    for (const { id, cells } of document.strategies) {
      for (const finding of cells.flatMap(({ broken }) => broken)) {
        if (finding.seenIn === 'answer') continue;
        const { broken } = replay(strategy(id), parseHistory(finding.history));
        expect(broken).toContainEqual(expect.objectContaining({ invariant: finding.invariant, reach: finding.reach }));
      }
    }
  });

  it('has a falling invariant for each switch, with a history that shows it', () => {
    const built = STRATEGIES.filter(({ additions }) => additions.length > 0);
    const switches = built.flatMap(({ id, additions }) => additions.map((addition) => `${id} ${addition.id}`));
    expect(document.ablation.map(({ id, without }) => `${id} ${without}`)).toEqual(switches);
    for (const { id, without, guards, falls, history } of document.ablation) {
      expect([without, falls]).toEqual([without, guards]);
      const { broken } = replay(strategy(id), parseHistory(history!), new Set([without]));
      expect(broken.map(({ invariant }) => invariant)).toContain(falls);
      expect(replay(strategy(id), parseHistory(history!)).verdict).toBe('holds');
    }
  });
});

describe('what each design needs', () => {
  it('is what the design declares, counted', () => {
    for (const { id, design } of document.strategies) expect(design).toEqual(designNeeds(strategy(id)));
  });

  it('is printed for each strategy', () => {
    const [, table] = runs[1]!.stdout.split('What a design needs besides calls')[1]!.split('\n\n');
    for (const { id, design } of document.strategies) {
      const counts = [design.interface.count, design.interface.added.length, design.interface.changed.length];
      expect(table).toMatch(new RegExp(`^${id} +${design.additions.count} .* ${counts.join(' +')} `, 'm'));
    }
  });
});

describe('the scenarios', () => {
  const rowsOf = <Row extends { id: string }>(rows: readonly Row[], id: string): Row[] => rows.filter((row) => row.id === id);

  it('six steps: stale for uncoordinated and for the inverted condition, right for the others', () => {
    const stale = ['uncoordinated', 'keep-shared-as-posted'];
    const { rows } = document.scenarios.sixSteps;
    for (const row of rows) {
      const isStale = stale.includes(row.id) && row.regime === 'two-backend';
      if (row.deviceRead === 'not attached') continue;
      expect([row.guestWrote, row.deviceRead]).toEqual(['0xa2', isStale ? '0xa1' : '0xa2']);
    }
    expect(rows.filter(({ deviceRead }) => deviceRead === 'not attached').map(({ id, regime }) => `${id} ${regime}`)).toEqual([
      'uncoordinated in-place',
      'uncoordinated in-place',
      'blocked two-backend',
      'blocked two-backend',
    ]);
  });

  it('late hotplug: the designs done right map exactly what is due, early and late', () => {
    for (const id of ['extended-rdm', 'notifier-list']) {
      for (const row of rowsOf(document.scenarios.lateHotplug.rows, id)) {
        expect(row).toMatchObject({ mappedEarly: '1, 4, 6', mappedLate: '1, 4, 6', due: '1, 4, 6', isSame: true });
      }
    }
  });

  it('virtio-mem: mapped = plugged AND shared after each operation; the others refuse the device', () => {
    for (const { id, takesDevice, steps } of document.scenarios.virtioMem.rows) {
      expect(takesDevice).toBe(['multi-source-rdm', 'extended-rdm', 'notifier-list'].includes(id));
      const due = takesDevice ? [0, 4, 2, 4, 3, 0, 0] : [];
      expect(steps.map((step) => step.due)).toEqual(due);
      // The bitmap of QEMU 11.1 survives a reset: what was shared before it is mapped with the next plug.
      expect(steps.map((step) => step.mapped)).toEqual(id === 'multi-source-rdm' ? [0, 4, 2, 4, 3, 0, 1] : due);
    }
  });

  it('a refusal: stopped or retried in ram-block-attributes, repeated with success in the designs done right', () => {
    const merged = rowsOf(document.scenarios.refusal.rows, 'ram-block-attributes').filter(({ backend }) => backend === 'iommufd');
    expect(merged.map(({ onRefusal, answer, stopped, mappedInAgreeing, mappedInRefusing }) => [onRefusal, answer, stopped, mappedInAgreeing, mappedInRefusing])).toEqual([
      ['stop', '-ENOSPC', true, 3, 0],
      ['retry', '-ENOSPC', false, 3, 0],
    ]);
    for (const row of [...rowsOf(document.scenarios.refusal.rows, 'extended-rdm'), ...rowsOf(document.scenarios.refusal.rows, 'notifier-list')]) {
      expect(row).toMatchObject({ answer: '-EAGAIN', stopped: false, mappedInAgreeing: 3, mappedInRefusing: 3, due: 3, broken: [] });
    }
  });

  it('the boot at the default limit: 512 pages silently unmapped in the RFC series, refused at attach since 10.1', () => {
    const { limit, limitIs, atDefaultLimit } = document.scenarios.swiotlb;
    expect([limit, limitIs]).toEqual([1_081_338, '1048576 pages + 32764 memslots - 2 sections']);
    const row = rowsOf(atDefaultLimit, 'rdm-private-as-discarded')[0];
    expect(row).toMatchObject({ attached: '0', acceptedRequests: 128, firstRefusal: null, unmappedPages: 512 });
    expect(rowsOf(atDefaultLimit, 'ram-block-attributes')[0]).toMatchObject({ attached: '-ENOSPC', unmappedPages: null });
    // No check at attach, and the one request that does not fit any more is refused aloud.
    expect(rowsOf(atDefaultLimit, 'dma-mapping-tracker')[0]).toMatchObject({ attached: '0', acceptedRequests: 127, firstRefusal: '-ENOSPC', unmappedPages: 2 });
  });

  it('16 GiB page by page: 4,194,304 entries, ENOSPC at one less, none needed with iommufd', () => {
    expect(document.scenarios.wholeGuest.rows.map(({ backend, limit, mapped, lastAnswer }) => [backend, limit, mapped, lastAnswer])).toEqual([
      ['type1v2', 65_535, 65_535, '-ENOSPC'],
      ['type1v2', 4_194_303, 4_194_303, '-ENOSPC'],
      ['type1v2', 4_194_304, 4_194_304, '0'],
      ['iommufd', null, 4_194_304, '0'],
    ]);
  });

  it('the limit check: memslots on top, a warning in 10.0, a refusal from 10.1 on', () => {
    const { worstCase, rows, largestAdmittedPages } = document.scenarios.admission;
    expect([worstCase, largestAdmittedPages]).toEqual([4_227_066, 32_772]);
    expect(rows.map(({ limit, qemu100, qemu101 }) => [limit, qemu100, qemu101])).toEqual([
      [65_535, 'warns and attaches', 'refuses the device'],
      [4_194_304, 'warns and attaches', 'refuses the device'],
      [4_227_068, 'attaches', 'attaches'],
      [null, 'attaches', 'attaches'],
    ]);
  });

  it('an exact unmap: designs that honour it pay one call a page, the others are refused', () => {
    const { pages, rows } = document.scenarios.unmapShape;
    const callsOf = (id: string): number[] => rows.filter((row) => row.id === id).map(({ unmapCalls }) => unmapCalls);
    for (const id of ['extended-rdm', 'notifier-list']) expect(callsOf(id)).toEqual([1, pages]);
    const strict = rows.filter(({ id, backend }) => backend === 'vfio-user-strict' && callsOf(id)[1] === 1);
    expect(strict.map(({ id, refusedUnmapCalls }) => [id, refusedUnmapCalls])).toEqual([
      ['rdm-private-as-discarded', 1],
      ['ram-block-attributes', 1],
      ['multi-source-rdm', 1],
      ['extended-rdm-as-posted', 1],
      ['dma-mapping-tracker', 1],
    ]);
    for (const { id, broken } of strict) {
      // The tracker hears the refusal and frees nothing.
      const expected = id === 'dma-mapping-tracker' ? 'legal-calls' : 'no-use-after-discard';
      expect(broken.map(({ invariant }) => invariant)).toContain(expected);
    }
  });

  it('the recordings: the model reads what the real device read, at every step', () => {
    expect(document.recordings).toMatchObject({ operations: 524, mismatches: 0 });
    expect(document.recordings.steps.flatMap(({ files }) => files)).toHaveLength(4);
    for (const { steps } of document.recordings.steps) {
      expect(steps.every(({ isSame }) => isSame)).toBe(true);
      expect(steps.filter(({ shows }) => shows !== '').map(({ real, model, shows }) => [real, model, shows])).toEqual([
        ['0xa1a1a1a1', '0xa1a1a1a1', 'what the CPU wrote'],
        ['0xa1a1a1a1', '0xa1a1a1a1', 'the page that was freed'],
        ['0xa1a1a1a1', '0xa1a1a1a1', 'stale: the CPU wrote 0xb2b2b2b2'],
        ['0', '0', 'writes 0xc3c3c3c3'],
        ['0xb2b2b2b2', '0xb2b2b2b2', "the device's write of 0xc3c3c3c3 is lost"],
        ['0xc3c3c3c3', '0xc3c3c3c3', 'its own write, which the CPU never sees'],
        ['0xb2b2b2b2', '0xb2b2b2b2', 'healed: what the CPU wrote'],
      ]);
    }
  });
});

describe('the reports for people', () => {
  it('the front page shows the table as it is printed', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const [, table] = /```text\n(strategy [\s\S]*?)\n```/.exec(readme)!;
    const printed = runs[1]!.stdout.split('\n').map((line) => line.trimEnd());
    const shown = table!.split('\n').map((line) => line.trimEnd());
    expect(shown.length).toBeGreaterThan(15);
    for (const line of shown) expect(printed).toContain(line);
  });

  it('the terminal ends with the comparison', () => {
    const { stdout } = runs[1]!;
    expect(stdout).toMatch(/uncoordinated +type1v2 +two-backend +broken +coherent +live +3 +0 +2 +3 +1048577\n/);
    expect(stdout).toMatch(/notifier-list +iommufd +both +holds +- +- +65537 +128 +256 +65537 +65537\n/);
    expect(stdout).toContain('dma_entry_limit raised to 1081338');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('Every outcome equals the expectations.');
  });

  it('the file tells every finding, and predictions only as such', () => {
    const text = readFileSync(join(folders[0]!, 'out', 'evaluation.md'), 'utf8');
    const [headlines, predicted] = text.split('## Predicted, unconfirmed');
    expect(headlines).toContain('## Findings: observed on real systems, or in a source');
    expect(headlines).not.toContain('Basis: predicted');
    expect(predicted).not.toMatch(/Basis: (observed|source|list)/);
    for (const { id, cells } of document.strategies) {
      for (const { invariant, reach, onRefusal } of cells.flatMap(({ broken }) => broken)) {
        const near = reach === 'live' && onRefusal === 'retry' ? 'live with retry' : reach;
        expect(text).toContain(`### ${invariant}: ${near} on ${id}, `);
      }
    }
  });
});
