// SPDX-License-Identifier: MIT
/**
 * Recordings of a confidential guest: a TDX guest of a real QEMU over a stand-in KVM whose vCPUs leave with conversion
 * requests. A conversion runs from its exit to the re-entry, or to the stop of the VM.
 *
 * Compared: attributes, DMA messages (or maps and unmaps of the stand-in IOMMU), discards and the answer of each
 * conversion, virtio-mem request, device that comes or goes, and reset, in order. A file may hold several guests, one
 * after the other.
 */
import { ConfidentialReplay } from './confidential-replay.ts';
import { isExit } from './exit.ts';
import { readGuestFacts } from './guest-facts.ts';
import { buildModel } from '../follow-model.ts';
import { Ledger, type QemuRecordingReport } from '../ledger.ts';
import type { ModelParts } from '../model-parts.ts';
import type { RecordedLine } from '../recorded-line.ts';

export function checkConfidential(lines: readonly RecordedLine[], parts: ModelParts): QemuRecordingReport {
  const ledger = new Ledger();
  for (const guest of guestsOf(lines)) {
    const facts = readGuestFacts(guest, isExit);
    buildModel(ledger, guest, () => new ConfidentialReplay(guest, facts, parts, ledger))?.run();
  }
  return ledger.report();
}

/** Each QEMU opens KVM once. */
function guestsOf(lines: readonly RecordedLine[]): RecordedLine[][] {
  const starts = lines.flatMap((line, index) => (line.src === 'kvm' && line.ev === 'open-kvm' ? [index] : []));
  const cuts = [0, ...starts.slice(1), lines.length];
  return cuts.slice(1).map((end, at) => lines.slice(cuts[at], end));
}
