// SPDX-License-Identifier: MIT
/**
 * The native iommufd ioctls: checks of the structs themselves, then the IOAS.
 * Source: Linux 7.2.13 drivers/iommu/iommufd/{main,ioas,hw_pagetable,io_pagetable}.c; recordings edge-iommufd-7.2own,
 * selftest-iommufd-7.2own. Not covered: E2BIG of oversized structs, object ids, nested domains.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import type { DirtyLog } from '../_internals/dirty-log.ts';
import { READ, WRITE } from '../_internals/page-record.ts';
import { ADDRESS_END, type Geometry, type IovaRange, LAST_ADDRESS, PAGE, PAGES_END } from '../geometry.ts';
import type { Ioas, Placed } from './ioas.ts';
import {
  DIRTY_BITMAP_NO_CLEAR,
  DIRTY_TRACKING_ENABLE,
  type DirtyBitmapRequest,
  FIXED_IOVA,
  type IoasCopy,
  type IoasMap,
  type IoasMapFile,
  type IoasMapped,
  type IoasUnmapped,
  type IommufdDoor,
  type IovaRanges,
  OPTION_HUGE_PAGES,
  type OptionArguments,
  READABLE,
  WRITEABLE,
} from './iommufd-door.ts';

/** Doors made here, so that a copy finds the IOAS behind its source. */
const ioasOf = new WeakMap<IommufdDoor, Ioas>();

/** `checkFile` answers 0 when a file descriptor is open, else -EBADF. */
export function createIommufdDoor(
  ioas: Ioas,
  dirty: DirtyLog,
  checkFile: (fd: number) => Status,
): IommufdDoor {
  const door: IommufdDoor = {
    kind: 'iommufd',
    ioasMap: (map) => ioasMap(ioas, map),
    ioasMapFile: (map) => ioasMapFile(ioas, map, checkFile),
    ioasUnmap: (iova, length) => ioasUnmap(ioas, iova, length),
    ioasCopy: (copy) => ioasCopy(ioas, copy),
    iovaRanges: (arrayLength, reserved = 0) => iovaRanges(ioas, arrayLength, reserved),
    allowIovas: (ranges, reserved = 0) => (reserved === 0 ? ioas.allow(ranges) : -ERRNO.EOPNOTSUPP),
    option: (request) => option(ioas, request),
    setDirtyTracking: (flags, reserved = 0) => setDirtyTracking(ioas, dirty, flags, reserved),
    getDirtyBitmap: (request) => getDirtyBitmap(ioas, dirty, request),
    attachDevice: (geometry: Geometry) => ioas.attach(geometry),
    detachDevice: () => ioas.detach(),
  };
  ioasOf.set(door, ioas);
  return door;
}

function rightsOf(flags: number): number {
  return ((flags & READABLE) === 0 ? 0 : READ) | ((flags & WRITEABLE) === 0 ? 0 : WRITE);
}

/** Checks that map, map of a file and copy share. */
function checkMapStruct(flags: number, reserved: number, sizes: readonly bigint[]): Status {
  const isUnknown = (flags & ~(FIXED_IOVA | READABLE | WRITEABLE)) !== 0;
  if (isUnknown || reserved !== 0) return -ERRNO.EOPNOTSUPP;
  if (sizes.some((size) => size >= LAST_ADDRESS)) return -ERRNO.EOVERFLOW;
  return rightsOf(flags) === 0 ? -ERRNO.EINVAL : 0;
}

function placementOf(flags: number, iova: bigint): { readonly iova: bigint } | 'anywhere' {
  return (flags & FIXED_IOVA) === 0 ? 'anywhere' : { iova };
}

function answer(placed: Placed, iova: bigint): IoasMapped {
  return { status: placed.status, iova: placed.status === 0 ? placed.iova : iova };
}

function ioasMap(ioas: Ioas, map: IoasMap): IoasMapped {
  const { flags, userVa, length, iova } = map;
  const refused = checkMapStruct(flags, map.reserved ?? 0, [iova, length]);
  if (refused !== 0) return { status: ioas.areas.refuseMap(refused), iova };
  const source = { kind: 'user', va: userVa } as const;
  return answer(ioas.mapPages(placementOf(flags, iova), source, length, rightsOf(flags), 0), iova);
}

function ioasMapFile(ioas: Ioas, map: IoasMapFile, checkFile: (fd: number) => Status): IoasMapped {
  const { flags, fd, start, length, iova } = map;
  const refused = checkMapStruct(flags, 0, [iova, length]) || checkFileRange(map) || checkFile(fd);
  if (refused !== 0) return { status: ioas.areas.refuseMap(refused), iova };
  const source = { kind: 'file', fd, start } as const;
  return answer(ioas.mapPages(placementOf(flags, iova), source, length, rightsOf(flags), 0), iova);
}

function checkFileRange({ start, length }: IoasMapFile): Status {
  if (length === 0n) return -ERRNO.EINVAL;
  return start + length - 1n >= ADDRESS_END ? -ERRNO.EOVERFLOW : 0;
}

