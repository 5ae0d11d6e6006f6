// SPDX-License-Identifier: MIT
/**
 * What QEMU does that somebody outside sees: a DMA message to a device's server, a map or unmap of an IOAS, memory
 * attributes set, memory discarded. The recording and the model write it in the same words, so that equal is equal text.
 */
import type { RecordedLine } from './recorded-line.ts';

export type EffectKind = 'map' | 'unmap' | 'attributes' | 'madvise' | 'punch';

export interface Effect {
  /** Whose connection or IOAS, or `kvm`. Messages of one actor are ordered among themselves always. */
  readonly actor: string;
  readonly kind: EffectKind;
  readonly text: string;
}

export interface RecordedEffect extends Effect {
  readonly line: number;
  /** Microseconds since the recorder began. */
  readonly us: number;
  /** Half-open range of what it names: IOVA, guest physical address or file offset. */
  readonly first: bigint;
  readonly end: bigint;
  /** Whether the kernel or the server refused: its answer as an errno, 0 for none. Input to the model, never compared. */
  readonly errno: number;
  readonly thread: number | undefined;
  /** A recorder may write less of a message that was refused; `text` is only how it begins then. */
  readonly isCut: boolean;
}

export const KVM = 'kvm';

/** IOMMU_IOAS_MAP_FIXED_IOVA, _WRITEABLE, _READABLE. */
const IOAS_FLAGS = { fixed: 1, write: 2, read: 4 } as const;
/** vfio-user's DMA_MAP flags. */
const DMA_FLAGS = { read: 1, write: 2 } as const;

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** How a container's messages are written down. */
export type Backend = 'vfio-user' | 'iommufd';

export interface MapMessage {
  readonly iova: bigint | number;
  readonly size: bigint | number;
  readonly flags: number;
  /** Offset in the memory's file; an IOAS is told a host address instead, which no model can know. */
  readonly offset: bigint | number;
}

export function mapText(backend: Backend, { iova, size, flags, offset }: MapMessage): string {
  const start = mapStart(backend, iova, size);
  return backend === 'vfio-user' ? `${start} flags ${flags} offset ${hex(offset)}` : `${start} flags ${flags}`;
}

function mapStart(backend: Backend, iova: bigint | number, size: bigint | number): string {
  const [what, sizeName] = backend === 'vfio-user' ? ['DMA_MAP', 'size'] : ['io-map', 'len'];
  return `${what} iova ${hex(iova)} ${sizeName} ${hex(size)}`;
}

export function mapFlags(backend: Backend, writable: boolean): number {
  if (backend === 'vfio-user') return DMA_FLAGS.read | (writable ? DMA_FLAGS.write : 0);
  return IOAS_FLAGS.fixed | IOAS_FLAGS.read | (writable ? IOAS_FLAGS.write : 0);
}

export function unmapText(backend: Backend, iova: bigint | number, size: bigint | number, flags = 0): string {
  return backend === 'vfio-user'
    ? `DMA_UNMAP iova ${hex(iova)} size ${hex(size)} flags ${flags}`
    : `io-unmap iova ${hex(iova)} len ${hex(size)}`;
}

export function attributesText(gpa: bigint | number, size: bigint | number, side: string): string {
  return `attr gpa ${hex(gpa)} size ${hex(size)} ${side}`;
}

/** The shared side's memory goes; which advice it takes depends on how it was allocated. */
export function madviseText(gpa: bigint | number, size: bigint | number): string {
  return `madvise gpa ${hex(gpa)} len ${hex(size)}`;
}

/** `file` is the guest_memfd's number in the recording, or `shared` for the file behind the shared side. */
export function punchText(file: number | 'shared', offset: bigint | number, size: bigint | number): string {
  const what = file === 'shared' ? 'shared file' : `guest_memfd ${file}`;
  return `punch ${what} off ${hex(offset)} len ${hex(size)}`;
}

/** The effect a line tells of, or undefined where it tells of something else. */
export function effectOf(line: RecordedLine): RecordedEffect | undefined {
  if (line.src === KVM) return kvmEffect(line);
  if (line.ev === 'DMA_MAP') return serverMap(line);
  if (line.ev !== 'DMA_UNMAP') return undefined;
  const [iova, size] = [line.address('iova'), line.address('size')];
  return recorded(line, line.src, 'unmap', unmapText('vfio-user', iova, size, line.countOr('flags', 0)), iova, size);
}

function serverMap(line: RecordedLine): RecordedEffect {
  const [iova, size] = [line.address('iova'), line.address('size')];
  const isCut = errnoOf(line) !== 0 && !(line.has('flags') && line.has('offset'));
  const text = isCut
    ? mapStart('vfio-user', iova, size)
    : mapText('vfio-user', { iova, size, flags: line.count('flags'), offset: line.address('offset') });
  return { ...recorded(line, line.src, 'map', text, iova, size), isCut };
}

function kvmEffect(line: RecordedLine): RecordedEffect | undefined {
  switch (line.ev) {
    case 'attr': {
      const [gpa, size] = [line.address('gpa'), line.address('size')];
      return recorded(line, KVM, 'attributes', attributesText(gpa, size, line.text('attr')), gpa, size);
    }
    case 'madvise': {
      // Memory that is no slot yet has no guest address.
      if (!line.has('gpa')) return undefined;
      const [gpa, size] = [line.address('gpa'), line.address('len')];
      return recorded(line, KVM, 'madvise', madviseText(gpa, size), gpa, size);
    }
    case 'punch': {
      const [offset, size] = [line.address('off'), line.address('len')];
      const file = line.text('what') === 'guest_memfd' ? line.count('id') : 'shared';
      return recorded(line, KVM, 'punch', punchText(file, offset, size), offset, size);
    }
    case 'io-unmap': {
      const [iova, size] = [line.address('iova'), line.address('len')];
      return recorded(line, ioasName(line), 'unmap', unmapText('iommufd', iova, size), iova, size);
    }
    default: {
      // io-map, and io-map-file for memory that has one.
      if (!line.ev.startsWith('io-map')) return undefined;
      const [iova, size] = [line.address('iova'), line.address('len')];
      const text = mapText('iommufd', { iova, size, flags: line.count('flags'), offset: 0 });
      return recorded(line, ioasName(line), 'map', text, iova, size);
    }
  }
}

export function ioasName(line: RecordedLine): string {
  return `ioas${line.count(line.ev === 'ioas' ? 'id' : 'ioas')}`;
}

function recorded(
  line: RecordedLine,
  actor: string,
  kind: EffectKind,
  text: string,
  first: bigint,
  size: bigint,
): RecordedEffect {
  const thread = line.has('tid') ? line.count('tid') : undefined;
  const range = { first, end: first + size };
  return { line: line.number, us: line.us, actor, kind, text, ...range, errno: errnoOf(line), thread, isCut: false };
}

/** Kernels answer in `err`; a server is told beforehand what to refuse with, or refuses by itself. */
const ERRNO_FIELDS = ['err', 'injected', 'errno', 'error'];

function errnoOf(line: RecordedLine): number {
  for (const name of ERRNO_FIELDS) {
    const errno = line.has(name) ? line.errno(name) : 0;
    if (errno !== 0) return errno;
  }
  return 0;
}
