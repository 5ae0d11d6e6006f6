// SPDX-License-Identifier: MIT
/**
 * What a design shares with the suite in one thread, made unchangeable before the design is loaded: the built-in
 * objects of the language, and the ways to end the process. A design that tries gets an error where it stands, so its
 * VMM dies with a message and a history, and the suite goes on.
 *
 * Not covered: a design that means harm. It can post messages of its own, use up file descriptors, write files.
 */

/** Prototypes that code assigns own members over (`error.message = ...`): nothing may be added, but no more. */
const OPEN: readonly object[] = [Object.prototype, Function.prototype, Error.prototype];

const GLOBALS = [
  'Array', 'ArrayBuffer', 'Atomics', 'BigInt', 'Boolean', 'DataView', 'Date', 'Error', 'Function', 'Int32Array', 'JSON',
  'Map', 'Math', 'Number', 'Object', 'Promise', 'Proxy', 'RangeError', 'Reflect', 'RegExp', 'Set', 'String', 'Symbol',
  'TypeError', 'Uint32Array', 'Uint8Array', 'WeakMap', 'WeakSet', 'globalThis',
] as const;

export function hardenRealm(): void {
  for (const name of GLOBALS) {
    const value: unknown = Reflect.get(globalThis, name);
    Object.defineProperty(globalThis, name, { writable: false, configurable: false });
    if (name !== 'globalThis') freezeWithPrototype(value as object);
  }
  for (const prototype of hiddenPrototypes()) Object.freeze(prototype);
  for (const prototype of OPEN) Object.preventExtensions(prototype);
}

function freezeWithPrototype(value: object): void {
  const prototype: unknown = Reflect.get(value, 'prototype');
  if (typeof prototype === 'object' && prototype !== null && !isOpen(prototype)) Object.freeze(prototype);
  Object.freeze(value);
}

function isOpen(prototype: object): boolean {
  return OPEN.includes(prototype) || prototype instanceof Error;
}

/** Prototypes without a global name: iterators, generators, typed arrays. */
function hiddenPrototypes(): object[] {
  const iterators = [[].values(), new Map().values(), new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g)].map(prototypeOf);
  const generators = [prototypeOf(nothing), prototypeOf(prototypeOf(nothing()))];
  return [...iterators, prototypeOf(iterators[0]!), ...generators, prototypeOf(Int32Array.prototype), prototypeOf(Int32Array)];
}

function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value) as object;
}

function* nothing(): Generator<never> {}

/** Inside a Worker these would end the thread, or the whole process, without a word. */
export function refuseToExit(): void {
  for (const name of ['exit', 'abort', 'kill', 'reallyExit'] as const) {
    const refuse = (...args: unknown[]): never => {
      throw new Error(`the design called process.${name}(${args.map(String).join(', ')})`);
    };
    Object.defineProperty(process, name, { value: refuse, writable: false, configurable: false });
  }
}
