// SPDX-License-Identifier: MIT
import type { Operation } from '../../history/operation.ts';
import { printOperation } from '../../history/print-history.ts';
import { KERNEL_BACKENDS } from '../../world/world-spec.ts';
import { family } from '../conformance-case.ts';
import { firmwarePingPong, snpEntriesOf, snpPageStateChange, tdxMapGpa } from '../shapes.ts';

const tdx = family({ prefix: 'tdx', source: 'Linux 7.2 arch/x86/kvm/vmx/tdx.c, MapGPA in exits of at most 2 MiB', basis: 'source', needs: ['assignment'] });
const snp = family({ prefix: 'snp', source: 'Linux 7.2 arch/x86/kvm/svm/sev.c, page state change', basis: 'source', needs: ['assignment'] });
const boot = family({ prefix: 'firmware', source: 'edk2 PR 3709: about 5000 conversions below 32 KiB in one boot', basis: 'list', needs: ['assignment'] });
const no = { isNegative: true } as const;
/** Guests of hundreds of pages: the kernel interfaces are enough to show what a shape does. */
const LARGE = { backends: KERNEL_BACKENDS } as const;

const line = (...operations: readonly (readonly Operation[])[]): string => operations.flat().map(printOperation).join('; ');
/** Every other page of the first `count`, as a buffer that KVM cannot merge. */
const scattered = (count: number, to: 'shared' | 'private'): Operation[] =>
  snpPageStateChange(Array.from({ length: count }, (_, at) => ({ page: 2 * at, pages: 1, to })));

