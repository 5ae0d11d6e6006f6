// SPDX-License-Identifier: MIT
/**
 * The stale sequence of a recording, step by step: what the real device and CPU read, and what the model's do. It is
 * section S1 of the recordings `stale-*`: a page is mapped, freed behind the device's back, allocated again, and in the
 * end mapped anew.
 */
import { checkRecording, kernelOfName } from '@sda-lab/vfio-mock';
import type { RecordingFile } from '../check-kernel/read-recording.ts';
import type { RecordedSteps } from './scenario-schemas.ts';

type Step = RecordedSteps[number]['steps'][number];
type Line = Readonly<Record<string, unknown>>;

/** Recordings whose steps read alike share one entry. */
export function recordedSteps(recordings: readonly RecordingFile[]): RecordedSteps {
  const groups = new Map<string, RecordedSteps[number]>();
  for (const { file, text } of recordings) {
    const steps = stepsOf(file, text);
    const key = JSON.stringify(steps);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { files: [file], steps });
    else group.files.push(file);
  }
  return [...groups.values()];
}

function stepsOf(file: string, text: string): Step[] {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.includes('" S1: '));
  const end = lines.findIndex((line, at) => at > first && line.includes('"op":"close"'));
  if (first === -1 || end === -1) throw new Error(`${file} has no section S1`);
  const section = lines.slice(first, end + 1);
  const kernel = kernelOfName(file);
  const got = new Map<number, Line>();
  checkRecording(section.join('\n'), {
    ...(kernel === undefined ? {} : { kernel }),
    onAnswer: (line, answer) => got.set(line, answer),
  });
  const story: Story = { cpu: '', device: '', isFreed: false, wasStale: false };
  return section.flatMap((line, at): Step[] => {
    const fields = JSON.parse(line) as Line;
    const op = String(fields.op);
    const what = WHAT[op];
    if (what === undefined) return [];
    // What a device writes is no answer of its own: it shows in the reads that follow.
    const field = fields.val === undefined || op === 'dmaw' ? 'errno' : 'val';
    const real = String(fields[field]);
    const model = textOf(got.get(at + 1)?.[field] ?? 'no answer');
    const shows = meaning(op, String(fields.val ?? fields.errno), story);
    return [{ line: first + at + 1, what, real, model, isSame: real === model, shows }];
  });
}

function textOf(answer: unknown): string {
  return typeof answer === 'string' ? answer : JSON.stringify(answer);
}

/** What has happened so far. */
interface Story {
  /** The values written last. */
  cpu: string;
  device: string;
  /** The page was freed, and the CPU has not written since. */
  isFreed: boolean;
  wasStale: boolean;
}

const WHAT: Readonly<Record<string, string>> = {
  w: 'the CPU writes',
  r: 'the CPU reads',
  map: 'the page is mapped for the device',
  unmap: 'it is unmapped',
  punch: 'the page is freed',
  dmar: 'the device reads',
  dmaw: 'the device writes',
};

/** What a value tells, seen from what was written before. */
function meaning(op: string, value: string, story: Story): string {
  switch (op) {
    case 'w':
      story.cpu = value;
      story.device = '';
      story.isFreed = false;
      return '';
    case 'punch':
      story.isFreed = true;
      return '';
    case 'dmaw':
      story.device = value;
      return `writes ${value}`;
    case 'r':
      return story.device !== '' && value === story.cpu ? `the device's write of ${story.device} is lost` : '';
    case 'dmar':
      return meaningOfRead(value, story);
    default:
      return '';
  }
}

function meaningOfRead(value: string, story: Story): string {
  if (story.isFreed) return value === story.cpu ? 'the page that was freed' : '';
  if (value === story.cpu) return story.wasStale ? 'healed: what the CPU wrote' : 'what the CPU wrote';
  story.wasStale = true;
  return value === story.device ? 'its own write, which the CPU never sees' : `stale: the CPU wrote ${story.cpu}`;
}
