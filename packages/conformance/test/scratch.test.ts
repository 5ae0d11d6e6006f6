// SPDX-License-Identifier: MIT
import { test } from 'vitest';
import { neverUnmaps } from './strategies/mapping-faults.ts';
import { unplugsBlindly } from './strategies/state-faults.ts';
import { reference } from './strategies/reference.ts';
import { judged } from './support/judged.ts';
test('x', () => { for (const be of ['vfio-user','vfio-user-strict']) for (const [s, l] of [[neverUnmaps, 'attach(c0); convert(0+2,shared); convert(1+1,private); convert(1+1,shared); touch(1); dma(c0,1,read)'],[unplugsBlindly,'attach(c0); plug(m0,0+1); convert(2+1,shared); unplug(m0,0+1)'],[reference,'attach(c0); plug(m0,0+1); convert(2+1,shared); unplug(m0,0+1)']] as const) { const r = judged(s, `world(containers=c0:${be}, pages=2, vmem=1x2); ${l}`); console.log(s.id, be, r.answers.join(' | '), r.violations.map((v,i) => `\n  ${JSON.stringify(v)} ${r.words[i]}`).join('')); } });