/** Request shapes of TDX and SNP guests, and of a firmware that shares a buffer for each transfer. */
export const SHAPES = [
  tdx.written('boot-in-exits-of-2-mib', 'complete', 'a boot that shares 4 MiB in exits of 2 MiB maps every page once', `attach(c0); ${line(tdxMapGpa({ page: 0, count: 1024 }, 'shared'))}; dma(c0,1023,write)`, { world: 'pages=1100', ...LARGE, answers: { 4: '0 0xa1' }, source: 'Linux 7.2 arch/x86/kvm/vmx/tdx.c, TDX_MAP_GPA_MAX_LEN: one exit per 2 MiB' }),
  tdx.written('exits-from-an-odd-start', 'complete', 'exits counted from an odd start leave no page between them', `attach(c0); ${line(tdxMapGpa({ page: 3, count: 1027 }, 'shared'))}; convert(514+2,private); dma(c0,513,write); dma(c0,514,read)`, { world: 'pages=2100', ...LARGE, answers: { 6: '0 0xa1', 7: '-EFAULT' }, source: 'Linux 7.2 arch/x86/kvm/vmx/tdx.c: chunks start at the guest\'s start, not at 2 MiB' }),
  tdx.written('exit-refused-between-exits', 'atomic', 'an exit that is refused leaves those before and behind it alone', `attach(c0); refuse(c0,map,4,ENOMEM,once); ${line(tdxMapGpa({ page: 0, count: 4 }, 'shared', 2))}; dma(c0,1,write); dma(c0,3,read); heal; dma(c0,3,write)`, { ...no, source: 'Linux 7.2 arch/x86/kvm/vmx/tdx.c: EAGAIN of the VMM becomes RETRY with the address of the refused exit' }),
  tdx.written('back-to-private-in-exits', 'bounded', 'what went private in exits of 2 MiB leaves no mapping', `attach(c0); convert(0+8,shared); ${line(tdxMapGpa({ page: 0, count: 8 }, 'private', 4))}; dma(c0,4,read)`, { ...no, answers: { 5: '-EFAULT' }, source: 'Linux 7.2 arch/x86/kvm/vmx/tdx.c, __tdx_map_gpa: both directions take the same path' }),

  snp.written('an-exit-for-each-entry', 'complete', '64 scattered entries of one page are 64 exits and 64 mappings', `attach(c0); ${line(scattered(64, 'shared'))}; dma(c0,126,write); dma(c0,125,read)`, { world: 'pages=256', ...LARGE, answers: { 66: '0 0xa1', 67: '-EFAULT' }, source: 'Linux 7.2 arch/x86/coco/sev: a guest fills 64 entries of a buffer' }),
  snp.written('a-full-buffer', 'bounded', 'a full buffer of 253 entries shared and taken back leaves nothing', `attach(c0); ${line(scattered(253, 'shared'), scattered(253, 'private'))}; dma(c0,0,read)`, { ...no, world: 'pages=512', ...LARGE, answers: { 508: '-EFAULT' }, source: 'GHCB specification: a page state change holds 253 entries' }),
  snp.written('merged-entries', 'complete', 'adjacent entries merged into one exit map like single ones', `attach(c0); ${line(snpPageStateChange([1, 2, 3].map((page) => ({ page, pages: 1, to: 'shared' }))))}; dma(c0,3,write)`, { answers: { 3: '0 0xa1' }, source: 'Linux 7.2 arch/x86/kvm/svm/sev.c, snp_begin_psc: adjacent entries are one exit' }),
  snp.written('both-page-sizes', 'legal-calls', 'a run of both page sizes is mapped at its seams once', `attach(c0); ${line(...snpEntriesOf({ page: 509, count: 520 }, 'shared').map((buffer) => snpPageStateChange(buffer)))}; convert(511+2,private); dma(c0,510,write); dma(c0,1028,write)`, { world: 'pages=1600', ...LARGE, source: 'Linux 7.2 arch/x86/kvm/svm/sev.c: entries of different page sizes are never merged' }),
  snp.written('both-operations-in-a-buffer', 'bounded', 'a buffer that shares and takes back ends as its entries say', `attach(c0); convert(0+2,shared); ${line(snpPageStateChange([{ page: 0, pages: 1, to: 'private' }, { page: 1, pages: 1, to: 'private' }, { page: 2, pages: 1, to: 'shared' }, { page: 0, pages: 1, to: 'shared' }]))}; dma(c0,0,write); dma(c0,1,read)`, { ...no, answers: { 6: '0 0xa1', 7: '-EFAULT' }, source: 'Linux 7.2 arch/x86/kvm/svm/sev.c, snp_begin_psc: a change of operation ends an exit' }),
  snp.written('entry-refused-in-the-middle', 'atomic', 'an entry that is refused leaves the entries around it alone', `attach(c0); refuse(c0,map,2,ENOMEM,once); ${line(scattered(4, 'shared'))}; dma(c0,4,write); heal; dma(c0,2,write)`, { ...no, source: 'SNP page state change: each exit may be answered on its own (20250219202324.uq2kq27kmpmptbwx)', basis: 'list' }),

  boot.written('ping-pong', 'bounded', 'a firmware that shares and takes back buffers leaves nothing', `attach(c0); ${line(firmwarePingPong(40, 16, 1))}; dma(c0,0,read)`, { ...no, world: 'pages=32', source: 'edk2 PR 3709: a buffer is shared for each transfer and taken back' }),
  boot.written('ping-pong-of-two-devices', 'hotplug', 'a device that comes amid a firmware\'s conversions maps as the first', `attach(c0); ${line(firmwarePingPong(12, 8, 2))}; convert(0+2,shared); attach(c1); ${line(firmwarePingPong(12, 8, 3))}; convert(4+2,shared); dma(c1,5,write)`, { source: 'edk2 PR 3709, with a device_add amid it', basis: 'derived' }),
  boot.written('ping-pong-with-refusals', 'progress', 'buffers refused now and then are shared by their retries', `attach(c0); refuse(c0,map,5,ENOMEM,once); ${line(firmwarePingPong(10, 8, 4))}; heal; refuse(c0,unmap,2,EBUSY,once); ${line(firmwarePingPong(10, 8, 5))}; heal; convert(0+8,shared); dma(c0,7,write)`, { ...no, source: 'edk2 PR 3709, with calls refused now and then', basis: 'derived' }),
];
