// SPDX-License-Identifier: MIT
/**
 * A violation in words, made from its data alone: Let (what the guest and the operation established), Then (what must
 * hold), However (what was found).
 */
import { printOperation } from '../history/print-history.ts';
import type { History } from '../history/history.ts';
import { hypotheticalPart } from '../world/world-spec.ts';
import type { Evidence, Reason, Violation } from './violation.ts';

export function explain(violation: Violation, history: History): string {
  const when = momentText(violation.operationIndex, history);
  const [then, however] = wordsOf(violation.evidence);
  const harm = violation.invariant === 'isolated' ? HARM[history.world.tee] : '';
  const hypothetical = hypotheticalPart(history.world);
  const note = hypothetical === undefined ? '' : ` (Hypothetical: ${hypothetical}.)`;
  return `${when} Then ${then}. However, ${however}.${harm}${note}`;
}

/** What must hold, and what was found instead. */
export function wordsOf(evidence: Evidence): readonly [then: string, however: string] {
  return WORDS[evidence.reason]({
    page: evidence.position === undefined ? 'the page' : `page ${evidence.position}`,
    who: evidence.container ?? 'the container',
    device: frameText(evidence.deviceFrame),
    backing: frameText(evidence.backingFrame),
    shown: evidence.shownSide ?? 'another',
    held: valueText(evidence.heldValue),
    owed: valueText(evidence.owedValue),
    detail: evidence.detail ?? '',
  });
}

function momentText(operationIndex: number, history: History): string {
  const operation = history.operations[operationIndex];
  const nested = nestedAt(operationIndex, history);
  if (nested !== undefined) return nested;
  if (operation !== undefined) return `Let operation ${operationIndex + 1}, ${printOperation(operation)}, be done.`;
  if (operationIndex < 0) return 'Let the world be built.';
  return 'Let the history be over: faults are lifted, refused requests retried, containers detached.';
}

/** An operation with another one inside it: which of the two was under way when it was seen. */
function nestedAt(operationIndex: number, { operations }: History): string | undefined {
  const isInner = operations[operationIndex]?.op === 'at';
  const [outer, inner] = isInner ? operations.slice(operationIndex - 1) : operations.slice(Math.max(0, operationIndex));
  if (outer === undefined || inner?.op !== 'at' || outer.op === 'at') return undefined;
  const number = isInner ? operationIndex : operationIndex + 1;
  const how = `${printOperation(inner.operation)} inside it, after its event ${inner.event} (nested, bound 1)`;
  const both = `Let operation ${number}, ${printOperation(outer)}, be done with ${how}`;
  return isInner ? `${both}, as far as the inner one.` : `${both}.`;
}

interface Facts {
  readonly page: string;
  readonly who: string;
  readonly device: string;
  readonly backing: string;
  readonly shown: string;
  readonly held: string;
  readonly owed: string;
  readonly detail: string;
}

const NO_FRAME = 'no frame';

const HARM = {
  none: '',
  tdx: ' On TDX such an access is a host machine check.',
  snp: ' On SEV-SNP the RMP refuses such an access and the IOMMU logs a fault.',
} as const;