function ioasCopy(ioas: Ioas, copy: IoasCopy): IoasMapped {
  const { flags, source, length, dstIova, srcIova } = copy;
  const refused = checkMapStruct(flags, 0, [length, srcIova, dstIova]);
  if (refused !== 0) return { status: ioas.areas.refuseMap(refused), iova: dstIova };
  const from = ioasOf.get(source);
  if (from === undefined) return { status: ioas.areas.refuseMap(-ERRNO.ENOENT), iova: dstIova };
  const placement = placementOf(flags, dstIova);
  return answer(ioas.copy(from, srcIova, length, placement, rightsOf(flags)), dstIova);
}

function ioasUnmap(ioas: Ioas, iova: bigint, length: bigint): IoasUnmapped {
  if (iova === 0n && length === LAST_ADDRESS) return { status: 0, length: ioas.areas.unmapAll() };
  if (iova >= LAST_ADDRESS || length >= LAST_ADDRESS) {
    return { status: ioas.areas.refuseUnmap(-ERRNO.EOVERFLOW), length };
  }
  const { status, bytes } = ioas.unmap(iova, length);
  return { status, length: status === 0 ? bytes : length };
}

/** Holes of the reserved ranges. */
export function freeRanges(reserved: readonly IovaRange[]): IovaRange[] {
  const ranges: IovaRange[] = [];
  let next = 0n;
  for (const { start, last } of reserved) {
    if (start > next) ranges.push({ start: next, last: start - 1n });
    next = last + 1n;
  }
  if (next <= LAST_ADDRESS) ranges.push({ start: next, last: LAST_ADDRESS });
  return ranges;
}

function iovaRanges(ioas: Ioas, arrayLength: number, reserved: number): IovaRanges {
  const { alignment } = ioas;
  if (reserved !== 0) return { status: -ERRNO.EOPNOTSUPP, count: 0, ranges: [], alignment };
  const all = freeRanges(ioas.reserved);
  const status = all.length > arrayLength ? -ERRNO.EMSGSIZE : 0;
  return { status, count: all.length, ranges: all.slice(0, arrayLength), alignment };
}

function option(ioas: Ioas, request: OptionArguments): { status: Status; value: bigint } {
  const { op, option: id, value = 0n } = request;
  if (id !== OPTION_HUGE_PAGES) return { status: -ERRNO.EOPNOTSUPP, value };
  if (op === 'get') return { status: 0, value: ioas.largePages ? 1n : 0n };
  if (value !== 0n && value !== 1n) return { status: -ERRNO.EINVAL, value };
  return { status: ioas.setLargePages(value === 1n), value };
}

function setDirtyTracking(ioas: Ioas, dirty: DirtyLog, flags: number, reserved: number): Status {
  if ((flags & ~DIRTY_TRACKING_ENABLE) !== 0 || reserved !== 0) return -ERRNO.EOPNOTSUPP;
  if (!ioas.hasDomain) return -ERRNO.ENOENT;
  if ((flags & DIRTY_TRACKING_ENABLE) === 0) dirty.stop();
  else dirty.start();
  return 0;
}

interface DirtyBitmap {
  readonly status: Status;
  readonly dirty: readonly IovaRange[];
}

function refuse(status: Status): DirtyBitmap {
  return { status, dirty: [] };
}

function getDirtyBitmap(ioas: Ioas, dirty: DirtyLog, request: DirtyBitmapRequest): DirtyBitmap {
  const { flags, reserved = 0, iova, length, pageSize } = request;
  if ((flags & ~DIRTY_BITMAP_NO_CLEAR) !== 0 || reserved !== 0) return refuse(-ERRNO.EOPNOTSUPP);
  if (!ioas.hasDomain) return refuse(-ERRNO.ENOENT);
  const end = iova + length;
  if (length === 0n || end > ADDRESS_END) return refuse(-ERRNO.EOVERFLOW);
  if (pageSize === 0n) return refuse(-ERRNO.EINVAL);
  for (const unit of [ioas.alignment, pageSize]) {
    if (iova % unit !== 0n || end % unit !== 0n) return refuse(-ERRNO.EINVAL);
  }
  const first = Number(iova / PAGE);
  const endPage = Math.min(PAGES_END, Number((end + PAGE - 1n) / PAGE));
  const ranges = unitsOf(dirty.pagesIn(first, endPage), iova, pageSize);
  if ((flags & DIRTY_BITMAP_NO_CLEAR) === 0) dirty.clear(first, endPage);
  return { status: 0, dirty: ranges };
}

/** Units of `pageSize`, counted from `iova`, that hold these pages. */
function unitsOf(pages: readonly number[], iova: bigint, pageSize: bigint): IovaRange[] {
  const ranges: { start: bigint; last: bigint }[] = [];
  for (const page of pages) {
    const start = iova + ((BigInt(page) * PAGE - iova) / pageSize) * pageSize;
    const last = start + (pageSize > PAGE ? pageSize : PAGE) - 1n;
    const before = ranges.at(-1);
    if (before !== undefined && before.last + 1n >= start) before.last = last;
    else ranges.push({ start, last });
  }
  return ranges;
}
