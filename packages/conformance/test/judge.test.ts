// SPDX-License-Identifier: MIT
import { ERRNO, type Strategy, switchSide } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { eventText, parseHistory, passOn, runHistory, worldSpec } from '../src/index.ts';
import { Judge } from '../src/judge/judge.ts';
import { buildLayout } from '../src/world/build-layout.ts';
import { stopsTheVm } from './strategies/conversion-faults.ts';
import { planted } from './strategies/planted.ts';
import { reference } from './strategies/reference.ts';
import { judged, type Judged } from './support/judged.ts';

function fallen({ violations }: Judged): string[] {
  return violations.map(({ invariant, reach }) => `${invariant} ${reach}`);
}

function judgeAlone(): Judge {
  const { memory, layout } = buildLayout(worldSpec({ pages: 4 }));
  return new Judge(memory, layout, []);
}

describe('pending pages', () => {
  const positions = [{ first: 1, end: 3 }];
  const pendingOf = (judge: Judge): number[] => [0, 1, 2, 3].filter((position) => judge.isPending(position));

  test.each([
    ['convert', 'refused', [1, 2]],
    ['plug', 'succeeded', [1, 2]],
    ['other', 'refused', [1, 2]],
    ['convert', 'succeeded', []],
  ] as const)('left by a conversion, after a %s that %s: %j', (kind, outcome, left) => {
    const judge = judgeAlone();
    judge.begin({ index: 0, kind: 'convert', positions });
    judge.end('partial');
    judge.begin({ index: 1, kind, positions });
    judge.end(outcome);
    expect(pendingOf(judge)).toEqual(left);
  });

  test('left by a plug request only a plug request ends', () => {
    const judge = judgeAlone();
    judge.begin({ index: 0, kind: 'plug', positions });
    judge.end('partial');
    judge.begin({ index: 1, kind: 'convert', positions });
    judge.end('succeeded');
    expect(pendingOf(judge)).toEqual([1, 2]);
    judge.begin({ index: 2, kind: 'plug', positions: [{ first: 2, end: 3 }] });
    judge.end('succeeded');
    expect(pendingOf(judge)).toEqual([1]);
  });

  test.each([
    ['convert(0+2,shared)', '-EAGAIN', [0, 1]],
    ['plug(m0,0+1)', 'BUSY', [2, 3]],
  ] as const)('a rebuild ends those that %s left', (operation, answer, pages) => {
    const line =
      'world(pages=2, vmem=1x2); attach(c0); convert(2+2,shared); refuse(c0,map,2,ENOMEM); refuse(c0,unmap,1,EBUSY); ' +
      `${operation}; detach(c0); reset; heal`;
    const { world, answers } = judged(reference, line);
    expect(answers.slice(4)).toEqual([answer, '0', '0', '0']);
    expect(pages.map((page) => world.judge.isPending(page))).toEqual([false, false]);
    expect(world.pendingCount).toBe(0);
  });

  test('are left out when a late container is held against an early one', () => {
    const line =
      'world(containers=c0:type1v2,c1:type1v2,c2:iommufd); attach(c0); attach(c1); refuse(c0,unmap,1,EBUSY); ' +
      'refuse(c1,map,1,ENOMEM); convert(0+1,shared); attach(c2); heal; dma(c1,0,write)';
    const found = judged(reference, line);
    expect(found.answers).toEqual(['0', '0', '0', '0', '-EAGAIN', '0', '0, 1 retried', '0 0xa1']);
    expect(found.words).toEqual([]);
  });
});

describe('the first violation of an invariant is kept', () => {
  test('except that a retry that lies tells more than the refusal it follows', () => {
    const judge = judgeAlone();
    judge.begin({ index: 3, kind: 'convert', positions: [] });
    judge.report('atomic', { reason: 'refused-but-changed', position: 1 });
    judge.begin({ index: 4, kind: 'convert', positions: [] });
    judge.report('atomic', { reason: 'refused-but-changed', position: 2 });
    expect(judge.violations).toMatchObject([{ operationIndex: 3, evidence: { position: 1 } }]);
    judge.report('atomic', { reason: 'success-without-mapping', position: 2 });
    judge.report('atomic', { reason: 'refused-but-changed', position: 3 });
    expect(judge.violations).toMatchObject([
      { operationIndex: 4, reach: 'live', evidence: { reason: 'success-without-mapping', position: 2 } },
    ]);
  });

  test('a live one takes the place of a latent one, and not the other way round', () => {
    const judge = judgeAlone();
    judge.report('consumers-see', { reason: 'page-not-seen', position: 1 }, 'latent');
    judge.report('consumers-see', { reason: 'page-not-seen', position: 2 });
    judge.report('consumers-see', { reason: 'page-not-seen', position: 3 }, 'latent');
    expect(judge.violations).toMatchObject([{ reach: 'live', evidence: { position: 2 } }]);
  });
});

