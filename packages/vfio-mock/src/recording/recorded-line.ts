// SPDX-License-Identifier: MIT
/**
 * Lines of a recording, typed: which operations there are and which fields each must have. docs/recording-format.md
 * says what they mean. Fields beyond those named here are allowed and ignored.
 */
import { type Field, type JsonLine, type JsonValue, parseJsonLine } from './json-line.ts';
import { RecordingError } from './recording-error.ts';

type FieldType = 'hex' | 'count' | 'errno' | 'text' | readonly string[];

export const RECORDED_BACKENDS = {
  type1: 'type1v2',
  iommufd: 'iommufd',
  compat: 'iommufd-compat-v2',
  mock: 'iommufd-mock-domain',
  ioas: 'iommufd-ioas',
  'type1-v1': 'type1',
  'compat-v1': 'iommufd-compat-v1',
  'vfio-user': 'vfio-user',
  'vfio-user-strict': 'vfio-user-strict',
} as const;

const RANGE = { off: 'hex', size: 'hex', errno: 'errno' } as const;
const IOVA_RANGE = { iova: 'hex', size: 'hex', errno: 'errno' } as const;
const PROT = ['r', 'w', 'rw', 'x', 'ra', 'wa', 'rwa', 'xa'];

const FIELDS: Readonly<Record<string, Readonly<Record<string, FieldType>>>> = {
  hello: {},
  bye: {},
  note: {},
  stats: {},
  kmsg: {},
  bench: {},
  info: { errno: 'errno' },
  mem: { kind: ['shared', 'private', 'anon'], size: 'count', errno: 'errno' },
  backend: { kind: Object.keys(RECORDED_BACKENDS), errno: 'errno' },
  close: {},
  map: { ...IOVA_RANGE, off: 'hex', prot: PROT },
  mapv: { ...IOVA_RANGE, va: 'hex', prot: PROT },
  mapf: { ...IOVA_RANGE, off: 'hex', prot: PROT },
  unmap: IOVA_RANGE,
  unmapall: { errno: 'errno' },
  punch: RANGE,
  alloc: RANGE,
  madv: { ...RANGE, advice: ['dontneed', 'remove', 'populate'] },
  w: { off: 'hex', val: 'hex' },
  r: { off: 'hex', val: 'hex' },
  dmar: { iova: 'hex', val: 'hex', errno: 'errno' },
  dmaw: { iova: 'hex', val: 'hex', errno: 'errno' },
  check: { ...IOVA_RANGE, off: 'hex' },
  pfn: { off: 'hex', present: 'count', pfn: 'hex' },
  locked: { VmLck_kB: 'count', VmPin_kB: 'count' },
  limit: { errno: 'errno' },
  rlimit: { now: 'count', errno: 'errno' },
  dropcap: { arg: ['drop', 'restore'], errno: 'errno' },
  kvm: { errno: 'errno' },
  kvmclose: {},
  attr: { gpa: 'hex', size: 'hex', to: ['private', 'shared'], errno: 'errno' },
  galloc: RANGE,
  gpunch: RANGE,
  gmapf: { iova: 'hex', errno: 'errno' },
  gmmap: { mmap_errno: 'errno', pread_errno: 'errno' },
};

export class RecordedLine {
  readonly number: number;
  readonly text: string;
  readonly op: string;
  readonly #fields: JsonLine;

  constructor(number: number, text: string) {
    this.number = number;
    this.text = text;
    this.#fields = parseJsonLine(text, number);
    const op = this.#fields.get('op');
    if (typeof op?.value !== 'string') {
      this.fail('op', 'every line of a recording names its operation in "op"');
    }
    this.op = op.value;
    const fields = Object.hasOwn(FIELDS, this.op) ? FIELDS[this.op] : undefined;
    if (fields === undefined) this.fail('op', `no operation "${this.op}" is known`);
    for (const [name, type] of Object.entries(fields)) this.#check(name, type);
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  value(name: string): JsonValue | undefined {
    return this.#fields.get(name)?.value;
  }

  string(name: string): string {
    return String(this.#fields.get(name)?.value);
  }

  /** A number, given as a hex string or in decimal. */
  bigint(name: string): bigint {
    const value = this.#fields.get(name)?.value;
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
      ? BigInt(value)
      : this.fail(name, `"${name}" is a number`);
  }

  fail(name: string, problem: string): never {
    throw new RecordingError(this.number, this.#fields.get(name)?.column ?? 1, problem);
  }

  #check(name: string, type: FieldType): void {
    const field = this.#fields.get(name);
    if (field === undefined) {
      throw new RecordingError(this.number, 1, `operation "${this.op}" lacks the field "${name}"`);
    }
    if (!fits(field, type)) this.fail(name, `"${name}" must be ${describe(type)}`);
  }
}

/** All lines of a recording; the first that is none is a RecordingError. */
export function parseRecording(text: string): RecordedLine[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  while (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new RecordingError(1, 1, 'a recording has at least one line');
  return lines.map((line, index) => new RecordedLine(index + 1, line));
}

function fits({ value }: Field, type: FieldType): boolean {
  if (typeof type !== 'string') return typeof value === 'string' && type.includes(value);
  switch (type) {
    case 'hex':
      return typeof value === 'string' && /^0x[0-9a-f]{1,16}$/i.test(value);
    case 'count':
      return (typeof value === 'number' && Number.isInteger(value) && value >= 0) || typeof value === 'bigint';
    case 'errno':
      return typeof value === 'string' && /^(?:0|E[A-Z0-9]+)$/.test(value);
    case 'text':
      return typeof value === 'string';
  }
}

function describe(type: FieldType): string {
  if (typeof type !== 'string') return `one of ${type.join(', ')}`;
  switch (type) {
    case 'hex':
      return 'a hex string such as "0x1000", at most 64 bits';
    case 'count':
      return 'a number, 0 or more';
    case 'errno':
      return '"0" or the name of an errno such as "EINVAL"';
    case 'text':
      return 'a string';
  }
}
