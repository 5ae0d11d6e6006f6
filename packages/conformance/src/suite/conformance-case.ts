// SPDX-License-Identifier: MIT
/**
 * One named case: a fact about guests, devices and conversions, told as operations. The judge decides whether it holds;
 * `answers` adds what the operations must answer.
 */
import type { Invariant } from '../judge/invariant.ts';
import { WORLD_BACKENDS, type WorldBackend } from '../world/world-spec.ts';

/** What a case needs of a strategy; without it the case is skipped by name. */
export type Need = 'virtioMem' | 'views' | 'rebuild' | 'assignment' | 'limitCheck' | 'inPlace' | 'twoBackend' | 'tdisp';

/** What must be absent for a case to make sense: it tests that what was not promised is refused cleanly. */
export type Absence = 'virtioMem' | 'rebuild' | 'assignment' | 'tdisp';

export type Basis = 'observed' | 'source' | 'list' | 'derived';

export interface ConformanceCase {
  /** Stable address, `family/fact`. */
  readonly id: string;
  /** At most 70 characters, a fact. */
  readonly fact: string;
  /** The invariant it is mainly about; an unexpected answer counts against it. */
  readonly about: Invariant;
  /** Whether it shows something refused or something that must not happen. */
  readonly isNegative: boolean;
  readonly source: string;
  readonly basis: Basis;
  /** World parameters in text form, without containers, regime and onRefusal: `pages=4, vmem=2x2`. */
  readonly world: string;
  /** Whether one operation of it runs inside another (nested, bound 1). */
  readonly isNested: boolean;
  /** Operations in text form. `spread`: no attach in it, the suite adds the container set-ups. */
  readonly operations: string;
  readonly setUp: 'spread' | 'as-written';
  /** Containers an as-written case names. */
  readonly containerCount: number;
  /** Their text, `*` for the backend the case runs on: `*`, `vfio-user`, `*+viommu`. Plain ones when empty. */
  readonly containers: readonly string[];
  /** Backends the case runs on. */
  readonly backends: readonly WorldBackend[];
  readonly needs: readonly Need[];
  readonly absent: readonly Absence[];
  /** By operation number (1 = first): what it must answer, in worlds without injected refusals. */
  readonly answers: Readonly<Record<number, string>>;
  /** The backends an answer holds for; others are judged without it. */
  readonly answersOn: readonly WorldBackend[];
}

interface Family {
  readonly prefix: string;
  readonly source: string;
  readonly basis: Basis;
  readonly world?: string;
  readonly needs?: readonly Need[];
}

type Extra = Partial<
  Pick<
    ConformanceCase,
    'isNegative' | 'source' | 'basis' | 'world' | 'containers' | 'backends' | 'needs' | 'absent' | 'answers' | 'answersOn'
  >
>;

export interface FamilyOf {
  /** A case whose containers the suite chooses. */
  spread(name: string, about: Invariant, fact: string, operations: string, extra?: Extra): ConformanceCase;
  /** A case that attaches by itself. */
  written(name: string, about: Invariant, fact: string, operations: string, extra?: Extra): ConformanceCase;
}

/** A case that attaches needs assignment, unless it shows that there is none. */
function needsOf(operations: string, absent: readonly Absence[] = []): Need[] {
  return operations.includes('attach(') && !absent.includes('assignment') ? ['assignment'] : [];
}

export function family({ prefix, source, basis, world = '', needs = [] }: Family): FamilyOf {
  const build =
    (setUp: ConformanceCase['setUp']) =>
    (name: string, about: Invariant, fact: string, operations: string, extra: Extra = {}): ConformanceCase => ({
      id: `${prefix}/${name}`,
      fact,
      about,
      operations,
      setUp,
      containerCount: operations.includes('c1') ? 2 : 1,
      isNested: operations.includes('at('),
      containers: [],
      backends: WORLD_BACKENDS,
      isNegative: false,
      source,
      basis,
      world,
      absent: [],
      answers: {},
      answersOn: WORLD_BACKENDS,
      ...extra,
      needs: [...new Set([...needs, ...(extra.needs ?? []), ...needsOf(operations, extra.absent)])],
    });
  return { spread: build('spread'), written: build('as-written') };
}
