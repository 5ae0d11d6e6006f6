// SPDX-License-Identifier: MIT
import { loadNative } from '../../native/load-native.ts';
import type { IovaMap } from './iova-map.ts';

/** C++ `std::map`, or why there is none. There is one map in it: who takes it clears it first. */
export function loadStdMap(): IovaMap | { readonly reason: string } {
  const native = loadNative<Required<Omit<IovaMap, 'name'>>>('std-map.cc');
  return 'reason' in native ? native : { name: 'C++ std::map', ...native.functions };
}
