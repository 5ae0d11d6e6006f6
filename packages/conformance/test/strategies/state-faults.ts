// SPDX-License-Identifier: MIT
/** Designs that go wrong about plugged pages and about what others are shown; each has exactly one mistake. */
import type { EmitRun, Strategy } from '@sda-lab/guest-memory';
import { withPlug } from '../../src/index.ts';
import { planted } from './planted.ts';

/** Takes a plug source and does not ask it. */
export const ignoresPlugged: Strategy = planted('ignores-plugged', () => ({
  instance: (instance) => ({ ...instance, attachSource: () => 0 }),
}));

/** A plugged block gets no mappings for what is shared in it. */
export const plugsBlindly: Strategy = planted('plugs-blindly', () => ({
  instance: (instance) => withPlug(instance, { willPlug: () => 0 }),
}));

/** An unplugged block keeps its mappings. */
export const unplugsBlindly: Strategy = planted('unplugs-blindly', () => ({
  instance: (instance) => withPlug(instance, { willUnplug: () => 0, willUnplugAll: () => 0 }),
}));

function showing(id: string, show: (emit: EmitRun) => EmitRun): Strategy {
  return planted(id, () => ({
    instance: (instance) => ({
      ...instance,
      runs: (block, view, firstPage, endPage, emit) =>
        instance.runs(block, view, firstPage, endPage, show(emit)),
    }),
  }));
}

/** Migration and dump skip private pages, as if they were not there. */
export const dropsPrivate: Strategy = showing(
  'drops-private',
  (emit) => (firstPage, endPage, side) => (side === 'private' ? 0 : emit(firstPage, endPage, side)),
);

/** Migration and dump take private pages for plain RAM. */
export const callsAllShared: Strategy = showing(
  'calls-all-shared',
  (emit) => (firstPage, endPage) => emit(firstPage, endPage, 'shared'),
);

/** Migration and dump see unplugged pages too. */
export const showsUnplugged: Strategy = planted('shows-unplugged', () => ({
  instance: (instance) => ({
    ...instance,
    runs: (_block, _view, firstPage, endPage, emit) => emit(firstPage, endPage, 'private'),
  }),
}));