describe('refusals', () => {
  test.each(['EINVAL', 'EEXIST', 'ENOENT', 'EFAULT', 'EOVERFLOW'])('a planned %s is no illegal call', (errno) => {
    for (const line of [`attach(c0); refuse(c0,map,1,${errno}); convert(0+1,shared)`, `attach(c0); convert(0+1,shared); refuse(c0,unmap,1,${errno}); convert(0+1,private)`]) {
      expect(judged(reference, line).words).toEqual([]);
    }
  });

  test('a refusal that loses private data is no refusal', () => {
    const losesData = planted('loses-data', () => ({
      instance: (instance, host) => ({
        ...instance,
        convert: (request, to) => {
          if (to === 'shared') host.discard(request.pages, 'private');
          return instance.convert(request, to);
        },
      }),
    }));
    const found = judged(losesData, 'attach(c0); touch(0); refuse(c0,map,1,ENOMEM); convert(0+1,shared)');
    expect(found.violations.map(({ evidence }) => evidence)).toEqual([
      { reason: 'refused-but-changed', position: 0, detail: 'the private frame was 2 and is 0' },
    ]);
  });

  test('in place, a hole that pinning filled may stay filled', () => {
    const line = 'world(regime=in-place); attach(c0); refuse(c0,map,2,ENOMEM); convert(0+2,shared)';
    const found = judged(reference, line);
    expect([found.answers.at(-1), found.words]).toEqual(['-EAGAIN', []]);
  });

  test('what is half undone waits only when the guest may retry', () => {
    const refusesHard: Strategy = planted('refuses-hard', () => ({
      instance: (instance) => ({
        ...instance,
        convert: (...request) => (instance.convert(...request) === 0 ? 0 : -ERRNO.ENOMEM),
      }),
    }));
    const line = 'world(onRefusal=retry); attach(c0); refuse(c0,map,2,ENOMEM); refuse(c0,unmap,1,EBUSY); convert(0+2,shared)';
    expect(fallen(judged(reference, line))).toEqual([]);
    expect(fallen(judged(refusesHard, line))).toContain('atomic live');
  });

  test('a conversion refused for good waits for a retry like any other', () => {
    const { answers } = judged(stopsTheVm, 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared); heal');
    expect(answers).toEqual(['0', '0', '-ENOMEM', '0, 1 retried']);
  });

  test('a retry begins where the request was refused', () => {
    const history = parseHistory('attach(c0); refuse(c0,map,3,ENOMEM); convert(2+4,shared); heal');
    const { steps } = runHistory(reference, history, { record: true });
    expect(eventText(steps[3]!.events[0]!)).toBe('KVM attributes gfn [0x100000, 0x100002) shared');
  });

  test('after a success a page that gets lost later is missing, and no lie of a retry', () => {
    const losesLater = planted('loses-later', () => {
      let calls = 0;
      return {
        consumer: (consumer) =>
          passOn(consumer, {
            mapRun: (...run) => {
              calls += 1;
              return calls <= 2 ? consumer.mapRun(...run) : 0;
            },
          }),
      };
    });
    const line = 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared); heal; convert(0+1,private); convert(0+1,shared)';
    expect(fallen(judged(losesLater, line))).toEqual(['complete live']);
  });

  test('a success over a page whose call was refused must have mapped it', () => {
    const ignoresRefusals = planted('ignores-refusals', () => ({
      consumer: (consumer) =>
        passOn(consumer, {
          mapRun: (...run) => {
            consumer.mapRun(...run);
            return 0;
          },
        }),
      instance: (instance, host) => ({
        ...instance,
        convert: (request, to) => (to === 'shared' ? instance.convert(request, to) : switchSide(host, request, to)),
      }),
    }));
    const found = judged(ignoresRefusals, 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared)');
    expect(fallen(found)).toEqual(['complete live', 'atomic live']);
  });
});
