// SPDX-License-Identifier: MIT
/**
 * Requests of the guest to its virtio-mem devices, from QEMU's trace of the request to that of the response.
 * Source: trace events of QEMU 10.2.2 hw/virtio/virtio-mem.c; observed on 11.1.3.
 */
import { type Answer, ANSWERS, BLOCK_STATES, type BlockState } from '@sda-lab/virtio-mem';
import type { RecordedLine } from '../recorded-line.ts';
import type { LostServer, TapeItem } from '../tape.ts';
import { playRequest, type ReplayContext } from './replay-context.ts';
import { tracedNumber, type TracedRequest } from './trace-text.ts';

interface BlockRequest {
  readonly asked: TracedRequest;
  readonly items: TapeItem[];
  state: BlockState | undefined;
}

const nameOf = <T extends string>(numbers: Readonly<Record<T, number>>, number: number | undefined): T | undefined =>
  (Object.keys(numbers) as T[]).find((name) => numbers[name] === number);

export class BlockRequests {
  readonly #context: ReplayContext;
  #open: BlockRequest | undefined = undefined;

  constructor(context: ReplayContext) {
    this.#context = context;
  }

  get current(): { readonly items: TapeItem[] } | undefined {
    return this.#open;
  }

  begin(asked: TracedRequest, items: readonly TapeItem[]): void {
    this.#open = { asked, items: [...items], state: undefined };
  }

  lose(server: LostServer): void {
    this.#open?.items.push(server);
  }

  /** virtio_mem_state_response */
  tellState(line: RecordedLine): void {
    if (this.#open !== undefined) this.#open.state = nameOf(BLOCK_STATES, tracedNumber(line, 'state'));
  }

  /** virtio_mem_send_response */
  respond(line: RecordedLine): void {
    const request = this.#open;
    this.#open = undefined;
    const answer = nameOf(ANSWERS, tracedNumber(line, 'type'));
    if (request === undefined || answer === undefined) return;
    const { guest, ledger } = this.#context;
    const { asked, items, state } = request;
    // UNPLUG_ALL names no address, but its discard does.
    const hint = items.find((item) => item.kind === 'madvise');
    const done = playRequest(this.#context, {
      request: requestText(asked),
      kind: asked.type,
      items,
      endLine: line.number,
      endUs: line.us,
      failed: answer === 'BUSY',
      recorded: answerText(answer, state),
      work: () => guest.requestBlocks(asked, answer, hint?.kind === 'madvise' ? hint.first : undefined),
      answer: (result) => answerText(result.answer, state === undefined ? undefined : result.state),
    });
    if (done?.tookNack === true) ledger.leaveOut('size the host asks for');
  }

  /** The recording ends in the middle. */
  giveUp(): void {
    this.#context.ledger.leaveOut('unfinished request', this.#open === undefined ? 0 : 1);
    this.#open = undefined;
  }
}

function answerText(answer: Answer, state: BlockState | undefined): string {
  return state === undefined ? answer : `${answer} ${state}`;
}

function requestText({ type, addr, nbBlocks }: TracedRequest): string {
  return type === 'UNPLUG_ALL' ? type : `${type} addr 0x${addr.toString(16)} nb_blocks ${nbBlocks}`;
}
