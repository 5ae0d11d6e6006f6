// SPDX-License-Identifier: MIT
/**
 * A design from outside, before it runs. Somebody writes one file, perhaps in plain JavaScript: what is missing or of
 * the wrong kind is told by name, all of it at once, and what has an obvious default may be left out.
 *
 * Not here: the members of the instance that `create` answers; each world checks those (world/guard).
 */
import type { Capabilities, DesignCost, Host, Instance, ListenerProfile, Strategy } from '@sda-lab/guest-memory';
import * as v from 'valibot';
import { StrategyError } from './strategy-error.ts';
import { shown } from '../world/guard/shown.ts';

/** The members of an instance that have no default under any capability. */
type NeededMembers = 'addBlock' | 'subscribe' | 'unsubscribe' | 'convert';

/** What `create` of a design of one's own answers; the capabilities decide which other members are needed. */
export type OwnInstance = Pick<Instance, NeededMembers> & Partial<Omit<Instance, NeededMembers>>;

/** A design of one's own: a `Strategy` whose obvious parts may be left out. */
export interface OwnStrategy extends Partial<Omit<Strategy, 'id' | 'title' | 'create' | 'capabilities' | 'listener'>> {
  readonly id: string;
  readonly title: string;
  /** What is left out is as the designs done right have it: nothing undone by itself, refused where it must be. */
  readonly listener?: Partial<ListenerProfile>;
  /** What is left out is not offered; a device may be attached, in the two-backend regime, unless it says otherwise. */
  readonly capabilities?: Partial<Capabilities>;
  create(host: Host, without: ReadonlySet<string>): OwnInstance;
}

const LONGEST_ID = 40;
const MOST_PROBLEMS = 5;

const idSchema = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9-]*$/, 'small letters, digits and hyphens, a letter first'),
  v.maxLength(LONGEST_ID, `at most ${LONGEST_ID} characters`),
);

const isFunction = (value: unknown): boolean => typeof value === 'function';

const capabilitiesSchema = v.object({
  virtioMem: v.optional(v.boolean(), false),
  views: v.optional(v.boolean(), false),
  assignment: v.optional(v.boolean(), true),
  reset: v.optional(v.picklist(['rebuild', 'shutdown']), 'shutdown'),
  regimes: v.optional(v.pipe(v.array(v.picklist(['two-backend', 'in-place'])), v.minLength(1, 'at least one')), ['two-backend']),
  tdisp: v.optional(v.boolean(), false),
} satisfies Record<keyof Capabilities, v.GenericSchema>);

/** The listener that leaves every decision to the design: it undoes nothing by itself and refuses where it must. */
const listenerSchema = v.object({
  rollback: v.optional(v.picklist(['run', 'none']), 'none'),
  admission: v.optional(v.picklist(['off', 'warn', 'refuse']), 'refuse'),
  awaitsAttach: v.optional(v.boolean(), true),
  refusedSection: v.optional(v.picklist(['exit', 'return']), 'return'),
  fineGranule: v.optional(v.picklist(['assert', 'ask']), 'ask'),
} satisfies Record<keyof ListenerProfile, v.GenericSchema>);

const strategySchema = v.object({
  id: idSchema,
  title: v.pipe(v.string(), v.nonEmpty('one line for tables')),
  source: v.optional(v.string(), 'a design from outside the lab'),
  discardRequirement: v.optional(v.picklist(['require', 'coordinated', 'none']), 'coordinated'),
  requestPath: v.optional(v.picklist(['first-section', 'per-section']), 'per-section'),
  listener: v.optional(listenerSchema, {}),
  capabilities: v.optional(capabilitiesSchema, {}),
  additions: v.optional(v.array(v.object({ id: idSchema, what: v.string(), guards: v.string() })), []),
  create: v.custom<Strategy['create']>(isFunction),
} satisfies Record<Exclude<keyof Strategy, 'cost'>, v.GenericSchema>);

/** Costs are for the evaluation, which runs the lab's own designs only. */
const NO_COST: DesignCost = {
  stateBits: { perPage: [], perFollower: [], asked: [] },
  interfaceMembers: [],
  changedMembers: [],
  changedUsers: [],
  source: 'not given',
};

/** The design with its defaults filled in. Throws a `StrategyError` that names every problem. */
export function checkStrategy(value: unknown): Strategy {
  if (typeof value !== 'object' || value === null) {
    throw new StrategyError(`a strategy is an object with id, title and create; this is ${shown(value)}`);
  }
  const { success, output, issues } = v.safeParse(strategySchema, value);
  if (!success) throw new StrategyError(problemsText(issues.map(problemOf)));
  const own = value as OwnStrategy;
  const create: Strategy['create'] = (host, without) => own.create(host, without) as Instance;
  return Object.freeze({ ...output, cost: own.cost ?? NO_COST, create });
}

/** What members that cannot be left out are for. */
const NEEDED: Readonly<Record<string, string>> = {
  id: 'its name in tables, as text',
  title: 'one line for tables, as text',
  create: 'a function create(host, without) that answers the instance',
};

function problemOf(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? 'the strategy';
  const wanted = issue.kind === 'validation' ? issue.message : (NEEDED[path] ?? withoutBrackets(issue.expected) ?? issue.message);
  return issue.input === undefined ? `${path} is missing (${wanted})` : `${path} is ${shown(issue.input)} (${wanted})`;
}

/** valibot sets alternatives in brackets: `("run" | "none")`. */
function withoutBrackets(expected: string | null): string | undefined {
  return expected?.replace(/^\((.*)\)$/, '$1');
}

function problemsText(problems: readonly string[]): string {
  const told = problems.slice(0, MOST_PROBLEMS).join('; ');
  const more = problems.length - MOST_PROBLEMS;
  return more > 0 ? `${told}; and ${more} more` : told;
}