/** Then ... / However ..., per reason. */
const WORDS: Readonly<Record<Reason, (facts: Facts) => readonly [string, string]>> = {
  'stale-translation': ({ page, who, device, backing }) => [
    backing === NO_FRAME
      ? `no frame backs ${page} yet, so a device in ${who} may reach none`
      : `a device in ${who} must reach ${backing}, which backs ${page}`,
    `${who} still leads ${page} to ${device}: the device reads and writes the wrong memory`,
  ],
  'private-frame-reached': ({ page, who, device }) => [
    'no device may reach a frame that holds private data',
    `${who} leads ${page} to ${device}, which is private`,
  ],
  'mapped-after-discard': ({ page, who }) => [
    `no mapping of ${who}, which pins nothing, may cover ${page} once its memory is freed`,
    'one did: an access through it brings the memory back',
  ],
  'too-many-rights': ({ page, who }) => [
    `${who} may read but not write ${page}, which lies in a read-only section`,
    `${who} maps it writable`,
  ],
  'not-mapped': ({ page, who }) => [
    `${page}, plugged and shared, must be mapped in ${who}`,
    `${who} has no mapping of it: the device's accesses fail`,
  ],
  'lingering-mapping': ({ page, who, device }) => [
    `${who} must not map ${page}, which is private or unplugged`,
    device === NO_FRAME
      ? 'it still does: an access through it brings memory back'
      : `it still leads to ${device}, which stays pinned beside the memory the guest uses`,
  ],
  'mapping-over-nothing': ({ who, detail }) => [
    'a mapping lies over a page that its section shows',
    `${who} maps guest page ${detail}, where the guest has nothing`,
  ],
  'two-frames': ({ page, detail }) => [
    `one frame over both sides may exist for ${page}`,
    `both sides hold one (${detail}): the page costs twice its size`,
  ],
  'unplugged-frame': ({ page, detail }) => [
    `${page} is unplugged and must hold no memory`,
    `a frame is left (${detail})`,
  ],
  'orphan-pin': ({ detail }) => [
    'every frame is reachable from the page it backs',
    `${detail} frame(s) live on by a pin alone`,
  ],
  'counter-left': ({ detail }) => ['the discard coordination counts go back to zero', `left over: ${detail}`],
  'refused-but-changed': ({ page, detail }) => [
    'a refused operation must equal one that was not done',
    `${page} differs from before: ${detail}`,
  ],
  'success-without-mapping': ({ page, who }) => [
    `an operation that reports success after a refusal has mapped ${page} in ${who}`,
    `success was reported and ${who} has no mapping of it`,
  ],
  'success-without-change': ({ page, detail }) => [
    `a conversion that reports success leaves ${page} ${detail}`,
    'KVM still has it on the other side: the guest and its VMM disagree',
  ],
  'neither-order': ({ detail }) => [
    'two operations that meet end as if one had come after the other',
    `what is there now is the end of neither order (${detail})`,
  ],
  'retry-differs': ({ page, detail }) => [
    'a refused operation, repeated once nothing stands in its way, ends as if it had not been refused',
    `${page === 'the page' ? '' : `of ${page}, `}${detail}`,
  ],
  'retry-refused': ({ detail }) => [
    'with the fault lifted, the retry of a refused operation succeeds',
    `it answered ${detail}`,
  ],
  'freed-while-mapped': ({ page, who }) => [
    `${page} is unmapped everywhere before its memory is freed`,
    `it was freed while ${who} mapped it`,
  ],
  'turned-private-while-mapped': ({ page, who }) => [
    `${page} is unmapped everywhere before its frame turns private`,
    `it turned private while ${who} mapped it`,
  ],
  'page-not-seen': ({ page, detail }) => [
    `${detail} must see ${page}, which is plugged`,
    'it was left out as if it were not there',
  ],
  'page-seen-wrongly': ({ page, detail, shown }) => [
    `${detail} must see the plugged pages with their sides, and nothing else`,
    `${page} was shown to it on the ${shown} side`,
  ],
  'page-invented': ({ page, shown, detail }) => [
    `${detail} must see the guest's pages only; ${page} is unplugged`,
    `it was shown on the ${shown} side: the copy has a page the guest does not have`,
  ],
  'wrong-copy': ({ page, held, owed, detail }) => {
    const [consumer, why] = detail.split(': ') as [string, string];
    return [`${consumer === 'dump' ? 'the dump' : 'the restored guest'} holds ${owed} at ${page}, as the guest does`, `it holds ${held}: ${why}`];
  },
  'dirty-sync-differs': ({ page, who, detail }) => [
    `dirty tracking of ${who} is asked about exactly what is mapped`,
    `${page} is ${detail}`,
  ],
  'restored-guest-wrong': ({ detail }) => ['the restored guest is as right as the one it was copied from', detail],
  'viommu-accepted': ({ page, who, detail }) => [
    `the vIOMMU of ${who} refuses ${page}, which no device may reach`,
    `it was mapped at ${detail}`,
  ],
  'viommu-refused': ({ page, who, detail }) => [
    `the vIOMMU of ${who} may map ${page}, which is plugged and shared`,
    `the mapping at ${detail} was refused as of discarded memory, and nobody makes it later`,
  ],
  'remap-differs': ({ page, who, detail }) => [
    `a remap of ${who} maps what was mapped before`,
    `${page} is ${detail}`,
  ],
  'private-not-mapped': ({ page, who }) => [
    `${page}, plugged and private, must be mapped in ${who} on its private side`,
    `${who} has no mapping of it: the TDISP device's accesses fail`,
  ],
  'late-differs': ({ page, who, detail }) => [
    `${who}, attached late, maps what an early one maps`,
    `${page} is ${detail}`,
  ],
  'left-behind': ({ who, detail }) => [`a detached ${who} leaves nothing behind`, `${detail} left`],
  'uncoordinated-discard': ({ page, detail }) => [
    `${detail} is refused or skips while a device is attached`,
    `it discarded ${page}`,
  ],
  'illegal-call': ({ who, detail }) => ['no call is made that the backend must refuse', `${who} answered ${detail}`],
  'vmm-ended': ({ detail }) => ['nothing a guest or a refused call does ends the VMM', `it ended: ${detail}`],
};

function valueText(value: number | undefined): string {
  return value === undefined ? 'nothing' : `0x${value.toString(16)}`;
}

function frameText(frame: number | undefined): string {
  return frame === undefined || frame === 0 ? NO_FRAME : `frame ${frame}`;
}
